"""Records to the desk: working copies made new, or brought to what a record says."""

from collections import defaultdict
from itertools import islice

from promises import bulk, reference
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
    Update,
    Wording,
)

CHUNK = 500


def store(records, *, there=None, trail=None):
    """Write records to the desk, in the caller's transaction; returns the promises by slug.

    `there` holds the promises that exist already, by the slug of the record that means them; all
    others are made. What a record says as before is left as it is. A published update that a record
    leaves out stays (the loader refuses such a record). Nothing is written into the histories,
    unless a `trail` is given: it is told before rows change, and after they were written.
    """
    there = there or {}
    desk = _Desk(trail)
    sources = _sources(records, desk)
    promises = {}
    for chunk in _chunks(records):
        promises |= _write(chunk, there, sources, desk)
    for chunk in _chunks(records):
        _relate(chunk, promises, {promises[record.slug].pk for record in chunk if record.slug in there}, desk)
    return promises


def _chunks(records):
    records = iter(records)
    while chunk := list(islice(records, CHUNK)):
        yield chunk


class _Desk:
    """The tables, and the trail of what is written to them."""

    def __init__(self, trail):
        self.trail = trail

    def insert(self, rows):
        bulk.insert(rows)
        self.note("+", rows)

    def change(self, rows, names):
        self.before(rows)
        bulk.change(rows, names)
        self.note("~", rows)

    def remove(self, rows):
        self.before(rows)
        bulk.remove(rows)
        self.note("-", rows)

    def before(self, rows):
        if self.trail and rows:
            self.trail.before(rows)

    def note(self, sign, rows):
        if self.trail and rows:
            self.trail.note(sign, rows)

    def bring(self, there, wanted, *, key, names):
        """Make the rows that are `there` what is `wanted`, matched by key; returns (the rows, those left over).

        The rows come in the order wanted. Those left over are still there: others may lean on them.
        """
        waiting = defaultdict(list)
        for row in there:
            waiting[key(row)].append(row)
        rows, fresh, changed = [], [], []
        for row in wanted:
            same = waiting[key(row)] if waiting else ()
            if not same:
                fresh.append(row)
                rows.append(row)
                continue
            old = same.pop(0)
            rows.append(old)
            if any(getattr(old, name) != getattr(row, name) for name in names):
                for name in names:
                    setattr(old, name, getattr(row, name))
                changed.append(old)
        self.change(changed, names)
        self.insert(fresh)
        return rows, [row for rows in waiting.values() for row in rows]


def _natural(source):
    return (source.url, source.title, source.published or None)


