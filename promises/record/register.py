"""The register: an edition in memory, for counting. Each promise is one bit, the same in every set.

A set of promises is a whole number; what two sets share is one `&`, and how many that is one
`bit_count()`. So any question about any day is counted by a few hundred such steps, however many
promises there are. Made from listings and periods alone, and brought from one edition to the next
by what that edition changed.
"""

import calendar
import threading
from array import array
from collections import OrderedDict, defaultdict
from datetime import date
from functools import lru_cache
from itertools import groupby

from promises.record.edition import Edition, reading
from promises.record.haste import at_leisure
from promises.record.listing import keys_of
from promises.record.version import Seal, Version
from promises.statuses import Status

COLUMNS = ("theme", "department_key", "place_keys", "made_by_keys")
"""What a promise has on every day; each column holds one key or several."""
OF_DAY = ("status", "reasons")
"""What it has on a day."""
KEPT = 2
"""How many editions a process remembers: the latest, and the one last asked for."""
FEW = 500
ONE_IN = 8
"""So few promises, and so small a part of all, are looked up one by one rather than met on the way through all changes."""
MOST_REMEMBERED = 24
"""How many answers about words a register remembers: the same words are asked with one filter after another."""
MOST_CHANGED = 2000
"""How many promises an edition may change before the register is made anew instead."""


