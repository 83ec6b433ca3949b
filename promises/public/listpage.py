"""What stands on a page around and in a list of promises, made ready so that templates only put it down."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape

from django.utils.safestring import SafeString, mark_safe

from promises import reference
from promises.dates import Day, in_words
from promises.public import charts, sentences
from promises.public.columns import number_of, page_rows, strip_axis
from promises.public.counts import BY, DEPARTMENT, FACETS, PLACE, REASON, THEME
from promises.public.lately import changes_of_status
from promises.public.neighbours import neighbours
from promises.statuses import Status

SORT_LABELS = {
    "": "Latest news first",
    "-changed": "Oldest news first",
    "made": "Earliest promise first",
    "-made": "Latest promise first",
    "title": "Title, A to Z",
    "-title": "Title, Z to A",
    "status": "Verdict, kept first",
    "-status": "Verdict, in progress first",
}
HEADINGS = (("status", "Verdict"), ("title", "Promise"), ("changed", "What happened"), ("made", ""))
"""The columns of the table, with the order that each heading asks for; the last is headed by its years."""
DESCENDING = {"changed", "-made", "-title", "-status"}
ANY = {
    "status": "any verdict",
    "reason": "any reason",
    "theme": "all themes",
    "place": "all places",
    "department": "all departments",
    "by": "anyone’s promises",
}
EMPTY_OPTION = {
    "theme": "All themes",
    "place": "All places",
    "by": "Anyone",
    "department": "Any department",
    "reason": "Any reason",
}


@dataclass(frozen=True, slots=True)
class Link:
    """Words with an address; `number` is what stands behind it."""

    label: str
    address: str
    number: str = ""
    current: bool = False
    status: Status | None = None
    share: int = 0
    order: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the filter form: its value, or the options to choose from."""

    name: str
    label: str
    value: str = ""
    options: SafeString = ""
    several: bool = False
    errors: tuple = ()


def option(value, label, *, selected, more=""):
    """One option of a choice, safe to show; `more` is words of our own after the label."""
    value, label = escaped(value), escaped(label)
    return f'<option value="{value}"{" selected" if selected else ""}>{label}{more}</option>'


escaped = lru_cache(maxsize=4096)(escape)
"""What stands in choices, which are the same on every page."""


