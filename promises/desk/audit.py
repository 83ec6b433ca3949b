"""Who did what at the desk, and when: read from the histories that simple-history keeps.

The histories are a memory of the desk, not evidence: what was published is proved by the record.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q
from django.utils import timezone

from promises.desk.models import (
    Citation,
    Evidence,
    Measure,
    Promise,
    PromisePlace,
    PromiseSource,
    RelatedPromise,
    Reply,
    Source,
    Submission,
    Update,
    Wording,
)
from promises.record.version import Version, latest_versions
from promises.statuses import Kind

OF_A_PROMISE = (PromisePlace, RelatedPromise, PromiseSource, Update, Measure, Wording, Reply)
"""Parts that name their promise themselves; citations, evidence and sources are found through these."""

MARK = "edition "
"""How the reason begins that the door's work leaves in a promise's history: `edition 12: published`."""

PUBLISHED, CHECKED, WITHDRAWN, SOURCE_CORRECTED = "published", "checked", "withdrawn", "source corrected"
SETTLES = (PUBLISHED, CHECKED)
"""What makes the working copy and the record the same; a withdrawal and another promise's correction do not."""


def mark(promise, edition, what, *, by=None):
    """Note in the promise's history what an edition did with it; writes nothing else."""
    promise.refresh_from_db(fields=["identity", "former_slugs"])  # the door has written these
    promise._change_reason = f"{MARK}{edition.number}: {what}"
    promise._history_user = by
    promise.save(update_fields=["identity"])
    del promise._change_reason, promise._history_user


def remember(model, keys, *, at=None):
    """Note how rows stand that have no history yet (they were loaded), before they are changed."""
    keys = {key for key in keys if key}
    known = set(model.history.filter(id__in=keys).values_list("id", flat=True))
    rows = list(model.objects.filter(pk__in=keys - known))
    for row in rows:
        row._history_user = None
        row._change_reason = AS_LOADED
    model.history.bulk_history_create(rows, default_date=at)


AS_LOADED = "as loaded"


def settled_at(promises):
    """Return, by primary key, when each working copy was last published as it stood; no key where it never was."""
    keys = {promise.pk: promise.identity for promise in promises if promise.identity}
    marks = defaultdict(dict)
    rows = Promise.history.filter(id__in=keys, history_change_reason__startswith=MARK)
    for pk, reason, moment in rows.values_list("id", "history_change_reason", "history_date"):
        number, _, what = reason.removeprefix(MARK).partition(": ")
        marks[pk][int(number)] = (what, moment)
    versions = defaultdict(list)
    found = Version.objects.filter(promise_id__in=keys.values()).order_by("-number")
    for identity, *version in found.values_list("promise_id", "edition_id", "kind", "edition__published_at"):
        versions[identity].append(version)
    settled = {}
    for pk, identity in keys.items():
        for edition, kind, published_at in versions[identity]:
            # An edition without a mark was loaded from files, which is the same as the desk then.
            what, moment = marks[pk].get(edition, (PUBLISHED, published_at))
            if what in SETTLES and kind != Kind.WITHDRAWAL:
                settled[pk] = moment
                break
    return settled


def authors(promises):
    """Return, by primary key, the ids of all who changed anything of each promise since it was last published.

    Its own row, all its parts and its sources count, and so does what was deleted. The number of
    queries does not grow with the number of promises.
    """
    promises = list(promises)
    settled = settled_at(promises)
    found = {promise.pk: set() for promise in promises}

    def note(pk, who, when):
        if who and pk in found and (pk not in settled or when > settled[pk]):
            found[pk].add(who)

    for rows in _histories(list(found)):
        for pk, who, when in rows:
            note(pk, who, when)
    for pk, who in _makers_of_sources(promises, settled):
        found[pk].add(who)
    return found


def _histories(keys):
    """Yield, for each kind of part, rows of (promise, who, when)."""
    asked = ("history_user_id", "history_date")
    yield (
        Promise.history.filter(id__in=keys)
        .exclude(history_change_reason__startswith=MARK)
        .values_list("id", *asked)
    )  # fmt: skip
    for model in OF_A_PROMISE:
        yield model.history.filter(promise_id__in=keys).values_list("promise_id", *asked)
    for model, owner, owners in ((Citation, "update_id", Update), (Evidence, "promise_source_id", PromiseSource)):
        promise_of = _ever(owners, keys)
        rows = model.history.filter(**{f"{owner}__in": promise_of}).values_list(owner, *asked)
        yield [(promise_of[key], who, when) for key, who, when in rows]


