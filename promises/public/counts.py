"""How many promises each choice gives: the numbers of headline, tally, chips, facets and chart."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import dropwhile, starmap

from django.db.models import Count, Min, Q, Value

from promises import reference
from promises.record.listing import Listing, any_key, keys_of
from promises.record.period import Period
from promises.record.register import bits, register_of
from promises.record.search import found
from promises.record.words import found_since
from promises.statuses import THEMES, Reason, Status


@dataclass(frozen=True)
class Facet:
    """A name in the query that takes keys: any of them within it, all names between them."""

    name: str
    label: str
    column: str
    label_of: Callable
    known: Callable
    many: bool = False
    """The column holds several keys."""
    of_day: bool = False
    """The column is the period's own, so that it changes with the day."""
    open_ended: bool = False
    """The record may hold keys that no list of ours has."""
    noun: str = ""
    """What a key stands for, where that is not the name."""
    where_known: str = ""
    """Where a reader finds the known keys."""

    def condition(self, keys, *, of_periods=False):
        """Keep the promises that have any of these keys: a condition on standing listings, or on periods."""
        column = f"listing__{self.column}" if of_periods and not self.of_day else self.column
        return any_key(column, keys) if self.many else Q(**{f"{column}__in": keys})

    def keys(self, value):
        """The keys that a value of the column holds."""
        return keys_of(value) if self.many else (value,)

    def knows(self, key):
        """Whether this is a key: of a list of ours, or somewhere in the record."""
        if key in self.known():
            return True
        return self.open_ended and Listing.objects.filter(self.condition([key])).exists()


def _place_keys():
    return [place.slug for place in reference.places()]


def _place_label(key):
    place = reference.places().get(key)
    return place.name if place else key


FACETS = (
    Facet("status", "Status", "status", lambda key: Status(key).label, lambda: Status.values, of_day=True),
    Facet("reason", "Reason", "reasons", lambda key: Reason(key).label, lambda: Reason.values, many=True, of_day=True),
    Facet("theme", "Theme", "theme", THEMES.__getitem__, lambda: THEMES),
    Facet(
        "place", "Place", "place_keys", _place_label, _place_keys, many=True, where_known="They are listed at /places/."
    ),
    Facet(
        "department",
        "Department",
        "department_key",
        lambda key: reference.departments().label(key),
        lambda: {department.key for department in reference.departments()},
        open_ended=True,
        where_known="They are listed in the filter form of the tracker.",
    ),
    Facet(
        "by",
        "Promised by",
        "made_by_keys",
        lambda key: reference.people().label(key),
        lambda: {person.slug for person in reference.people()},
        many=True,
        open_ended=True,
        noun="person or body",
        where_known="They are listed in the filter form of the tracker.",
    ),
)
STATUS, REASON, THEME, PLACE, DEPARTMENT, BY = FACETS


class Census:
    """The standing promises of one moment, counted by what can be chosen: every number of a page."""

    def __init__(self, moment, chosen, found=None):
        """`chosen` are the keys chosen, by facet name; `found` the set in which the words asked for are found."""
        self._register = register_of(moment.edition)
        self._standing = self._register.standing(moment.day)
        self._all = union(self._standing["status"])
        if found is not None:
            self._all &= found
        self._chosen = {name: frozenset(keys) for name, keys in chosen.items() if keys}
        self.everything = self._all.bit_count()
        self.without = Counter()
        """How many there would be without one name's choice; of the names that have one."""
        self.per_key = {}
        """How many each key alone would give beside the other names' choices."""
        fitting = {
            facet.name: union(self._sets(facet), self._chosen[facet.name])
            for facet in FACETS
            if facet.name in self._chosen
        }
        self._asked = self._but_for(fitting)
        self.total = self._asked.bit_count()
        for facet in FACETS:
            beside = self._but_for(fitting, facet.name)
            if facet.name in fitting:
                self.without[facet.name] = beside.bit_count()
            self.per_key[facet.name] = counted(self._sets(facet), beside)

    def _sets(self, facet):
        return self._standing[facet.column] if facet.of_day else self._register.sets[facet.column]

    def _but_for(self, fitting, left_out=""):
        promises = self._all
        for name, fits in fitting.items():
            if name != left_out:
                promises &= fits
        return promises

    @property
    def promises(self):
        """The set of promises asked for."""
        return self._asked

    @cached_property
    def counts(self):
        """How many stand in each status, whatever status was asked for."""
        return {status.value: self.per_key["status"][status.value] for status in Status}

    def by_status(self, facet):
        """Of the promises asked for: how many each key of a facet has in each status."""
        found = defaultdict(Counter)
        for status, stands in self._standing["status"].items():
            for key, number in counted(self._sets(facet), self._asked & stands).items():
                found[key][status] = number
        return found


def union(sets, keys=None):
    """The promises in any of these sets."""
    found = 0
    for key in sets if keys is None else keys:
        found |= sets.get(key, 0)
    return found