class ListPage:
    """A list of promises, ready for a page."""

    def __init__(self, asked, rows):
        self.asked = asked
        self._rows = rows

    # Above the table

    @cached_property
    def headline(self):
        if self.is_before_all:
            return f"On {self.asked.moment.day_in_words}, nothing had been promised yet"
        return sentences.headline(self.asked)

    @property
    def heading(self):
        """The headline as the page's heading, whose compound does not break at a line's end."""
        return mark_safe(escape(self.headline).replace("levelling-up", '<span class="nowrap">levelling-up</span>'))  # noqa: S308

    @property
    def rest(self):
        return sentences.rest(self.asked)

    @property
    def has_counts(self):
        return any(self.asked.counts.values())

    @property
    def first_made(self):
        """The day of the first promise of the edition; None where there is none."""
        return self.asked.register.first_made

    @property
    def is_before_all(self):
        """Whether the day asked for comes before anything was promised."""
        return self.first_made is not None and self.asked.moment.day < self.first_made

    @property
    def first_made_in_words(self):
        return in_words(self.first_made)

    @property
    def back_to_today(self):
        return self.asked.address(as_of=None, edition=None)

    @cached_property
    def tally(self):
        """The parts of the tally, each with the filtered tracker and its share of the width; none of nothing."""
        if not self.has_counts:
            return []
        shares = charts.shares(self.asked.counts)
        return [
            Link(
                status.label.lower(),
                self.asked.tracker_address(status=[status.value], sort=None),
                f"{self.asked.counts[status]:,}",
                status=status,
                share=shares[status.value],
            )
            for status in Status
        ]

    @property
    def is_even(self):
        """Whether the tally has parts too narrow for their words."""
        return any(part.share < 1000 for part in self.tally)

    @property
    def chart(self):
        points = self.asked.series
        return charts.stack(points, description=sentences.described(points))

    @property
    def chart_address(self):
        return self.asked.chart_address()

    @property
    def pictures(self):
        """The chart to take away."""
        return chart_pictures(self.asked)

    @cached_property
    def lately(self):
        """The latest changes of status, where nothing was asked: on the tracker, today."""
        if self.asked.parameters or self.asked.shelf or not self.asked.moment.edition:
            return []
        return changes_of_status(self.asked.moment)

    @property
    def feed(self):
        return self.asked.data_address("atom")

    # The filter form

    @property
    def form(self):
        return FilterForm(self.asked, self.asked.census.per_key)

    @property
    def chips(self):
        counts, chosen = self.asked.counts, self.asked.chosen["status"]
        everything = Link("All", self.asked.address(status=None), f"{sum(counts.values()):,}", current=not chosen)
        return [everything] + [
            Link(
                status.label,
                self.asked.address(status=None if chosen == [status] else [status.value]),
                f"{counts[status]:,}",
                current=status in chosen,
                status=status,
            )
            for status in Status
        ]

    @property
    def conditions(self):
        """What was chosen beside the status, each with the address that drops it."""
        links = []
        if self.asked.words:
            links.append(Link(f"“{self.asked.words}”", self.asked.address(q=None)))
        for facet in FACETS:
            if facet.name == "status" or (self.asked.shelf and facet.name == self.asked.shelf[0]):
                continue
            keys = self.asked.chosen[facet.name]
            for key in keys:
                others = [other for other in keys if other != key]
                links.append(Link(facet.label_of(key), self.asked.address(**{facet.name: others})))
        return links

    @property
    def neighbours(self):
        """Pages of places and themes that the words name; on the tracker alone."""
        if not self.asked.words or self.asked.shelf:
            return []
        kept = self.asked.moment.kept
        return [
            Link(one.name, f"{one.path}?{kept}" if kept else one.path, f"{one.number:,}")
            for one in neighbours(self.asked)
        ]

    @property
    def found(self):
        """How many rows match, in words."""
        return number_of(self.asked.count, "promise")

    @property
    def downloads(self):
        return [
            Link(label, self.asked.data_address(format))
            for label, format in (("CSV", "csv"), ("Excel", "xlsx"), ("JSON", "json"), ("Feed", "atom"))
        ]

    # The table

    @cached_property
    def rows(self):
        axis = strip_axis(self.first_made, self.asked.moment.day)
        return page_rows(self._rows, moment=self.asked.moment, terms=self.asked.terms, axis=axis)

    @property
    def headings(self):
        asked = self.asked
        current = asked.order or ("" if asked.terms else "changed")
        begin, end = strip_axis(self.first_made, asked.moment.day)
        years = f"{begin.year} – {end.year}" if begin.year < end.year else str(end.year)
        links = []
        for key, label in HEADINGS:
            is_current = current.lstrip("-") == key
            wanted = f"-{key}" if current == key else key
            order = ("descending" if current in DESCENDING else "ascending") if is_current else ""
            links.append(Link(label or years, asked.address(sort=wanted), order=order))
        return links

    @property
    def previous(self):
        number = self.asked.number - 1
        return self.asked.address(page=number if number > 1 else None) if number else ""

    @property
    def next(self):
        number = self.asked.number + 1
        return self.asked.address(page=number) if number <= self.asked.pages else ""

    # Where there is nothing to show

    @cached_property
    def loosen(self):
        """Conditions that can be dropped, each with the number of promises that leaves."""
        asked, links = self.asked, []
        for facet in FACETS:
            is_free = asked.chosen[facet.name] and not (asked.shelf and asked.shelf[0] == facet.name)
            if is_free and (n := asked.census.without[facet.name]):
                links.append(Link(ANY[facet.name], asked.address(**{facet.name: None}), number_of(n, "promise")))
        if asked.words and (n := asked.otherwise(q=None).count):
            links.append(Link("any words", asked.address(q=None), number_of(n, "promise")))
        if asked.moment.is_past_day and (n := asked.otherwise(as_of=None).count):
            links.append(Link("as it stands today", asked.address(as_of=None), number_of(n, "promise")))
        return links


def chart_pictures(asked):
    """The chart of a question to take away, in its two forms."""
    return [Link("SVG", asked.chart_address("svg")), Link("PNG", asked.chart_address("png"))]


