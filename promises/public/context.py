"""The figures that frame the promises: in what form each is shown, in what words, and as what table."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache

from promises import reference
from promises.dates import Day
from promises.public import plots
from promises.public.figures import MINUS, plain

GROUPS = (
    (
        "Where it began",
        "What the article said that this tracker began from, in January 2022.",
        (
            "council-service-spending-fall-per-head",
            "levelling-up-fund-per-head-2021-north",
            "jobs-created-ratio",
            "in-work-poverty-north",
            "tax-taken-by-whitehall",
            "government-employment-change-since-2010",
            "central-local-government-employment",
        ),
    ),
    (
        "What councils and Whitehall have",
        "The money for local services, and how much of all revenue the centre collects.",
        (
            "council-core-funding-per-resident",
            "public-health-grant-cut-per-person",
            "government-revenue-collected-centrally-oecd",
        ),
    ),
    (
        "Where the money went",
        "The Levelling Up Fund and research spending, by region and nation.",
        (
            "levelling-up-fund-round-1-per-head",
            "levelling-up-fund-round-2-per-head",
            "levelling-up-fund-round-2-by-region",
            "rd-spending-by-region-2022",
            "public-rd-share-greater-south-east",
        ),
    ),
    (
        "What people have to live on",
        "Income after tax and benefits, before and during the levelling-up years.",
        (
            "disposable-household-income-per-head",
            "disposable-household-income-per-head-1997-2012",
        ),
    ),
)
"""In which order the page tells them. A figure that stands in no group comes last."""

LOOKS = ("a", "b", "c", "d")
MOST_NAMED = 4
"""Lines that a reader can tell apart; of more, the highest, the lowest and the whole country are named."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with its name, and its length beside the longest, in thousandths."""

    name: str
    figure: str
    length: int


