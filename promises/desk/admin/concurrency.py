"""Two people at one form: what the other changed meanwhile, and both their work put together.

A page carries the values it was made from, signed. What is posted is then compared with these and
with what stands now, value by value. The names of values are those of the form's fields; rows of
lists go by their primary key, so that they are found again in whatever order they come.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from django import forms
from django.core import signing

from promises.text import word_diff

BASE = "_base"
"""The hidden field that carries the values the page was made from."""

SALT = "promises.desk.concurrency"


@dataclass
class State:
    """The values of a page at one moment, each a list of texts; `labels` name them for people."""

    values: dict = field(default_factory=dict)
    labels: dict = field(default_factory=dict)

    def add_form(self, form, *, row="", name=""):
        """Take in the initial values of an unbound form; `row` tells the rows of a list apart."""
        for bound in (form[name] for name in form.base_fields if name in form.fields):
            key = f"{row} {bound.name}".strip()
            self.values[key] = texts(bound.field, bound.initial)
            label = bound.label if isinstance(bound.label, str) else bound.name
            self.labels[key] = f"{name}: {label.lower()}" if name else label.capitalize()

    def token(self, *, at):
        """The values as a page carries them."""
        return signing.dumps({"at": at.isoformat(), "values": self.values}, salt=SALT, compress=True)


@dataclass(frozen=True)
class Base:
    """The values a page was made from, and when."""

    at: datetime
    values: dict


def base_of(data):
    """The Base that a posted page carries; None where it carries none, or one that is not ours."""
    try:
        found = signing.loads(data.get(BASE, ""), salt=SALT)
    except signing.BadSignature:
        return None
    return Base(datetime.fromisoformat(found["at"]), found["values"])


def texts(field, value):
    """A value as a browser would post it: a list of texts, without empty ones and with plain line ends."""
    if callable(value):
        value = value()
    if isinstance(field, forms.BooleanField):
        return ["on"] if value else []
    value = field.widget.format_value(field.prepare_value(value))
    if value is None:
        return []
    return normal(value if isinstance(value, list | tuple) else [value])


def normal(values):
    values = (str(value).replace("\r\n", "\n").strip() for value in values)
    return [value for value in values if value]


@dataclass(frozen=True)
class Meanwhile:
    """A value that another person changed: as it was, as it is now, and as it was posted where that differs from both."""

    label: str
    was: str
    now: str
    posted: str | None

    @property
    def is_clash(self):
        return self.posted is not None

    @property
    def their_words(self):
        """What the other changed, word by word."""
        return word_diff(self.was, self.now)

    @property
    def your_words(self):
        """What saving would now change in theirs, word by word."""
        return word_diff(self.now, self.posted or "")


def meanwhile(base, now, posted, told=str):
    """Return what changed between `base` and `now`, beside what was posted; all are values as State holds them.

    `told(key, values)` gives the words for a value.
    """
    found = []
    for key in dict.fromkeys([*base, *now.values]):
        was, stands, given = base.get(key, []), now.values.get(key, []), posted.get(key, [])
        if was == stands:
            continue
        clash = given not in (was, stands)
        found.append(
            Meanwhile(
                label=now.labels.get(key) or key.split()[-1].replace("_", " "),
                was=told(key, was),
                now=told(key, stands),
                posted=told(key, given) if clash else None,
            )
        )
    return found


def merged(base, now, posted):
    """Return the values to show again: what was typed, and where nothing was, what stands now."""
    keys = dict.fromkeys([*posted, *now.values])
    return {
        key: now.values.get(key, []) if posted.get(key, []) == base.get(key, []) else posted.get(key, [])
        for key in keys
    }


# Django's lists of forms


class Rows:
    """The rows of one posted list of forms (an inline), told apart by primary key."""

    def __init__(self, data, prefix, pk_name, owner_name):
        self.data, self.prefix, self.pk_name, self.owner_name = data, prefix, pk_name, owner_name
        form = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,4}})-(.+)")
        self.rows = {}
        for name in data:
            if found := form.fullmatch(name):
                self.rows.setdefault(int(found[1]), {})[found[2]] = data.getlist(name)

    def values(self):
        """The posted values of rows that were there when the page was made, by key."""
        return {
            f"{self.prefix} {pk} {name}": normal(given)
            for row in self.rows.values()
            if (pk := "".join(row.get(self.pk_name, [])))
            for name, given in row.items()
            if name not in (self.pk_name, self.owner_name, "DELETE")
        }

    def write(self, data, *, base, now, names):
        """Write the rows into `data` anew: merged, without those deleted meanwhile, with those added meanwhile.

        A row that was deleted meanwhile and changed here becomes a new one: nothing typed is lost.
        """
        kept, fresh, seen = [], [], set()
        there = {key.split()[1] for key in now if key.startswith(f"{self.prefix} ")}
        known = {key.split()[1] for key in base if key.startswith(f"{self.prefix} ")}
        for _, row in sorted(self.rows.items()):
            pk = "".join(row.get(self.pk_name, []))
            if not pk:
                fresh.append(row)
            elif pk in there:
                seen.add(pk)
                kept.append(self._merged(row, pk, base, now, names))
            elif "DELETE" not in row and any(
                normal(row.get(name, [])) != base.get(f"{self.prefix} {pk} {name}", []) for name in names
            ):
                fresh.append({**row, self.pk_name: [""]})
        owner = next((row[self.owner_name] for row in self.rows.values() if self.owner_name in row), [""])
        for pk in sorted(there - seen - known, key=int):
            row = {name: now.get(f"{self.prefix} {pk} {name}", []) for name in names}
            kept.append({**row, self.pk_name: [pk], self.owner_name: owner})
        for name in [name for name in data if re.fullmatch(rf"{re.escape(self.prefix)}-[0-9]+-.+", name)]:
            del data[name]
        for at, row in enumerate([*kept, *fresh]):
            for name, given in row.items():
                data.setlist(f"{self.prefix}-{at}-{name}", given)
        data[f"{self.prefix}-INITIAL_FORMS"] = str(len(kept))
        data[f"{self.prefix}-TOTAL_FORMS"] = str(len(kept) + len(fresh))

    def _merged(self, row, pk, base, now, names):
        result = dict(row)
        for name in names:
            key = f"{self.prefix} {pk} {name}"
            if normal(row.get(name, [])) == base.get(key, []) != now.get(key, []):
                result[name] = now.get(key, [])
                if not result[name]:
                    del result[name]
        return result