class FilterForm:
    """The filter form: of a question understood (with numbers), or of one that was not."""

    def __init__(self, asked, per_key=None, errors=None):
        self.asked = asked
        self.action = asked.home
        self.errors = errors or {}
        self._per_key = per_key
        self.latest_day = asked.today.isoformat()
        self._day = asked.form.data.get("as_of", "").strip()[:40]

    @property
    def search(self):
        return Field("q", "Search promises", self.asked.form.data.get("q", "")[:400], errors=self._errors("q"))

    @property
    def day(self):
        return Field("as_of", "As it stood on", self._day, errors=self._errors("as_of"))

    @property
    def main(self):
        """Three choices, beside words and day; the rest stand under “more”."""
        return self._selects[:3]

    @property
    def more(self):
        return [*self._selects[3:], self._sorts()]

    @cached_property
    def _selects(self):
        facets = (THEME, PLACE, BY, DEPARTMENT, REASON)
        return [self._select(facet) for facet in facets if not self._is_shelf(facet)]

    @property
    def is_more_used(self):
        return any(self.asked.given(name) for name in ("department", "reason", "sort"))

    @property
    def hidden(self):
        """What the form keeps without showing: (name, value)."""
        kept = [("status", key) for key in self.asked.given("status") if key in Status.values]
        editions = self.asked.given("edition") if "edition" not in self.errors else []
        return kept + [("edition", value) for value in editions]

    @cached_property
    def events(self):
        """Days of the agenda to stand on."""
        days = [(Day(event.date).last_day, event.label) for event in reference.events()]
        return [
            Link(f"{label}, {in_words(day)}", self.asked.address(as_of=day.isoformat()))
            for day, label in days
            if day <= self.asked.today and not self.errors
        ]

    def _is_shelf(self, facet):
        return bool(self.asked.shelf) and self.asked.shelf[0] == facet.name

    def _errors(self, name):
        return tuple(self.errors.get(name, ()))

    def _select(self, facet):
        chosen = self.asked.given(facet.name)
        drawn = [option("", EMPTY_OPTION[facet.name], selected=not chosen)]
        for label, keys in self._groups(facet):
            options = "".join(self._option(facet, key, key in chosen) for key in keys)
            drawn.append(f'<optgroup label="{label}">{options}</optgroup>' if label and options else options)
        return Field(
            facet.name,
            facet.label,
            options=mark_safe("".join(drawn)),  # noqa: S308
            several=len(chosen) > 1,
            errors=self._errors(facet.name),
        )

    def _option(self, facet, key, selected):
        if self._per_key is None:
            return option(key, facet.label_of(key), selected=selected)
        n = self._per_key[facet.name][key]
        if n or selected or facet is THEME:
            return option(key, facet.label_of(key), selected=selected, more=f" ({n:,})")
        return ""

    def _groups(self, facet):
        """The keys to choose from, in groups: (label, keys)."""
        if facet is PLACE:
            places = list(reference.places())
            named = [place for place in places if not (place.is_region or place.is_whole_country)]
            return [
                ("Whole countries", [place.slug for place in places if place.is_whole_country]),
                ("Regions and nations", [place.slug for place in reference.places().regions]),
                ("Places", [place.slug for place in sorted(named, key=lambda place: place.name)]),
            ]
        if not facet.open_ended:
            return [("", list(facet.known()))]
        keys = set(self._per_key[facet.name]) | set(self.asked.chosen[facet.name]) if self._per_key else facet.known()
        return [("", sorted(keys, key=lambda key: facet.label_of(key).casefold()))]

    def _sorts(self):
        labels = SORT_LABELS
        if self.asked.given("q"):
            labels = {"": "Closest match first", "changed": SORT_LABELS[""], **{k: v for k, v in labels.items() if k}}
        chosen = "".join(self.asked.given("sort")[-1:])
        if chosen == "changed" and "changed" not in labels:
            chosen = ""
        drawn = "".join(option(value, label, selected=value == chosen) for value, label in labels.items())
        return Field("sort", "Sort by", options=mark_safe(drawn), errors=self._errors("sort"))  # noqa: S308


class SeriesTable:
    """The numbers of the chart as a table, each with the rows it counts."""

    def __init__(self, asked):
        self.asked = asked
        self.about = sentences.about(asked)

    @property
    def rows(self):
        """(day in words, cells), the latest first."""
        return [(in_words(point.day), self._cells(point)) for point in reversed(self.asked.series)]

    def _cells(self, point):
        day = point.day.isoformat()
        cells = [
            Link(
                f"{point.counts[status.value]:,}",
                self.asked.tracker_address(as_of=day, status=[status.value], sort=None),
            )
            for status in Status
        ]
        return [*cells, Link(f"{point.total:,}", self.asked.tracker_address(as_of=day, status=None, sort=None))]

    @property
    def chart(self):
        return charts.stack(self.asked.series, description=sentences.described(self.asked.series))

    @property
    def downloads(self):
        return [Link("CSV", self.asked.chart_address("csv")), Link("JSON", self.asked.chart_address("json"))]

    @property
    def pictures(self):
        return chart_pictures(self.asked)

    @property
    def back(self):
        return self.asked.tracker_address()
