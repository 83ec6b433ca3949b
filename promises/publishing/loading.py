"""Files to record: what the server's own loading publishes, and the record back to files."""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction

from promises import reference
from promises.dates import Day
from promises.desk.imports.records import (
    CitationRecord,
    EvidenceRecord,
    MeasureRecord,
    Problem,
    Record,
    ReplyRecord,
    SourceRecord,
    UpdateRecord,
    WordingRecord,
)
from promises.desk.imports.store import store
from promises.desk.models import Evidence, Promise
from promises.publishing import door
from promises.publishing.door import Publication
from promises.publishing.snapshot import desk_form, number, snapshot_of
from promises.record.document import SCHEMA, digest
from promises.record.version import latest_versions, promise_of

ROLES = {"by": None, "why": "loaded from files by whoever runs the server, outside the rule of two persons"}
CHUNK = 500


@dataclass(frozen=True)
class Loading:
    """What a load did, or would do: slugs by what became of them, the edition, or the problems that kept it."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    edition: object = None
    problems: tuple[Problem, ...] = ()


class _OnlyTrying(Exception):
    """Undoes a dry run."""


def load(records, *, at, note="", dry_run=False):
    """Bring the desk and the record to what these records say, in one edition; all or nothing.

    Records are checked already (`records.read`). Returns a Loading; with problems nothing is written.
    """
    try:
        with transaction.atomic():
            loading = _load(records, at=at, note=note)
            if dry_run or loading.problems:
                raise _OnlyTrying
    except _OnlyTrying:
        pass
    return loading


def _load(records, *, at, note):
    there = promises_meant(records, Promise.objects.with_everything())
    published = _published([promise.identity for promise in there.values() if promise.identity])
    new, changed, unchanged, problems = [], [], [], []
    notes = notes_of(list(there.values()))
    for record in records:
        promise = there.get(record.slug)
        if promise is None:
            new.append(record)
            continue
        snapshot = published.get(promise.identity)
        if snapshot and record_of(snapshot, notes[promise.pk]) == record:
            unchanged.append(record)
            continue
        changed.append(record)
        problems += _in_the_way(record, promise, snapshot)
    if problems:
        return Loading(problems=tuple(problems))
    written = store([*new, *changed], there=there)
    loading = Loading(*(tuple(r.slug for r in rows) for rows in (new, changed, unchanged)))
    if not written:
        return loading
    try:
        edition = door.publish([Publication(promise) for promise in written.values()], at=at, roles=ROLES, note=note)
    except door.NothingToPublish:
        return loading  # only notes of the desk have changed
    except door.Refused as refused:
        return Loading(problems=tuple(_refusals(refused, records)))
    return replace(loading, edition=edition)


def promises_meant(records, among):
    """The promises of a query that records mean, by the record's slug: found by slug, then by former slugs."""
    slugs = [slug for record in records for slug in (record.slug, *record.former_slugs)]
    found, identities = {}, {}
    for start in range(0, len(slugs), CHUNK):
        for promise in among.filter(slug__in=slugs[start : start + CHUNK]):
            found[promise.slug] = promise
            identities[promise.identity] = promise
    meant = {}
    for record in records:
        for slug in (record.slug, *record.former_slugs):
            promise = found.get(slug) or identities.get(promise_of(slug) if record.former_slugs else 0)
            if promise:
                meant[record.slug] = promise
                break
    return meant


def _published(identities):
    """The snapshots published last, by identity; withdrawn ones left out."""
    return {
        identity: version.snapshot
        for identity, version in latest_versions(identities).items()
        if not version.is_withdrawal
    }


def lost(record, snapshot):
    """Sentences on published updates that a record leaves out or makes up; `snapshot` is what was published last."""
    numbers = {update.number for update in record.updates}
    known = {update["number"] for update in snapshot["updates"]}
    for update in snapshot["updates"]:
        if update["number"] not in numbers:
            yield (
                f"update {update['number']} (“{update['headline']}”) was published and is missing. "
                "Put it back, or withdraw it there with a reason (“withdrawn:”)."
            )
    for made_up in sorted(n for n in numbers if n and n not in known):
        yield f"update {made_up} was never published. Leave the number out: a new update is given one."