def bits(numbers):
    """The set of these promises."""
    numbers = list(numbers)
    if not numbers:
        return 0
    found = bytearray(max(numbers) // 8 + 1)
    for number in numbers:
        found[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(found, "little")


def as_bytes(promises):
    """A set as bytes: eight promises in each."""
    return promises.to_bytes((promises.bit_length() + 7) // 8, "little")


def numbers_in(promises):
    """The promises of a set, by identity."""
    content = as_bytes(promises)
    for place, byte in enumerate(content):
        if byte:
            for bit in range(8):
                if byte >> bit & 1:
                    yield place * 8 + bit


class Month:
    """What happened in one month, and who stood how at its end."""

    __slots__ = ("codes", "days", "ends", "who")

    def __init__(self, happened=()):
        self.days, self.who, self.codes = array("b"), array("i"), array("H")
        for day, who, code in sorted(happened):
            self.days.append(day)
            self.who.append(who)
            self.codes.append(code)
        self.ends = {}
        """Sets by (column, key)."""

    @classmethod
    def like(cls, other):
        """A month in which the same happened."""
        month = cls()
        month.days, month.who, month.codes = other.days, other.who, other.codes
        return month

    def happened(self):
        return zip(self.days, self.who, self.codes, strict=True)


class Register:
    """One edition: its promises by what they have, and by how they stood on any day."""

    def __init__(self, edition):
        self.edition = edition
        """Its number."""
        self.sets = {column: {} for column in COLUMNS}
        """Sets of promises by column and key."""
        self.months = {}
        self.names = {}
        """What promises are ordered by: (plain title, slug, day made)."""
        self.orders = {}
        """Promises in the order of a name, by its number in `names`."""
        self._rank = None
        self._remembered = OrderedDict()
        """What `words.py` found, by its key."""
        self._codes = {}
        """A number for each (status, reasons) that occurs."""
        self._keys = []
        self.standing = lru_cache(maxsize=32)(self._standing)
        self._counts = {}
        """How many stood how, by the last day of a month."""
        self.all_by_change = lru_cache(maxsize=4)(self._all_by_change)

    # Made, and brought up to date

    @classmethod
    def of(cls, edition):
        """Make the register of an edition from its index rows."""
        register = cls(edition)
        texts = {column: defaultdict(list) for column in COLUMNS}
        promise_of = {}
        for version, promise, title, slug, made, *values in rows("promises_listing", LISTING, edition):
            promise_of[version] = promise
            register.names[promise] = title, slug, made
            for column, value in zip(COLUMNS, values, strict=True):
                texts[column][value].append(promise)
        for column, of_text in texts.items():
            for text, promises in of_text.items():
                for key, more in dict.fromkeys(_keys(column, text), bits(promises)).items():
                    register.sets[column][key] = register.sets[column].get(key, 0) | more
        happened = defaultdict(list)
        for listing, day, status, reasons in rows("promises_period", PERIOD, edition):
            happened[day[:7]].append((int(day[8:]), promise_of[listing], register._code(status, reasons)))
        register.months = {month: Month(happened.pop(month, ())) for month in months_between(happened)}
        register._roll(max(register.names, default=0))
        register._order()
        return register

    def _order(self):
        """Put the promises in the order of each of their names; ties go by slug."""
        names = self.names
        self.orders = {
            TITLE: array("i", sorted(names, key=names.__getitem__)),
            SLUG: array("i", sorted(names, key=lambda promise: names[promise][SLUG])),
            MADE: array("i", sorted(names, key=lambda promise: names[promise][:0:-1])),
        }
        self._rank = array("i", bytes(4 * (max(names, default=0) + 1)))
        for place, promise in enumerate(self.orders[SLUG]):
            self._rank[promise] = place

    def _code(self, status, reasons):
        code = self._codes.get((status, reasons))
        if code is None:
            code = self._codes[status, reasons] = len(self._codes)
            self._keys.append([("status", status), *(("reasons", key) for key in keys_of(reasons))])
        return code

    def _roll(self, greatest):
        """Work out who stood how at the end of each month."""
        size = greatest // 8 + 1
        now = defaultdict(lambda: bytearray(size))
        code_of = {}
        for month in self.months.values():
            for _, who, code in month.happened():
                place, bit = who >> 3, 1 << (who & 7)
                before = code_of.get(who)
                if before is not None:
                    for key in self._keys[before]:
                        now[key][place] &= ~bit
                for key in self._keys[code]:
                    now[key][place] |= bit
                code_of[who] = code
            month.ends = {key: int.from_bytes(content, "little") for key, content in now.items()}

    def brought_to(self, edition):
        """Return the register of a later edition, made from this one by what was published between; None for too much."""
        between = {"edition_id__gt": self.edition, "edition_id__lte": edition}
        changed = set(Version.objects.filter(**between).values_list("promise_id", flat=True)[: MOST_CHANGED + 1])
        if len(changed) > MOST_CHANGED or Seal.objects.filter(**between).exists():
            return None  # what is sealed has left the index rows of every edition
        later = Register(edition)
        later._codes, later._keys = self._codes, self._keys
        mask = bits(changed)
        later.sets = {
            column: {key: rest for key, promises in sets.items() if (rest := promises & ~mask)}
            for column, sets in self.sets.items()
        }
        later.names = self.names.copy()
        for promise in changed:
            later.names.pop(promise, None)
        gone = [version for version, *_ in rows_of("promises_listing", LISTING, changed, self.edition)]
        promise_of = {}
        for version, promise, title, slug, made, *values in rows_of("promises_listing", LISTING, changed, edition):
            promise_of[version] = promise
            later.names[promise] = title, slug, made
            for column, value in zip(COLUMNS, values, strict=True):
                for key in _keys(column, value):
                    later.sets[column][key] = later.sets[column].get(key, 0) | 1 << promise
        touched = defaultdict(list)
        for _, day, *_ in periods_of(gone):
            touched[day[:7]] += []  # a month in which something may have to go
        for listing, day, status, reasons in periods_of(promise_of):
            touched[day[:7]].append((int(day[8:]), promise_of[listing], later._code(status, reasons)))
        later._change_months(self.months, touched, changed, mask)
        if all(later.names.get(promise) == self.names.get(promise) for promise in changed):
            later.orders, later._rank = self.orders, self._rank
        else:
            later._order()
        return later

    def _change_months(self, months, touched, changed, mask):
        stands = {}
        """How the changed promises stand, as the months go by."""
        for name in months_between([*months, *touched]):
            before, news = months.get(name), touched.get(name)
            if before and news is None:
                month = Month.like(before)
            else:
                kept = [event for event in (before.happened() if before else ()) if event[1] not in changed]
                month = Month([*kept, *(news or ())])
                stands |= {who: code for _, who, code in sorted(news or ())}
            self.months[name] = month
            now = defaultdict(list)
            for who, code in stands.items():
                for key in self._keys[code]:
                    now[key].append(who)
            ends = before.ends if before else self._ends_before(name)
            month.ends = {key: rest for key, promises in ends.items() if (rest := promises & ~mask)}
            for key, more in now.items():
                month.ends[key] = month.ends.get(key, 0) | bits(more)

    def _ends_before(self, name):
        """What the last month before this one left, when it is new."""
        earlier = [month for month in self.months if month < name]
        return self.months[earlier[-1]].ends if earlier else {}

    # Asked

    def remember(self, key, make):
        """Return what `make()` gives, made once for all who ask this register under that key; the oldest go first."""
        known = self._remembered.get(key)
        if known is None:
            known = self._remembered[key] = make()
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    @property
    def first_made(self):
        """The day on which the first promise was made; None where there is none."""
        order = self.orders.get(MADE)
        return date.fromisoformat(self.names[order[0]][MADE]) if order else None

    def _standing(self, day):
        """Return who stands how on a day: sets of promises by column and key."""
        name = day.isoformat()[:7]
        month = self.months.get(name)
        if month is None:
            earlier = [other for other in self.months if other < name]
            found = self.months[earlier[-1]].ends if earlier else {}
        elif day == last_day(name):
            found = month.ends
        else:
            found = self._within(name, month, day.day)
        return {column: {key: who for (of, key), who in found.items() if of == column and who} for column in OF_DAY}

    def _within(self, name, month, day):
        """Who stands how on a day within a month: as at the end of the month before, but for what happened since."""
        since = {who: code for begins, who, code in month.happened() if begins <= day}
        mask = bits(since)
        found = {key: who & ~mask for key, who in self._ends_before(name).items()}
        now = defaultdict(list)
        for who, code in since.items():
            now[code].append(who)
        for code, whos in now.items():
            more = bits(whos)
            for key in self._keys[code]:
                found[key] = found.get(key, 0) | more
        return found

    def in_order(self, promises, sort, day):
        """Yield a set's promises as `sort` has it on a day; ties by slug. The first come at once, however large the set."""
        backwards, by = sort.startswith("-"), sort.removeprefix("-")
        if by == "status":
            stands = self.standing(day)["status"]
            for status in reversed(Status.values) if backwards else Status.values:
                yield from self._by_change(promises & stands.get(status, 0), day)
        elif by == "changed":
            yield from self._by_change(promises, day, backwards=backwards)
        elif promises:
            yield from self._by_name(promises, MADE if by == "made" else TITLE, backwards=backwards)

    def _by_name(self, promises, name, *, backwards):
        content = as_bytes(promises)
        most = len(content) * 8
        order = reversed(self.orders[name]) if backwards else self.orders[name]
        wanted = (who for who in order if who < most and content[who >> 3] >> (who & 7) & 1)
        if not backwards:
            yield from wanted
            return
        for _, alike in groupby(wanted, key=lambda who: self.names[who][name]):
            yield from reversed(list(alike))  # those of one name stay in the order of slugs

    def _by_change(self, promises, day, *, backwards=False):
        if (number := promises.bit_count()) <= FEW and number * ONE_IN <= len(self.names):
            latest = groupby(sorted(self._changes_of(promises, day), reverse=True), key=lambda change: change[0])
            groups = [[who for _, who in group] for _, group in latest]
            for group in reversed(groups) if backwards else groups:
                yield from sorted(group, key=self._rank.__getitem__)
            return
        content = as_bytes(promises)
        most = len(content) * 8
        for group in reversed(self.all_by_change(day)) if backwards else self._latest_changes(day):
            wanted = [who for who in group if who < most and content[who >> 3] >> (who & 7) & 1]
            yield from sorted(wanted, key=self._rank.__getitem__) if len(wanted) > 1 else wanted

    def _latest_changes(self, day):
        """Yield, for each day back from this one, the promises whose latest change it was."""
        seen = bytearray(len(self._rank))
        name, number = day.isoformat()[:7], day.day
        for month in sorted((other for other in self.months if other <= name), reverse=True):
            group, of_day = [], 0
            happened = self.months[month]
            for begins, who in zip(reversed(happened.days), reversed(happened.who), strict=True):
                if (month == name and begins > number) or seen[who]:
                    continue
                if begins != of_day:
                    yield group
                    group, of_day = [], begins
                seen[who] = 1
                group.append(who)
            yield group

    def _all_by_change(self, day):
        return list(self._latest_changes(day))

    def _changes_of(self, promises, day):
        """Return (latest day of change, promise) for a few promises."""
        promises = list(numbers_in(promises))
        if not promises:
            return []
        places = ", ".join(["%s"] * len(promises))
        with reading().cursor() as cursor:
            cursor.execute(
                "SELECT CAST(p.valid_from AS text), l.promise_id FROM promises_listing l "  # noqa: S608
                "CROSS JOIN promises_period p "
                f"WHERE l.promise_id IN ({places}) AND l.edition_from <= %s AND l.edition_to > %s "
                "AND p.listing_id = l.version_id AND p.valid_from <= %s AND p.valid_to > %s",
                [*promises, self.edition, self.edition, day.isoformat(), day.isoformat()],
            )
            return cursor.fetchall()

    def counted(self, until):
        """Yield the same as `ends` with numbers for sets; those of a month are counted once."""
        for day, stands in self.ends(until):
            known = self._counts.get(day)
            if known is None:
                known = {status: who.bit_count() for status, who in stands.items()}
                if day != until:
                    self._counts[day] = known
            yield day, known

    def ends(self, until):
        """Yield the last day of each month up to a day, and that day, each with the sets of promises by status."""
        ends = {}
        for name in months_between([*list(self.months)[:1], until.isoformat()[:7]] if self.months else []):
            last = last_day(name)
            if last >= until:
                break
            ends = self.months[name].ends if name in self.months else ends
            yield last, {status: ends.get(("status", status), 0) for status in Status.values}
        stands = self.standing(until)["status"]
        yield until, {status: stands.get(status, 0) for status in Status.values}


TITLE, SLUG, MADE = range(3)
LISTING = ("version_id", "promise_id", "title_plain", "slug", "made_from", *COLUMNS)
PERIOD = ("listing_id", "valid_from", "status", "reasons")


def _keys(column, text):
    return keys_of(text) if column in ("place_keys", "made_by_keys") else (text,)


def last_day(name):
    """The last day of a month given as `2024-02`."""
    year, month = map(int, name.split("-"))
    return date(year, month, calendar.monthrange(year, month)[1])


def months_between(names):
    """Every month from the first of these to the last, as `2024-02`."""
    if not names:
        return []
    first, last = min(names), max(names)
    found, (year, month) = [], map(int, first.split("-"))
    while (name := f"{year}-{month:02}") <= last:
        found.append(name)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


# The index rows, read as plainly as can be: there may be a million


def rows(table, columns, edition):
    """Yield the rows that stand in an edition; a stretch of no length is left out, as it never holds."""
    whole = "NOT INDEXED" if reading().vendor == "sqlite" else ""
    yield from _read(f"FROM {table} {whole} WHERE edition_from <= %s AND edition_to > %s", columns, [edition, edition])


def rows_of(table, columns, promises, edition):
    for chunk in _chunks(promises):
        places = ", ".join(["%s"] * len(chunk))
        condition = f"promise_id IN ({places}) AND edition_from <= %s AND edition_to > %s"
        yield from _read(f"FROM {table} WHERE {condition}", columns, [*chunk, edition, edition])


def periods_of(listings):
    for chunk in _chunks(listings):
        yield from _read(f"FROM promises_period WHERE listing_id IN ({', '.join(['%s'] * len(chunk))})", PERIOD, chunk)


def _chunks(numbers):
    numbers = list(numbers)
    for start in range(0, len(numbers), 500):
        yield numbers[start : start + 500]


def _read(source, columns, values):
    names = ", ".join(
        f"CAST({column} AS text)" if column in ("valid_from", "made_from") else column for column in columns
    )
    if "valid_from" in columns:
        source += " AND valid_from < valid_to"
    with reading().cursor() as cursor:
        cursor.execute(f"SELECT {names} {source}", values)
        while chunk := cursor.fetchmany(2000):
            yield from chunk


# One for the process

_known = OrderedDict()
"""Registers by the digest of their edition, which names everything that was ever published before it."""
_making = threading.Lock()


def register_of(edition):
    """Return the register of an edition (`None` before the first); made once, where possible from an earlier one."""
    if edition is None:
        return Register(0)
    register = _known.get(edition.digest)
    if register is None:
        with _making:
            register = _known.get(edition.digest)
            if register is None:
                with at_leisure():
                    register = _known[edition.digest] = _from_earlier(edition) or Register.of(edition.number)
                while len(_known) > KEPT:
                    _known.popitem(last=False)
    return register


def _from_earlier(edition):
    for digest, register in reversed(_known.items()):
        if (
            register.edition < edition.number
            and Edition.objects.filter(number=register.edition, digest=digest).exists()
        ):
            return register.brought_to(edition.number)
    return None