def _ever(model, keys):
    """Return {part: promise} for the parts that the promises have or ever had."""
    ever = dict(model.history.filter(promise_id__in=keys).values_list("id", "promise_id"))
    return ever | dict(model.objects.filter(promise_id__in=keys).values_list("id", "promise_id"))


def _makers_of_sources(promises, settled):
    """Yield (promise, who) for whoever wrote what is not yet published of the sources in a promise's list.

    A source is shared: it counts from when any promise that shows it was last published.
    """
    keys = [promise.pk for promise in promises]
    listed = defaultdict(set)
    for pk, source in PromiseSource.objects.filter(promise_id__in=keys).values_list("promise_id", "source_id"):
        listed[source].add(pk)
    made = Source.history.filter(id__in=listed, history_user__isnull=False)
    made = list(made.values_list("id", "history_user_id", "history_date"))
    shown = shown_sources({source for source, _, _ in made})
    settled = settled_at({p.pk: p for rows in shown.values() for p, _, _ in rows}.values()) | settled
    since = {
        source: max((settled[p.pk] for p, _, _ in rows if p.pk in settled), default=None)
        for source, rows in shown.items()
    }
    for source, who, when in made:
        if since[source] is None or when > since[source]:
            for pk in listed[source]:
                yield pk, who


def shown_sources(sources):
    """Return, by source id, where published promises show it: [(promise, its latest version, the entry), …].

    A published entry is this source where the promise lists or listed it under that key, or where its
    address, title and day are or were the source's.
    """
    sources = list(sources)
    ties = defaultdict(set)
    for manager in (PromiseSource.objects, PromiseSource.history):
        rows = manager.filter(source_id__in=sources, promise__identity__isnull=False)
        for source, promise, key in rows.values_list("source_id", "promise_id", "key"):
            ties[promise].add((source, key))
    promises = {p.identity: p for p in Promise.objects.filter(pk__in=ties)}
    names = defaultdict(set)
    for manager in (Source.objects, Source.history):
        for source, *name in manager.filter(id__in=sources).values_list("id", "url", "title", "published"):
            names[source].add(tuple(name))
    now = {
        (p, key): s
        for p, s, key in PromiseSource.objects.filter(promise_id__in=ties).values_list("promise_id", "source_id", "key")
    }
    shown = {source: [] for source in sources}
    for version in latest_versions(promises).values():
        promise = promises[version.promise_id]
        if version.document.is_withdrawn:
            continue
        for entry in version.snapshot["sources"]:
            name = (entry["url"], entry["title"], entry["published"])
            for source in {source for source, _ in ties[promise.pk]}:
                by_key = (source, entry["id"]) in ties[promise.pk] and now.get(
                    (promise.pk, entry["id"]), source
                ) == source
                if by_key or name in names[source]:
                    shown[source].append((promise, version, entry))
    return shown


def touched_by(person, *, most):
    """Return {promise: when} for the promises that this person changed last, at most so many.

    A change of a source counts for every promise that lists it.
    """
    when = {}

    def note(rows):
        for pk, moment in rows:
            when[pk] = max(moment, when.get(pk, moment))

    def latest(model, key):
        rows = model.history.filter(history_user=person).exclude(history_change_reason__startswith=MARK)
        return rows.values_list(key).annotate(last=Max("history_date")).order_by("-last")[:most]

    note(latest(Promise, "id"))
    for model in OF_A_PROMISE:
        note(latest(model, "promise_id"))
    for model, key, owners in ((Citation, "update_id", Update), (Evidence, "promise_source_id", PromiseSource)):
        rows = dict(latest(model, key))
        owned = dict(owners.objects.filter(pk__in=rows).values_list("pk", "promise_id"))
        note((owned[part], moment) for part, moment in rows.items() if part in owned)
    sources = dict(latest(Source, "id"))
    ties = PromiseSource.objects.filter(source__in=sources).values_list("promise_id", "source_id")
    note((promise, sources[source]) for promise, source in ties)
    newest = sorted(when, key=when.get, reverse=True)[:most]
    return {pk: when[pk] for pk in newest}


# For reading


@dataclass(frozen=True)
class Change:
    """One thing somebody did: to what kind of thing, what it is about, and each field before and after."""

    at: datetime
    by: object
    verb: str
    what: str
    about: str
    reason: str
    fields: list


