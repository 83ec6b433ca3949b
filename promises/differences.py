"""What changed between two snapshots, field by field and word by word. Knows no database."""

import json
from typing import Any, NamedTuple

from promises.dates import Day
from promises.statuses import Reason, SourceKind, Status
from promises.text import word_diff

ADDED, REMOVED, CHANGED = "added", "removed", "changed"

FIELDS = {
    "title": "Title",
    "summary": "Summary",
    "quote": "Quotation",
    "quote_source": "Source of the quotation",
    "success_test": "What would count as kept",
    "theme": "Theme",
    "regions": "Regions",
    "places": "Places",
    "made_by": "Made by",
    "department": "Department",
    "made_on": "Made on",
    "made_in": "Made in",
    "due_on": "Due",
    "withdrawn": "Withdrawn because",
    "slug": "Address",
    "former_slugs": "Earlier addresses",
    "related": "Related promises",
    "checked_on": "Last checked",
    "id": "Identity",
    "schema": "Form of the record",
}
UPDATE = {
    "date": "day",
    "status": "status",
    "reason": "reason",
    "headline": "headline",
    "explanation": "explanation",
    "sources": "sources",
    "withdrawn": "withdrawn because",
    "counts_from": "counts from",
    "published_at": "first published",
    "number": "number",
}
CITATION = {"locator": "where in it", "quoted": "quoted passage", "note": "cited for", "source": "source"}
SOURCE = {
    "title": "title",
    "publisher": "publisher",
    "url": "address",
    "published": "published",
    "kind": "kind",
    "via": "carried by",
    "copy_of": "copy of",
    "archived_url": "archived copy",
    "archived_on": "archived on",
    "claims": "cited for",
    "id": "key",
}
MEASURE = {
    "measure": "what is counted",
    "unit": "unit",
    "promised": "promised",
    "delivered": "delivered",
    "as_of": "as of",
    "basis": "basis",
    "source": "source",
}
WORDING = {"date": "day", "before": "before", "after": "after", "source": "source"}
REPLY = {"date": "day", "by": "by", "text": "text", "source": "source"}
LISTS = ("wording_changes", "targets", "updates", "reply", "sources")

DAYS = {"date", "made_on", "due_on", "published", "archived_on", "as_of", "checked_on", "counts_from"}
NAMES = {
    "status": dict(Status.choices),
    "reason": dict(Reason.choices),
    "kind": dict(SourceKind.choices),
}
CITES = {"source", "sources", "quote_source"}
GIVEN_BY_THE_DOOR = ("number", "counts_from", "published_at")
"""Said of an update only where they change: one that is new has just been given them."""


class Difference(NamedTuple):
    """One value that differs: its name in words, what happened to it, and its words as (-1 | 0 | 1, piece)."""

    label: str
    kind: str
    pieces: list

    @property
    def before(self):
        return "".join(words for step, words in self.pieces if step <= 0)

    @property
    def after(self):
        return "".join(words for step, words in self.pieces if step >= 0)


def difference(before, after):
    """Return what differs between two snapshots, in the order of the page; an empty list where nothing does.

    `before` is None for a promise never published. Updates go together by number, those without
    one (not yet published) by their order; sources by key, measures by name.
    """
    return list(_Comparison(before or {}, after).differences())


class Pair(NamedTuple):
    """A thing of a list before and after, None where it is not there, with its place before."""

    old: Any
    new: Any
    was_at: int | None

    @property
    def either(self):
        return self.new if self.new is not None else self.old

    @property
    def is_on_both_sides(self):
        return self.old is not None and self.new is not None


def paired(old, new, *keys):
    """Pair the things of two lists by the first key that fits, in the order of the new, then what is gone."""
    partner, free = {}, dict(enumerate(old))
    for key in keys:
        waiting = {}
        for at, thing in free.items():
            waiting.setdefault(key(thing), []).append(at)
        for at, thing in enumerate(new):
            if at not in partner and waiting.get(key(thing)):
                partner[at] = waiting[key(thing)].pop(0)
                del free[partner[at]]
    pairs = [Pair(old[partner[at]] if at in partner else None, thing, partner.get(at)) for at, thing in enumerate(new)]
    return pairs + [Pair(thing, None, at) for at, thing in free.items()]