def counted(sets, promises):
    """How many of these promises are in each set; where there are none, the key is left out."""
    return Counter({key: number for key, who in sets.items() if (number := (who & promises).bit_count())})


@dataclass(frozen=True, slots=True)
class Point:
    """The counts of one day."""

    day: date
    counts: dict

    @property
    def total(self):
        return sum(self.counts.values())


def series(asked):
    """The counts of a question on the last day of each month from its first promise, and on its own day.

    Each equals what the same question gives on that day, whatever its `status`. Words are looked
    for as they stand on the asked day: a promise joins on the day from which all of them are found.
    """
    if not asked.chosen[REASON.name]:
        return _points_of_register(asked)
    periods = _periods(asked)
    changes = _changes_of_words(asked, periods) if asked.terms else _changes(periods, asked.moment.day)
    return _points(changes, until=asked.moment.day)


def _points_of_register(asked):
    """The same where a promise that has joined never leaves: from the register alone."""
    register = register_of(asked.moment.edition)
    fits = [
        union(register.sets[facet.column], asked.chosen[facet.name])
        for facet in FACETS
        if not facet.of_day and asked.chosen[facet.name]
    ]
    joining = []
    """Who is found from which day on, the last day first."""
    if asked.terms:
        joining = found_since(asked.terms, register=register, as_of=asked.moment.day).copy()
        fits.append(0)
    if not fits:
        return list(dropwhile(lambda point: not point.total, starmap(Point, register.counted(asked.moment.day))))
    points = []
    for day, stands in register.ends(asked.moment.day):
        if asked.terms:
            joined = []
            while joining and joining[-1][0] <= day.isoformat():
                joined.append(joining.pop()[1])
            fits[-1] |= bits(joined)
        counts = {}
        for status, who in stands.items():
            for fitting in fits:
                who &= fitting
            counts[status] = who.bit_count()
        if points or any(counts.values()):
            points.append(Point(day, counts))
    return points


def _periods(asked):
    periods = Period.objects.in_edition(asked.moment.number, latest=asked.moment.latest)
    for facet in FACETS:
        if facet is not STATUS and asked.chosen[facet.name]:
            periods = periods.filter(facet.condition(asked.chosen[facet.name], of_periods=True))
    return periods.order_by()


def _changes(periods, until):
    """Yield (day, status, how many more): what begins and what ends, in one query."""
    begin = periods.filter(valid_from__lte=until).values_list("valid_from", "status")
    end = periods.filter(valid_to__lte=until).values_list("valid_to", "status")
    one = begin.annotate(n=Count("*"), sign=Value(1))
    other = end.annotate(n=Count("*"), sign=Value(-1))
    for day, status, n, sign in one.union(other, all=True):
        yield day, status, n * sign


def _changes_of_words(asked, periods):
    """The same for promises in which words are found: each counts from the day that shows the last of them."""
    until = asked.moment.day
    in_edition = Period.objects.in_edition(asked.moment.number, latest=asked.moment.latest)
    matching = Listing.objects.in_edition(asked.moment.number, latest=asked.moment.latest).filter(
        found(asked.terms, as_of=until, periods=in_edition)
    )
    told = in_edition.filter(listing__in=matching, valid_from__lte=until).order_by().values_list("listing_id")
    for number, term in enumerate(asked.terms):
        told = told.annotate(
            **{
                f"own_{number}": Count("pk", filter=Q(listing__search_text__finds=term)),
                f"first_{number}": Min("valid_from", filter=Q(search_text__finds=term)),
            }
        )
    shown_from = {}
    for listing, *answers in told:
        days = [first for own, first in zip(answers[::2], answers[1::2], strict=True) if not own]
        shown_from[listing] = max(days, default=date.min)
    rows = periods.filter(listing__in=matching, valid_from__lte=until)
    for listing, status, begins, ends in rows.values_list("listing_id", "status", "valid_from", "valid_to"):
        begins = max(begins, shown_from[listing])
        if begins < ends and begins <= until:
            yield begins, status, 1
            if ends <= until:
                yield ends, status, -1


def _points(changes, *, until):
    by_day = defaultdict(Counter)
    for day, status, change in changes:
        by_day[day][status] += change
    days = sorted(day for day, counter in by_day.items() if any(counter.values()))
    if not days:
        return []
    standing, points, at = dict.fromkeys(Status.values, 0), [], 0
    for day in _days_of(days[0], until):
        while at < len(days) and days[at] <= day:
            for status, change in by_day[days[at]].items():
                standing[status] += change
            at += 1
        points.append(Point(day, standing.copy()))
    return points


def _days_of(first, until):
    """The last day of each month from the first day's on, and the day itself that is asked for."""
    month = first.replace(day=1)
    while True:
        following = (month + timedelta(days=31)).replace(day=1)
        last = following - timedelta(days=1)
        if last >= until:
            yield until
            return
        yield last
        month = following
