"""What a snapshot says: its canonical bytes, its digest, and how the promise stood on a day.

The one place where status is derived. Nothing here touches the database.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise

from promises.dates import FOREVER, Day
from promises.statuses import Status

SCHEMA = 1
"""The version of the snapshot's form; `upgraded()` lifts older ones."""


def canonical(value):
    """Return the canonical bytes of a plain value: UTF-8 JSON, keys sorted, no blanks, no floating-point numbers."""
    _refuse_floats(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _refuse_floats(value):
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a floating-point number. Write decimals as text.")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if type(part) is not str:  # most of a snapshot is text
            _refuse_floats(part)


def digest(value):
    """Return the SHA-256 of a value's canonical form, as 64 hexadecimal digits."""
    return digest_of(canonical(value))


def digest_of(content):
    """Return the SHA-256 of canonical bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def upgraded(snapshot):
    """Return a snapshot of any schema in the form of today's, for reading only; its digest stays that of the old."""
    if snapshot["schema"] > SCHEMA:
        raise ValueError(f"Snapshot of schema {snapshot['schema']}; this program reads up to {SCHEMA}.")
    return snapshot


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch between updates, with the update that holds in it; `until` is the day after its last."""

    update: dict
    begins: date
    until: date
    since: Day
    since_from: date

    @property
    def status(self):
        return Status(self.update["status"])


class Document:
    """A snapshot, read: the record of one promise as published in one version."""

    def __init__(self, snapshot):
        self.snapshot = upgraded(snapshot)

    def __getitem__(self, key):
        return self.snapshot[key]

    @property
    def is_withdrawn(self):
        return bool(self.snapshot.get("withdrawn"))

    @cached_property
    def history(self):
        """Its updates in the order in which they count (by day, then number), the struck-through ones left in."""
        return sorted(self.snapshot["updates"], key=lambda update: (update["counts_from"], update["number"]))

    @cached_property
    def spans(self):
        """The stretches of its history; two updates of one day leave the first a stretch of no length."""
        counting = [update for update in self.history if not update.get("withdrawn")]
        begins = [date.fromisoformat(update["counts_from"]) for update in counting]
        spans, since, since_from, status = [], None, None, None
        for update, (begin, until) in zip(counting, pairwise([*begins, FOREVER]), strict=True):
            if update["status"] != status:
                status, since, since_from = update["status"], Day(update["date"]), begin
            spans.append(Span(update, begin, until, since, since_from))
        return spans

    def standing(self, as_of):
        """The stretch that holds on a day; None before the promise was made."""
        for span in reversed(self.spans):
            if span.begins <= as_of and span.begins < span.until:
                return span
        return None

    def updates_by(self, as_of):
        """The updates, withdrawn ones included, that count from a day no later than this one, oldest first."""
        day = as_of.isoformat()
        return [update for update in self.history if update["counts_from"] <= day]

    def earning(self, as_of):
        """The update that began the present run of equal statuses: why the status of that day was earned."""
        span = self.standing(as_of)
        if span is None:
            return None
        at = self.spans.index(span)
        while at and self.spans[at - 1].status == span.status:
            at -= 1
        return self.spans[at].update

    def runs(self, as_of):
        """Runs of equal status up to a day, for drawing: [(status key, first day, day after the last)], oldest first."""
        runs = []
        for span in self.spans:
            if span.begins > as_of or span.begins == span.until:
                continue
            until = min(span.until, as_of)
            if runs and runs[-1][0] == span.status.value:
                runs[-1] = (runs[-1][0], runs[-1][1], until)
            else:
                runs.append((span.status.value, span.begins, until))
        return runs

    def source(self, key):
        """The source of that key."""
        return self._sources[key]

    @cached_property
    def _sources(self):
        return {source["id"]: source for source in self.snapshot["sources"]}