@dataclass(frozen=True, slots=True)
class Key:
    """What a line of a chart means, and where it ended."""

    look: str
    name: str
    figure: str
    when: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its name, the figure of each series, and whether another release begins here."""

    name: str
    figures: tuple[str, ...]
    begins_release: bool


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    lede: str
    figures: tuple


class Figure:
    """An indicator as the page shows it."""

    def __init__(self, indicator):
        self.indicator = indicator
        self.slug = indicator.slug
        self.title = indicator.title
        self.unit = indicator.unit
        self.note = indicator.note
        self.sources = (indicator.source, *indicator.more_sources)

    @cached_property
    def form(self):
        """How its data are best seen: one `number`, `bars`, or `lines` over time."""
        lines = self.indicator.series
        if len(lines) == 1 and len(lines[0].points) == 1:
            return "number"
        values = [y for line in lines for _, y in line.points]
        one_sided = min(values) >= 0 or max(values) <= 0
        few = len(lines) == 1 and len(lines[0].points) <= 4
        if self.indicator.by_place or max(len(line.points) for line in lines) == 1 or (few and one_sided):
            return "bars"
        return "lines"

    @property
    def is_wide(self):
        """Whether it needs the whole width: long lines over many years."""
        return max(len(line.points) for line in self.indicator.series) > 40

    @property
    def number(self):
        return self.words(self.indicator.series[0].points[0][1])

    @property
    def number_is(self):
        """Whose the single number is, and when."""
        line = self.indicator.series[0]
        return f"{line.name}, {period(line.points[0][0])}"

    @cached_property
    def bars(self):
        named = [
            (line.name if len(self.indicator.series) > 1 else period(x), y)
            for line in self.indicator.series
            for x, y in line.points
        ]
        longest = max(abs(y) for _, y in named) or 1
        return [Bar(name, self.words(y), round(abs(y) / longest * 1000)) for name, y in named]

    @property
    def bars_are(self):
        """Of what the bars are, where their names do not say."""
        return self.indicator.series[0].name if len(self.indicator.series) == 1 else ""

    # Lines

    @cached_property
    def periods(self):
        """Every year or month in which any series has a figure."""
        return sorted({x for line in self.indicator.series for x, _ in line.points}, key=day_of)

    @cached_property
    def looks(self):
        """The look of each series by name; `rest` for those that are not named."""
        lines = self.indicator.series
        named = [line.name for line in lines]
        if len(named) > MOST_NAMED:
            by_end = sorted(lines, key=lambda line: line.points[-1][1])
            named = [by_end[-1].name, *(["UK"] if "UK" in named else []), by_end[0].name]
        looks = dict(zip(named, LOOKS, strict=False))
        return {line.name: looks.get(line.name, "rest") for line in lines}

    @property
    def key(self):
        ends = [(line, *line.points[-1]) for line in self.indicator.series if self.looks[line.name] != "rest"]
        ends.sort(key=lambda end: LOOKS.index(self.looks[end[0].name]))
        return [Key(self.looks[line.name], line.name, self.short(y), period(x)) for line, x, y in ends]

    @property
    def has_rest(self):
        return "rest" in self.looks.values()

    @cached_property
    def chart(self):
        """The lines as SVG, with the gaps that the data have."""
        drawn = [
            plots.Line(
                line.name,
                self._broken(line),
                self.looks[line.name],
                self.short(line.points[-1][1]) if self.looks[line.name] != "rest" else "",
            )
            for line in self.indicator.series
        ]
        drawn.sort(key=lambda line: line.look != "rest")  # what is named lies on top
        return plots.lines(
            drawn,
            title=f"{self.title}, {self.unit}",
            description=self.description,
            key=self.slug,
            words=self.words,
            notes=[(self._middle_of_break(x), "other releases from here") for x in self.indicator.breaks],
            points=self._points_to_read(drawn),
        )

    @property
    def description(self):
        """What the lines show, for a reader who does not see them."""
        told = []
        for line in self.indicator.series:
            (first, before), (last, after) = line.points[0], line.points[-1]
            told.append(f"{line.name}: {self.words(before)} in {period(first)}, {self.words(after)} in {period(last)}.")
        return " ".join(told)

    @property
    def scale_begins_at(self):
        """The figure at which the axis begins, where that is not nought."""
        lowest = plots.scale_for([y for line in self.indicator.series for _, y in line.points]).marks[0]
        return self.words(lowest) if lowest > 0 else ""

    def _broken(self, line):
        """The points with a gap after each break, and where another series has a figure and this one none."""
        known = dict(line.points)
        points = []
        for x in self.periods:
            points.append((day_of(x), known[x]) if x in known else None)
            if x in self.indicator.breaks:
                points.append(None)
        return tuple(points)

    def _middle_of_break(self, x):
        after = self.periods[self.periods.index(x) + 1]
        return day_of(x) + (day_of(after) - day_of(x)) / 2

    def _points_to_read(self, drawn):
        """What the reading line shows: for months only, which the eye cannot read off."""
        if Day.parse(self.periods[0]).precision != "month":
            return ""
        known = {line.name: dict(line.points) for line in self.indicator.series}
        in_order = [known[line.name] for line in drawn]
        return "|".join(
            " ".join([day_of(x).isoformat(), *(self.words(line[x]) if x in line else "–" for line in in_order)])
            for x in self.periods
        )

    # The table and the files

    @property
    def first_heading(self):
        if self.indicator.by_place:
            return "Region or nation"
        return "Month" if any(len(x) == 7 for x in self.periods) else "Year"

    @property
    def headings(self):
        return [line.name for line in self.indicator.series]

    @cached_property
    def table(self):
        known = [dict(line.points) for line in self.indicator.series]
        order = list(dict.fromkeys(x for line in known for x in line)) if self.indicator.by_place else self.periods
        after_break = False
        rows = []
        for x in order:
            rows.append(Row(period(x), tuple(self.words(line[x]) if x in line else "–" for line in known), after_break))
            after_break = x in self.indicator.breaks
        return rows

    @property
    def rows(self):
        """Every point as files give it: one row each, in the record's order."""
        for line in self.indicator.series:
            part = 1
            for x, y in line.points:
                place = reference.places().get(x)
                yield {
                    "series": line.name,
                    "place": x if place else "",
                    "name": period(x),
                    "period": "" if place else x,
                    "value": y,
                    "part": part,
                }
                part += x in self.indicator.breaks

    def short(self, value):
        """A figure without the noughts that only say how exactly it was measured."""
        return self.words(Decimal(plain(value).replace(",", "")))

    def words(self, value):
        """A figure as its source wrote it, with the sign of its unit: the unit itself stands above the chart."""
        unit = self.unit
        sign = MINUS if value < 0 else "+" if value > 0 and self._goes_both_ways else ""
        written = f"{abs(value):,f}"
        if unit.startswith("£ million"):
            return f"{sign}£{written}m"
        if unit.startswith("£"):
            return f"{sign}£{written}"
        if unit.startswith("per cent"):
            return f"{sign}{written}%"
        if unit.startswith("pence"):
            return f"{sign}{written}p"
        if unit.startswith("million"):
            return f"{sign}{written}m"
        return f"{sign}{written}"

    @cached_property
    def _goes_both_ways(self):
        values = [y for line in self.indicator.series for _, y in line.points]
        return min(values) < 0 < max(values)


def period(x):
    """A year, a month or a region as readers know it."""
    place = reference.places().get(x)
    return place.name if place else Day.parse(x).in_words()


def day_of(x):
    """The day at which a year or month is drawn: its last."""
    return Day.parse(x).last_day


@lru_cache(maxsize=1)
def figures():
    """Return every figure by its key."""
    return {slug: Figure(indicator) for slug, indicator in reference.indicators().items()}


@lru_cache(maxsize=1)
def groups():
    """Return the figures as the page tells them."""
    left = dict(figures())
    told = [Group(title, lede, tuple(left.pop(slug) for slug in slugs)) for title, lede, slugs in GROUPS]
    if left:
        told.append(Group("Other figures", "", tuple(left.values())))
    return tuple(told)
