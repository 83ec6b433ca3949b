"""Lines through a few figures: numbers in, SVG out. Counts of promises are drawn in charts.py."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

WIDTH, HEIGHT = 400, 240
"""The plot, in units of the drawing."""
LEFT, RIGHT, ABOVE, BELOW = 72, 84, 24, 30
"""Room for the axis, the last figures, remarks and years, at the size that text has on a phone."""

FEW = 7
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Line:
    """A named line: its points in order as (day, figure), with `None` where the line is to be broken.

    `look` is its class in the style sheet.
    """

    name: str
    points: tuple
    look: str = "rest"
    end: str = ""
    """The last figure in words, written at the end of the line."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where figures stand between the lowest and the highest mark of an axis."""

    marks: tuple[Decimal, ...]

    def at(self, value):
        """Return the height of a value, counted from the top."""
        low, high = self.marks[0], self.marks[-1]
        return HEIGHT - float((value - low) / (high - low)) * HEIGHT


def scale_for(values, *, most=5):
    """Return an axis with at most so many round steps; it begins at nought unless that would flatten the line."""
    low, high = min(values), max(values)
    if 0 <= low < high * Decimal("0.5") or low == high:
        low = min(low, Decimal(0))
    if low < 0:
        high = max(high, Decimal(0))
    rough = (high - low) / most or Decimal(1)
    power = Decimal(10) ** floor(log10(rough))
    step = next(power * size for size in STEPS if power * size >= rough)
    first, last = floor(low / step), -floor(-high / step)
    return Scale(tuple(_short(step * number) for number in range(first, last + 1)))


def _short(number):
    return number.to_integral_value() if number == number.to_integral_value() else number.normalize()


def lines(lines, *, title, description, key, words, notes=(), points=""):
    """Return the drawing of several lines over the same years.

    `key` makes its ids unique in the page, `words` writes a figure of the axis, `notes` are (date, words)
    of places where a release ends, `points` what the reading line of site.js wants.
    """
    days = [point[0] for line in lines for point in line.points if point]
    across = Across(days)
    scale = scale_for([point[1] for line in lines for point in line.points if point])
    parts = [
        format_html('<title id="{0}-title">{1}</title><desc id="{0}-desc">{2}</desc>', key, title, description),
        _grid(scale, words),
        *(_note(across.at(day), text) for day, text in notes),
        _years(across),
        *(_line(line, across, scale) for line in lines),
        _ends(lines, across, scale),
    ]
    read = format_html(
        ' data-points="{}" data-names="{}" data-width="{}" data-height="{}"',
        points, "|".join(line.name.lower() for line in lines), WIDTH, HEIGHT,
    ) if points else ""  # fmt: skip
    return format_html(
        '<svg class="lines" viewBox="{} {} {} {}" role="img" aria-labelledby="{}-title" aria-describedby="{}-desc"{}>{}</svg>',
        -LEFT, -ABOVE, LEFT + WIDTH + RIGHT, ABOVE + HEIGHT + BELOW, key, key, read, mark_safe("".join(parts)),  # noqa: S308  (all escaped above)
    )  # fmt: skip


class Across:
    """Where a day stands between the first and the last."""

    def __init__(self, days):
        self.days = sorted(set(days))
        self.first, self.last = self.days[0], self.days[-1]

    def at(self, day):
        return (day - self.first).days / ((self.last - self.first).days or 1) * WIDTH

    @property
    def years(self):
        """The years to name, each with its day: those that have figures where these are few, else about five."""
        yearly = all((day.month, day.day) == (12, 31) for day in self.days)
        if yearly and len(self.days) <= FEW:
            return [(day.year, day) for day in self.days]
        span = self.last.year - self.first.year
        step = next(step for step in (1, 2, 5, 10, 20, 50) if span / step <= 6)
        days = [
            date(year, 12, 31) if yearly else date(year, 1, 1) for year in range(self.first.year, self.last.year + 1)
        ]
        return [(day.year, day) for day in days if day.year % step == 0 and self.first <= day <= self.last]


def _grid(scale, words):
    marks = [(tidy(scale.at(mark)), mark) for mark in scale.marks]
    drawn = format_html_join(
        "", '<path class="{}" d="M0 {}H{}"/>', [("axis" if not mark else "grid", y, WIDTH) for y, mark in marks]
    )
    return drawn + format_html_join(
        "",
        '<text class="mark" x="-10" y="{}" text-anchor="end">{}</text>',
        [(tidy(float(y) + 5), words(mark)) for y, mark in marks],
    )


def _note(x, text):
    return format_html(
        '<path class="event" d="M{} 0V{}"/><text class="event" x="{}" y="-8" text-anchor="middle">{}</text>',
        tidy(x), HEIGHT, tidy(x), text,
    )  # fmt: skip


def _years(across):
    places = [(tidy(across.at(day)), year) for year, day in across.years]
    ticks = format_html_join("", '<path class="tick" d="M{} {}v4"/>', [(x, HEIGHT) for x, _ in places])
    return ticks + format_html_join(
        "",
        '<text class="year" x="{}" y="{}" text-anchor="{}">{}</text>',
        [(x, HEIGHT + 22, "middle", year) for x, year in places],
    )


def _line(line, across, scale):
    """Draw each unbroken run; a run of one point, which no line would show, gets a dot."""
    drawn, dots = [], []
    for run in _runs(line.points):
        places = [(tidy(across.at(day)), tidy(scale.at(value))) for day, value in run]
        if len(places) > 1:
            drawn.append("M" + "L".join(f"{x} {y}" for x, y in places))
        if len(places) < 12:
            dots += places
    path = format_html('<path class="line {}" d="{}"/>', line.look, "".join(drawn)) if drawn else ""
    return path + format_html_join(
        "", f'<circle class="dot {line.look}" cx="{{}}" cy="{{}}" r="4"/>', dots if line.look != "rest" else []
    )


def _runs(points):
    run = []
    for point in points:
        if point is None:
            if run:
                yield run
            run = []
        else:
            run.append(point)
    if run:
        yield run


def _ends(lines, across, scale):
    """Write the last figure at the end of each line that has one, at least a line of text apart."""
    ends = []
    for line in lines:
        if line.end:
            day, value = [point for point in line.points if point][-1]
            ends.append([scale.at(value) + 5, across.at(day) + 10, line.end])
    ends.sort()
    for before, after in pairwise(ends):
        after[0] = max(after[0], before[0] + 22)
    return format_html_join(
        "", '<text class="value" x="{}" y="{}">{}</text>', [(tidy(x), tidy(y), words) for y, x, words in ends]
    )


def tidy(number):
    """Return a coordinate as short as it can be, whatever the language of the page."""
    return f"{number:.1f}".removesuffix(".0")
