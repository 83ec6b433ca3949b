"""Records to the desk: working copies made new, or brought to what a record says."""

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


def store(records, *, there=None):
    """Write records to the desk, in the caller's transaction; returns the promises by slug.

    `there` holds the promises that exist already, by the slug of the record that means them; all
    others are made. A published update that a record leaves out stays (the loader refuses such a
    record). Changes carry no history of their own where many rows are written at once.
    """
    there = there or {}
    sources = _sources(records)
    promises = {}
    for chunk in _chunks(records):
        promises |= _write(chunk, there, sources)
    _relate(records, promises)
    return promises


def _chunks(records):
    records = iter(records)
    while chunk := list(islice(records, CHUNK)):
        yield chunk


def _natural(source):
    return (source.url, source.title, source.published or None)


def _sources(records):
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
    for row in bulk.insert(fresh):
        found[_natural(row)] = row
    bulk.change(changed, fields)
    return found


def _write(records, there, sources):
    """Write one chunk of records, everything but their relations."""
    promises, fresh, changed = {}, [], []
    for record in records:
        promise = there.get(record.slug) or Promise()
        for name, value in _own(record).items():
            setattr(promise, name, value)
        promises[record.slug] = promise
        (changed if promise.pk else fresh).append(promise)
    bulk.insert(fresh)
    bulk.change(changed, [*_own(records[0])])
    _empty([promise.pk for promise in changed])
    ties = _promise_sources(records, promises, sources)
    _updates(records, promises, ties)
    rows = {model: [] for model in (PromisePlace, Measure, Wording, Reply)}
    for record in records:
        promise = promises[record.slug]
        for model, row in _parts(record, promise, ties):
            rows[model].append(row)
        promise.quote_source = ties.get((promise.pk, record.quote_source))
    for made in rows.values():
        bulk.insert(made)
    bulk.change((promise for promise in promises.values() if promise.quote_source_id), ["quote_source"])
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


def _empty(promise_ids):
    """Take away the parts of promises that are about to be written anew; updates and sources are matched instead."""
    if not promise_ids:
        return
    for model in (PromisePlace, Measure, Wording, Reply, RelatedPromise):
        model.objects.filter(promise__in=promise_ids).delete()
    Evidence.objects.filter(promise_source__promise__in=promise_ids).delete()
    Citation.objects.filter(update__promise__in=promise_ids).delete()
    Update.objects.filter(promise__in=promise_ids, counts_from__isnull=True).delete()
    Promise.objects.filter(pk__in=promise_ids).update(quote_source=None)


def _promise_sources(records, promises, sources):
    """The ties of promises to their sources, by (promise, key), with the claims noted on them."""
    there = {}
    for row in PromiseSource.objects.filter(promise__in=[p.pk for p in promises.values()]):
        there.setdefault(row.promise_id, {})[row.source_id] = row
    ties, fresh, kept, gone, evidence = {}, [], [], [], []
    for record in records:
        promise = promises[record.slug]
        own = there.get(promise.pk, {})
        for position, source in enumerate(record.sources):
            row = own.pop(sources[_natural(source)].pk, None)
            if row is None:
                row = PromiseSource(promise=promise, source=sources[_natural(source)])
                fresh.append(row)
            else:
                kept.append(row)
            row.key, row.position = source.id, position
            ties[promise.pk, source.id] = row
            evidence += [
                Evidence(
                    promise_source=row,
                    claim=item.claim,
                    read=item.read,
                    how=item.how,
                    address=item.address,
                    position=place,
                )
                for place, item in enumerate(source.evidence)
            ]
        gone += [row.pk for row in own.values()]
    for start in range(0, len(gone), CHUNK):
        PromiseSource.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    keys = [row.key for row in kept]
    for row in kept:  # two keys may change places: no two rows may hold the same one on the way
        row.key = f"{row.key[:40]}--{row.pk}"
    bulk.change(kept, ["key"])
    for row, key in zip(kept, keys, strict=True):
        row.key = key
    bulk.change(kept, ["key", "position"])
    bulk.insert(fresh)
    bulk.insert(evidence)
    return ties


def _updates(records, promises, ties):
    there = {
        (row.promise_id, row.number): row
        for row in Update.objects.filter(promise__in=[p.pk for p in promises.values()], number__isnull=False)
    }
    fresh, changed, citations = [], [], []
    fields = ("date", "status", "reason", "headline", "explanation", "withdrawn")
    for record in records:
        promise = promises[record.slug]
        for update in record.updates:
            row = there.get((promise.pk, update.number)) or Update(promise=promise, number=update.number)
            for name in fields:
                value = getattr(update, name)
                setattr(row, name, list(value) if name == "reason" else value)
            (changed if row.pk else fresh).append(row)
            citations += [
                Citation(
                    update=row,
                    source=ties[promise.pk, cited.source],
                    locator=cited.locator,
                    quoted=cited.quoted,
                    note=cited.note,
                    position=position,
                )
                for position, cited in enumerate(update.sources)
            ]
    bulk.insert(fresh)
    bulk.change(changed, fields)
    bulk.insert(citations)


def _parts(record, promise, ties):
    names = reference.places()
    slugs = [*record.regions, *(names.by_name(name).slug for name in record.places)]
    for position, slug in enumerate(slugs):
        yield PromisePlace, PromisePlace(promise=promise, place_id=slug, position=position)
    for position, target in enumerate(record.targets):
        yield (
            Measure,
            Measure(
                promise=promise,
                measure=target.measure,
                unit=target.unit,
                promised=target.promised,
                delivered=target.delivered,
                as_of=target.as_of,
                basis=target.basis,
                source=ties.get((promise.pk, target.source)),
                position=position,
            ),
        )
    for position, wording in enumerate(record.wording_changes):
        yield (
            Wording,
            Wording(
                promise=promise,
                date=wording.date,
                before=wording.before,
                after=wording.after,
                source=ties[promise.pk, wording.source],
                position=position,
            ),
        )
    if reply := record.reply:
        source = ties[promise.pk, reply.source]
        yield Reply, Reply(promise=promise, date=reply.date, by=reply.by, text=reply.text, source=source)


def _relate(records, promises):
    """Write the relations, when every promise they may name is there."""
    wanted = {slug for record in records for slug in record.related} - set(promises)
    others = {promise.slug: promise for promise in Promise.objects.filter(slug__in=wanted)}
    bulk.insert(
        RelatedPromise(promise=promises[record.slug], related=promises.get(slug) or others[slug], position=position)
        for record in records
        for position, slug in enumerate(record.related)
    )