VERBS = {"+": "added", "~": "changed", "-": "deleted"}
UNTOLD = {"id", "promise", "identity", "former_slugs", "digest", "position", "number", "counts_from"}
"""Fields that tell people nothing, or that the door writes."""

TOLD = (Promise, *OF_A_PROMISE, Citation, Evidence, Source, Submission)


def of_promise(promise):
    """The histories of a promise and all its parts: [(model, query of its rows), …]."""
    updates, ties = _ever(Update, [promise.pk]), _ever(PromiseSource, [promise.pk])
    sources = PromiseSource.history.filter(promise_id=promise.pk).values_list("source_id", flat=True)
    sources = {*sources, *promise.promise_sources.values_list("source_id", flat=True)}
    keys = {
        Promise: Q(id=promise.pk),
        Citation: Q(update_id__in=updates),
        Evidence: Q(promise_source_id__in=ties),
        Source: Q(id__in=sources),
    }
    return [(model, model.history.filter(keys.get(model, Q(promise_id=promise.pk)))) for model in TOLD]


def of_person(person):
    """The histories of everything that one person did: [(model, query of its rows), …]."""
    return [(model, model.history.filter(history_user=person)) for model in TOLD]


def changes(histories, *, most=None):
    """Return what was done, newest first, at most so many; `histories` as `of_promise()` gives them."""
    found = []
    for model, rows in histories:
        rows = rows.select_related("history_user").order_by("-history_date", "-history_id")
        found += [(model, row) for row in (rows[:most] if most else rows)]
    found.sort(key=lambda pair: (pair[1].history_date, pair[1].history_id), reverse=True)
    found = found[:most] if most else found
    before = _rows_before(found)
    changed = [_fields_changed(model, row, before.get((model, row.history_id))) for model, row in found]
    about = [_about(model, row) for model, row in found]
    names = _names([pair for fields in changed for pair in fields], about)
    return [
        Change(
            at=row.history_date,
            by=row.history_user,
            verb=VERBS[row.history_type],
            what=model._meta.verbose_name,
            about=names.get(thing, "") if isinstance(thing, tuple) else thing,
            reason=row.history_change_reason or "",
            fields=[
                (field.verbose_name, told(field, was, names), told(field, now, names)) for field, was, now in fields
            ],
        )
        for (model, row), thing, fields in zip(found, about, changed, strict=True)
    ]


def _rows_before(found):
    """Return, by (model, history id), the row of the same thing that came just before; one query for each model."""
    before = {}
    asked = defaultdict(list)
    for model, row in found:
        asked[model].append(row)
    for model, rows in asked.items():
        lines = defaultdict(list)
        for row in model.history.filter(id__in={row.id for row in rows}).order_by("history_id"):
            lines[row.id].append(row)
        for row in rows:
            earlier = [other for other in lines[row.id] if other.history_id < row.history_id]
            if earlier:
                before[model, row.history_id] = earlier[-1]
    return before


def _fields_changed(model, row, before):
    """The fields of a row of history that it changed: [(field, value before, value after), …]."""
    fields = []
    for field in model._meta.concrete_fields:
        if field.name in UNTOLD:
            continue
        was = getattr(before, field.attname) if before and row.history_type == "~" else None
        now = None if row.history_type == "-" else getattr(row, field.attname)
        if row.history_type == "-":
            was = getattr(row, field.attname)
        if was != now and (was or now):
            fields.append((field, was, now))
    return fields


ABOUT = {Citation: ("update_id", Update), Evidence: ("promise_source_id", PromiseSource)}


def _about(model, row):
    """What a row of history belongs to: its own title, or (model, key) of the row that has one."""
    if model in (Promise, Source):
        return row.title
    key, owner = ABOUT.get(model, ("promise_id", Promise))
    return owner, getattr(row, key)


def _names(fields, about):
    """What the rows are called that these fields point at, by (model, key); one query for each model."""
    asked = defaultdict(set)
    for thing in about:
        if isinstance(thing, tuple):
            asked[thing[0]].add(thing[1])
    for field, *values in fields:
        if field.is_relation:
            asked[field.related_model] |= {value for value in values if value is not None}
    names = {}
    for model, keys in asked.items():
        rows = model.objects.select_related("source") if model is PromiseSource else model.objects
        names |= {(model, row.pk): str(row) for row in rows.filter(pk__in=keys)}
    return names


def told(field, value, names):
    """A value of a history as a text for people."""
    if value is None:
        return ""
    if field.is_relation:
        return names.get((field.related_model, value), f"{value} (gone)")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    return str(dict(field.flatchoices).get(value, value))