class _Comparison:
    """Two snapshots side by side."""

    def __init__(self, old, new):
        self.old, self.new = old, new
        self.titles_before, self.titles_after = (
            {source["id"]: source["title"] for source in snapshot.get("sources", ())} for snapshot in (old, new)
        )

    def differences(self):
        yield from self.fields("", FIELDS, self.old, self.new, leave_out=LISTS)
        yield from self.wordings()
        yield from self.measures()
        yield from self.updates()
        yield from self.fields("Government's reply: ", REPLY, self.old.get("reply"), self.new.get("reply"))
        yield from self.sources()

    def fields(self, prefix, labels, old, new, *, leave_out=()):
        """What differs in a thing with several values; either side may be None."""
        old, new = old or {}, new or {}
        later = sorted({*old, *new} - {*labels})  # keys of a later form of the record
        for key in (*labels, *later):
            if key not in leave_out:
                label = labels.get(key) or key.replace("_", " ")
                yield from self.field(prefix + label if prefix else label.capitalize(), key, old, new)

    def field(self, label, key, old, new):
        """What differs in one value."""
        before, after = old.get(key), new.get(key)
        if before == after:
            return
        texts = [_text(key, before, self.titles_before), _text(key, after, self.titles_after)]
        if texts == ["", ""]:  # no text, or an empty one: a reader sees neither
            return
        if texts[0] == texts[1]:  # the same words for different values
            texts = [_raw(before), _raw(after)]
        yield _difference(label, *texts)

    def pairs(self, key, *keys):
        return paired(self.old.get(key, []), self.new.get(key, []), *keys)

    def wordings(self):
        pairs = self.pairs("wording_changes", _raw, lambda wording: wording["date"])
        for pair in pairs:
            prefix = f"Rewording of {_day(pair.either)}: "
            yield from self.fields(prefix, WORDING, pair.old, pair.new, leave_out=_named_already(pair, "date"))
        yield from _order("Order of rewordings", pairs, _day)

    def measures(self):
        pairs = self.pairs("targets", _raw, lambda target: target["measure"], lambda target: None)
        for pair in pairs:
            prefix = f"Measure “{pair.either['measure']}”: "
            yield from self.fields(prefix, MEASURE, pair.old, pair.new, leave_out=_named_already(pair, "measure"))
        yield from _order("Order of measures", pairs, lambda target: target["measure"])

    def updates(self):
        pairs = self.pairs("updates", _raw, lambda update: update["number"])
        for pair in pairs:
            name = f"Update of {_day(pair.either)}"
            leave_out = ("citations",) if pair.is_on_both_sides else ("citations", *GIVEN_BY_THE_DOOR)
            yield from self.fields(f"{name}: ", UPDATE, pair.old, pair.new, leave_out=leave_out)
            yield from self.citations(name, pair.old or {}, pair.new or {})
        yield from _order("Order of updates", pairs, lambda update: update["headline"])

    def citations(self, name, old, new):
        pairs = paired(old.get("citations", []), new.get("citations", []), lambda citation: citation["source"])
        titles = self.titles_before | self.titles_after
        for pair in pairs:
            title = titles.get(pair.either["source"], pair.either["source"])
            leave_out = _named_already(pair, "source")
            yield from self.fields(f"{name}, “{title}”: ", CITATION, pair.old, pair.new, leave_out=leave_out)
        yield from _order(f"{name}: order of passages", pairs, lambda citation: citation["source"])

    def sources(self):
        pairs = self.pairs("sources", lambda source: source["id"])
        for pair in pairs:
            prefix = f"Source “{pair.either['title']}”: "
            yield from self.fields(prefix, SOURCE, pair.old, pair.new, leave_out=_named_already(pair, "title"))
        yield from _order("Order of sources", pairs, lambda source: source["title"])


def _difference(label, before, after):
    kind = CHANGED if before and after else ADDED if after else REMOVED
    if kind is CHANGED:
        return Difference(label, kind, word_diff(before, after))
    return Difference(label, kind, [(1, after)] if after else [(-1, before)])


def _order(label, pairs, name):
    """What differs where the things that stay stand in another order."""
    staying = [pair for pair in pairs if pair.is_on_both_sides]
    before = sorted(staying, key=lambda pair: pair.was_at)
    if before != staying:
        yield _difference(
            label, "; ".join(name(pair.old) for pair in before), "; ".join(name(pair.new) for pair in staying)
        )


def _named_already(pair, key):
    """The value that a row's name says already, where the whole thing is added or removed."""
    return () if pair.is_on_both_sides else (key,)


def _day(thing):
    return Day(thing["date"]).in_words()


def _text(key, value, titles):
    """A value as readers are told it; empty where there is none."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(_text(key, part, titles) for part in value)
    if isinstance(value, dict):
        return value["name"] if "name" in value else _raw(value)
    if key in DAYS:
        return Day(value).in_words()
    if key in CITES:
        return titles.get(value, value)
    return NAMES.get(key, {}).get(value) or str(value)


def _raw(value):
    """A value as the snapshot writes it."""
    return "" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
