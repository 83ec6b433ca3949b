"""Desk to document: everything the public may see of a promise, and nothing else."""

from collections import Counter
from decimal import Decimal

from promises.dates import Day
from promises.record.document import SCHEMA


def snapshot_of(promise):
    """Return the document of a working copy, as far as the desk knows it.

    What the door gives (identity, update numbers, the days updates count from, moments of
    publication) is None where it has not been given yet. Fetch the promise `with_everything()`.
    """
    sources = list(promise.promise_sources.all())
    keys = {row.pk: row.key for row in sources}
    updates = in_order(promise.updates.all())
    notes = _notes(updates, sources)
    reply = getattr(promise, "reply", None)
    return {
        "schema": SCHEMA,
        "id": promise.identity,
        "slug": promise.slug,
        "former_slugs": list(promise.former_slugs),
        "title": promise.title,
        "summary": promise.summary,
        "quote": promise.quote or None,
        "quote_source": keys.get(promise.quote_source_id),
        "success_test": promise.success_test,
        "theme": {"slug": promise.theme_id, "name": promise.theme.name},
        "regions": [_place(place) for place in promise.regions],
        "places": [_place(place) for place in promise.places],
        "made_by": promise.made_by,
        "department": promise.department,
        "made_on": str(promise.made_on),
        "made_in": promise.made_in,
        "due_on": promise.due_on and str(promise.due_on),
        "targets": [_target(measure, keys) for measure in promise.measures.all()],
        "wording_changes": [
            {"date": str(row.date), "before": row.before, "after": row.after, "source": keys[row.source_id]}
            for row in promise.wordings.all()
        ],
        "updates": [_update(row, keys, notes) for row in updates],
        "sources": [_source(row) for row in sources],
        "related": [row.related.slug for row in promise.related_rows.all()],
        "checked_on": promise.checked_on and promise.checked_on.isoformat(),
        "reply": reply
        and {"date": str(reply.date), "by": reply.by, "text": reply.text, "source": keys[reply.source_id]},
    }


def desk_form(snapshot):
    """A published snapshot as the desk itself would write it: without the moments that the door gives."""
    return {**snapshot, "updates": [{**update, "published_at": None} for update in snapshot["updates"]]}


def in_order(updates):
    """Updates as a record lists them: by number, then the unnumbered by the day they can count from."""
    return sorted(
        updates,
        key=lambda u: (u.number is None, u.number or 0, Day(u.date).last_day.isoformat(), u.pk or 0),
    )


def number(value):
    """A decimal as documents hold it: a whole number as number, any other as text, without idle noughts."""
    if value is None:
        return None
    value = Decimal(value)
    return int(value) if value == value.to_integral_value() else format(value.normalize(), "f")


def _place(place):
    return {"slug": place.slug, "name": place.name}


def _target(measure, keys):
    return {
        "measure": measure.measure,
        "unit": measure.unit,
        "promised": number(measure.promised),
        "delivered": number(measure.delivered),
        "as_of": measure.as_of and str(measure.as_of),
        "basis": measure.basis,
        "source": keys.get(measure.source_id),
    }


def _notes(updates, sources):
    """What each source is cited for, where one update alone cites it: its claims then stand for a note."""
    citing = Counter(citation.source_id for update in updates for citation in update.citations.all())
    return {
        row.pk: "; ".join(evidence.claim for evidence in row.evidence_rows.all())
        for row in sources
        if citing[row.pk] == 1
    }


def _update(update, keys, notes):
    cited = [(c, c.note or notes.get(c.source_id, "")) for c in update.citations.all()]
    document = {
        "number": update.number,
        "date": str(update.date),
        "counts_from": update.counts_from and update.counts_from.isoformat(),
        "published_at": None,
        "status": update.status,
        "reason": list(update.reason),
        "headline": update.headline,
        "explanation": update.explanation,
        "sources": [keys[citation.source_id] for citation, _ in cited],
        "citations": [
            {"source": keys[c.source_id], "locator": c.locator, "quoted": c.quoted, "note": note}
            for c, note in cited
            if c.locator or c.quoted or note
        ],
    }
    if update.withdrawn:
        document["withdrawn"] = update.withdrawn
    return document


def _source(row):
    source = row.source
    return {
        "id": row.key,
        "title": source.title,
        "publisher": source.publisher,
        "url": source.url,
        "published": source.published and str(source.published),
        "kind": source.kind,
        "via": source.via or None,
        "copy_of": source.copy_of or None,
        "archived_url": source.archived_url or None,
        "archived_on": source.archived_on and source.archived_on.isoformat(),
        "claims": [evidence.claim for evidence in row.evidence_rows.all()],
    }