def _sources(records, desk):
    """The rows of every source that the records name, made or brought up to date, by what tells one from another."""
    wanted = {}
    for record in records:
        for source in record.sources:
            wanted[_natural(source)] = source
    found = {}
    urls = sorted({url for url, _, _ in wanted})
    for start in range(0, len(urls), CHUNK):
        for row in Source.objects.filter(url__in=urls[start : start + CHUNK]):
            found[_natural(row)] = row
    fields = ("publisher", "kind", "via", "copy_of", "archived_url", "archived_on")
    fresh, changed = [], []
    for key, source in wanted.items():
        values = {name: getattr(source, name) for name in fields}
        values["archived_on"] = source.archived_on and source.archived_on.last_day
        row = found.get(key)
        if row is None:
            fresh.append(Source(url=source.url, title=source.title, published=source.published or None, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changed.append(row)
    desk.insert(fresh)
    desk.change(changed, fields)
    return found | {_natural(row): row for row in fresh}


def _write(records, there, sources, desk):
    """Write one chunk of records, everything but their relations."""
    promises, fresh, changed = {}, [], {}
    for record in records:
        promise = promises[record.slug] = there.get(record.slug) or Promise()
        own = _own(record)
        if promise.pk is None:
            fresh.append(promise)
        elif any(getattr(promise, name) != value for name, value in own.items()):
            changed[promise.pk] = promise
        for name, value in own.items():
            setattr(promise, name, value)
    desk.before(list(changed.values()))
    bulk.insert(fresh)
    bulk.change(changed.values(), [*_own(records[0])])
    old = {promises[record.slug].pk for record in records if record.slug in there}
    ties, loose_ties = _promise_sources(records, promises, sources, old, desk)
    loose_updates = _updates(records, promises, ties, old, desk)
    loose = _parts(records, promises, ties, old, desk)
    quoting = {}
    for record in records:
        promise = promises[record.slug]
        source = ties.get((promise.pk, record.quote_source))
        if promise.quote_source_id != (source and source.pk):
            promise.quote_source = source
            quoting[promise.pk] = promise
    desk.before([promise for pk, promise in quoting.items() if pk in old - set(changed)])
    bulk.change(quoting.values(), ["quote_source"])
    desk.note("+", fresh)
    desk.note("~", [promise for pk, promise in (changed | quoting).items() if pk in old])
    for rows in (*loose, loose_updates, loose_ties):
        desk.remove(rows)
    return promises


def _own(record):
    return {
        "slug": record.slug,
        "former_slugs": list(record.former_slugs),
        "title": record.title,
        "summary": record.summary,
        "quote": record.quote,
        "success_test": record.success_test,
        "theme_id": record.theme,
        "made_by": record.made_by,
        "department": record.department,
        "made_on": record.made_on,
        "made_in": record.made_in,
        "due_on": record.due_on,
        "checked_on": record.checked_on and record.checked_on.last_day,
    }


def _there(model, promise_ids, owner="promise"):
    """The rows of these promises; none, without asking, where all promises are new."""
    return list(model.objects.filter(**{f"{owner}__in": promise_ids})) if promise_ids else []


def _promise_sources(records, promises, sources, old, desk):
    """Write the ties of promises to their sources, with the claims noted on them.

    Returns the ties by (promise, key), and those no longer wanted.
    """
    there = _there(PromiseSource, old)
    wanted, claims = [], []
    for record in records:
        promise = promises[record.slug]
        for position, source in enumerate(record.sources):
            tie = PromiseSource(promise=promise, source=sources[_natural(source)], key=source.id, position=position)
            wanted.append(tie)
            claims.append(source.evidence)
    _make_way(there, wanted)
    ties, loose = desk.bring(there, wanted, key=lambda tie: (tie.promise_id, tie.source_id), names=("key", "position"))
    _, loose_claims = desk.bring(
        _there(Evidence, old, "promise_source__promise"),
        [
            Evidence(
                promise_source=tie,
                claim=item.claim,
                read=item.read,
                how=item.how,
                address=item.address,
                position=place,
            )
            for tie, evidence in zip(ties, claims, strict=True)
            for place, item in enumerate(evidence)
        ],
        key=lambda row: (row.promise_source_id, row.claim),
        names=("read", "how", "address", "position"),
    )
    desk.remove(loose_claims)
    return {(tie.promise_id, tie.key): tie for tie in ties}, loose


def _make_way(there, wanted):
    """Take keys from ties that another tie will have: no two may hold the same one on the way."""
    holders = {(tie.promise_id, tie.key): tie.source_id for tie in wanted}
    moving = [tie for tie in there if holders.get((tie.promise_id, tie.key), tie.source_id) != tie.source_id]
    keys = [tie.key for tie in moving]
    for tie in moving:
        tie.key = f"{tie.key[:40]}--{tie.pk}"
    bulk.change(moving, ["key"])
    for tie, key in zip(moving, keys, strict=True):
        tie.key = key


def _updates(records, promises, ties, old, desk):
    """Write the updates with their citations; returns those no longer wanted, which were never published."""
    wanted = [
        Update(
            promise=promises[record.slug],
            number=update.number,
            date=update.date,
            status=update.status,
            reason=list(update.reason),
            headline=update.headline,
            explanation=update.explanation,
            withdrawn=update.withdrawn,
        )
        for record in records
        for update in record.updates
    ]
    rows, loose = desk.bring(
        _there(Update, old),
        wanted,
        key=lambda row: (row.promise_id, row.number, None if row.number else row.headline),
        names=("date", "status", "reason", "headline", "explanation", "withdrawn"),
    )
    loose = [row for row in loose if row.counts_from is None]
    told = [(record, update) for record in records for update in record.updates]
    theirs = {row.pk for row in (*rows, *loose)}
    _, loose_citations = desk.bring(
        [row for row in _there(Citation, old, "update__promise") if row.update_id in theirs],
        [
            Citation(
                update=row,
                source=ties[row.promise_id, cited.source],
                locator=cited.locator,
                quoted=cited.quoted,
                note=cited.note,
                position=position,
            )
            for row, (_, update) in zip(rows, told, strict=True)
            for position, cited in enumerate(update.sources)
        ],
        key=lambda row: (row.update_id, row.source_id),
        names=("locator", "quoted", "note", "position"),
    )
    desk.remove(loose_citations)
    return loose


PARTS = {
    PromisePlace: ("place_id", ("position",)),
    Measure: ("measure", ("unit", "promised", "delivered", "as_of", "basis", "source_id", "position")),
    Wording: ("date", ("before", "after", "source_id", "position")),
    Reply: ("promise_id", ("date", "by", "text", "source_id")),
}
"""By what each part of a promise is found again, and what else it says."""


def _parts(records, promises, ties, old, desk):
    """Write the parts that a promise has of its own; returns lists of those no longer wanted."""
    wanted = {model: [] for model in PARTS}
    for record in records:
        for part in _parts_of(record, promises[record.slug], ties):
            wanted[type(part)].append(part)
    loose = []
    for model, (name, names) in PARTS.items():
        _, left = desk.bring(
            _there(model, old),
            wanted[model],
            key=lambda row, name=name: (row.promise_id, getattr(row, name)),
            names=names,
        )
        loose.append(left)
    return loose


def _parts_of(record, promise, ties):
    names = reference.places()
    slugs = [*record.regions, *(names.by_name(name).slug for name in record.places)]
    for position, slug in enumerate(slugs):
        yield PromisePlace(promise=promise, place_id=slug, position=position)
    for position, target in enumerate(record.targets):
        yield Measure(
            promise=promise,
            measure=target.measure,
            unit=target.unit,
            promised=target.promised,
            delivered=target.delivered,
            as_of=target.as_of,
            basis=target.basis,
            source=ties.get((promise.pk, target.source)),
            position=position,
        )
    for position, wording in enumerate(record.wording_changes):
        yield Wording(
            promise=promise,
            date=wording.date,
            before=wording.before,
            after=wording.after,
            source=ties[promise.pk, wording.source],
            position=position,
        )
    if reply := record.reply:
        source = ties[promise.pk, reply.source]
        yield Reply(promise=promise, date=reply.date, by=reply.by, text=reply.text, source=source)


def _relate(records, promises, old, desk):
    """Write the relations, when every promise they may name is there."""
    wanted = {slug for record in records for slug in record.related} - set(promises)
    others = {promise.slug: promise for promise in Promise.objects.filter(slug__in=wanted)}
    _, loose = desk.bring(
        _there(RelatedPromise, old),
        [
            RelatedPromise(promise=promises[record.slug], related=promises.get(slug) or others[slug], position=position)
            for record in records
            for position, slug in enumerate(record.related)
        ],
        key=lambda row: (row.promise_id, row.related_id),
        names=("position",),
    )
    desk.remove(loose)