def _in_the_way(record, promise, snapshot):
    """Problems between a record and what the desk or the record hold already."""
    for sentence in lost(record, snapshot) if snapshot else ():
        yield _problem(record, sentence)
    if snapshot is None or digest(snapshot_of(promise)) != digest(desk_form(snapshot)):
        yield _problem(
            record,
            "has a change at the desk that is not published. Publish it or take it back first, so that it is not lost.",
        )


def _problem(record, message):
    return Problem(record.file, record.line, record.slug, message)


def _refusals(refused, records):
    by_slug = {record.slug: record for record in records}
    for sentence in refused.problems:
        slug, _, message = sentence.partition(": ")
        record = by_slug.get(slug)
        yield _problem(record, message) if record else Problem("", 0, "", sentence)


# Back to files


def export(slugs=None):
    """Yield the records of what is published, withdrawn promises left out, by slug; with the desk's own notes."""
    promises = {p.identity: p for p in Promise.objects.published().order_by("slug")}
    identities = list(promises)
    for start in range(0, len(identities), CHUNK):
        chunk = identities[start : start + CHUNK]
        notes = notes_of([promises[identity] for identity in chunk])
        snapshots = _published(chunk)
        for identity in chunk:
            snapshot = snapshots.get(identity)
            if snapshot and (slugs is None or snapshot["slug"] in slugs):
                yield record_of(snapshot, notes[promises[identity].pk])


def notes_of(promises):
    """What the desk noted on claims, by promise, then by (source key, claim)."""
    notes = defaultdict(dict)
    ids = [promise.pk for promise in promises]
    for start in range(0, len(ids), CHUNK):
        rows = Evidence.objects.filter(promise_source__promise__in=ids[start : start + CHUNK])
        for row in rows.select_related("promise_source"):
            notes[row.promise_source.promise_id][row.promise_source.key, row.claim] = row
    return notes


def record_of(snapshot, notes=None):
    """Return a snapshot as the record that a file holds; `notes` are the desk's own, by (source key, claim)."""
    notes = notes or {}
    day = _day
    record = Record(
        slug=snapshot["slug"],
        former_slugs=tuple(snapshot["former_slugs"]),
        title=snapshot["title"],
        summary=snapshot["summary"],
        quote=snapshot["quote"] or "",
        quote_source=snapshot["quote_source"] or "",
        success_test=snapshot["success_test"],
        theme=snapshot["theme"]["slug"],
        regions=tuple(place["slug"] for place in snapshot["regions"]),
        places=tuple(place["name"] for place in snapshot["places"]),
        made_by=snapshot["made_by"],
        department=snapshot["department"],
        made_on=Day(snapshot["made_on"]),
        made_in=snapshot["made_in"],
        due_on=day(snapshot["due_on"]),
        targets=tuple(
            MeasureRecord(
                **{name: target[name] for name in ("measure", "unit", "basis", "source")},
                promised=_decimal(target["promised"]),
                delivered=_decimal(target["delivered"]),
                as_of=day(target["as_of"]),
            )
            for target in snapshot["targets"]
        ),
        wording_changes=tuple(
            WordingRecord(**{**wording, "date": Day(wording["date"])}) for wording in snapshot["wording_changes"]
        ),
        updates=tuple(_update_record(update) for update in snapshot["updates"]),
        sources=tuple(_source_record(source, notes) for source in snapshot["sources"]),
        related=tuple(snapshot["related"]),
        checked_on=day(snapshot["checked_on"]),
        reply=snapshot["reply"] and ReplyRecord(**{**snapshot["reply"], "date": Day(snapshot["reply"]["date"])}),
    )
    return replace(record, updates=tuple(_without_copied_notes(record, update) for update in record.updates))


def _update_record(update):
    more = {citation["source"]: citation for citation in update["citations"]}
    return UpdateRecord(
        **{name: update[name] for name in ("number", "status", "headline", "explanation")},
        date=Day(update["date"]),
        reason=tuple(update["reason"]),
        sources=tuple(CitationRecord(**more.get(key, {"source": key})) for key in update["sources"]),
        withdrawn=update.get("withdrawn", ""),
    )


def _without_copied_notes(record, update):
    """A note that only repeats the claims of the source is not written to a file twice."""
    return replace(
        update,
        sources=tuple(
            replace(cited, note="") if cited.note == record.note_of(replace(cited, note="")) else cited
            for cited in update.sources
        ),
    )


def _source_record(source, notes):
    claims = []
    for claim in source["claims"]:
        row = notes.get((source["id"], claim))
        claims.append(
            EvidenceRecord(claim=claim, **({"read": row.read, "how": row.how, "address": row.address} if row else {}))
        )
    return SourceRecord(
        **{name: source[name] for name in ("id", "title", "publisher", "url", "kind")},
        **{name: source[name] or "" for name in ("via", "copy_of", "archived_url")},
        published=_day(source["published"]),
        archived_on=_day(source["archived_on"]),
        evidence=tuple(claims),
    )


def document_of(record, before=None):
    """Return the document that the desk's copy will be once this record is stored; `before` is what it is now."""
    names = reference.places()
    known = {update["number"]: update for update in before["updates"]} if before else {}
    return {
        "schema": SCHEMA,
        "id": before["id"] if before else None,
        "slug": record.slug,
        "former_slugs": list(record.former_slugs),
        "title": record.title,
        "summary": record.summary,
        "quote": record.quote or None,
        "quote_source": record.quote_source or None,
        "success_test": record.success_test,
        "theme": {"slug": record.theme, "name": reference.themes()[record.theme].label},
        "regions": [{"slug": slug, "name": names.get(slug).name} for slug in record.regions],
        "places": [{"slug": names.by_name(name).slug, "name": name} for name in record.places],
        "made_by": record.made_by,
        "department": record.department,
        "made_on": str(record.made_on),
        "made_in": record.made_in,
        "due_on": _text(record.due_on),
        "targets": [
            {
                **{name: getattr(target, name) for name in ("measure", "unit", "basis", "source")},
                "promised": number(target.promised),
                "delivered": number(target.delivered),
                "as_of": _text(target.as_of),
            }
            for target in record.targets
        ],
        "wording_changes": [
            {**{name: getattr(wording, name) for name in ("before", "after", "source")}, "date": str(wording.date)}
            for wording in record.wording_changes
        ],
        "updates": [
            _update_document(record, update, known.get(update.number))
            for update in sorted(record.updates, key=lambda u: (u.number is None, u.number or 0, u.date.last_day))
        ],
        "sources": [
            {
                **{name: getattr(source, name) for name in ("id", "title", "publisher", "url", "kind")},
                **{name: getattr(source, name) or None for name in ("via", "copy_of", "archived_url")},
                "published": _text(source.published),
                "archived_on": _text(source.archived_on),
                "claims": [item.claim for item in source.evidence],
            }
            for source in record.sources
        ],
        "related": list(record.related),
        "checked_on": _text(record.checked_on),
        "reply": record.reply
        and {
            **{name: getattr(record.reply, name) for name in ("by", "text", "source")},
            "date": str(record.reply.date),
        },
    }


def _update_document(record, update, before):
    cited = [(citation, record.note_of(citation)) for citation in update.sources]
    document = {
        "number": update.number,
        "date": str(update.date),
        "counts_from": before["counts_from"] if before else None,
        "published_at": None,
        "status": update.status,
        "reason": list(update.reason),
        "headline": update.headline,
        "explanation": update.explanation,
        "sources": [citation.source for citation, _ in cited],
        "citations": [
            {"source": citation.source, "locator": citation.locator, "quoted": citation.quoted, "note": note}
            for citation, note in cited
            if citation.locator or citation.quoted or note
        ],
    }
    return document | {"withdrawn": update.withdrawn} if update.withdrawn else document


def _text(day):
    return str(day) if day else None


def _day(text):
    return Day(text) if text else None


def _decimal(figure):
    return None if figure is None else Decimal(figure)
