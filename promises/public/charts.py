"""Counts in, SVG out. Only numbers and words of our own go into a drawing, so none needs escaping but labels."""

from datetime import date
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import mark_safe

from promises import reference
from promises.dates import Day, in_words
from promises.statuses import Status

WIDTH, HEIGHT = 516, 230
"""The plot of the chart of statuses over time; names stand to its right, events above, years below."""
NAMES_AT, NAMES_APART = 526, 22
EVENT_ROWS = (-8, -26, -44)
LETTER = 10.4
"""The width of a letter where text is largest, on a phone: labels that keep apart there keep apart everywhere."""
MOST_STEPS = 4000
STRIP_WIDTH = 160
GROUND_UP = (Status.BROKEN, Status.WATERED_DOWN, Status.KEPT, Status.IN_PROGRESS)
KEYS_UP = tuple(status.value for status in GROUND_UP)


def _number(value):
    """A coordinate, as short as it can be."""
    return f"{value:.1f}".removesuffix(".0")


# Strips and bars


def strip(runs, axis):
    """The statuses of one promise along the years: runs of (status key, first day, day after the last)."""
    begin, end = axis
    scale = STRIP_WIDTH / max(1, (end - begin).days)
    shapes, said = {}, []
    for key, first, after in runs:
        left, width = max(0, (first - begin).days) * scale, (after - max(first, begin)).days * scale
        width = _number(max(1.2, width))
        shapes[key] = f"{shapes.get(key, '')}M{_number(left)} 3h{width}v8h-{width}z"
        said.append(_said(key, first))
    drawn = "".join([f'<path class="{key}" d="{parts}"/>' for key, parts in shapes.items()])
    return mark_safe(  # noqa: S308
        f'<svg class="strip" viewBox="0 0 {STRIP_WIDTH} 14" preserveAspectRatio="none" role="img" '
        f'aria-label="{"; ".join(said)}"><path class="years" d="{_years(begin, end)}"/>{drawn}</svg>'
    )


@lru_cache(maxsize=2048)
def _said(key, first):
    return f"{Status(key).label} from {in_words(first)}"


@lru_cache(maxsize=64)
def _years(begin, end):
    scale = STRIP_WIDTH / max(1, (end - begin).days)
    firsts = (date(year, 1, 1) for year in range(begin.year, end.year + 1))
    return "".join(f"M{_number((first - begin).days * scale)} 0v14" for first in firsts if first > begin)


def bar(counts):
    """A bar whose parts are as wide as their number; an empty track where there is nothing."""
    total = sum(counts.values())
    parts, left = [], 0
    for status in Status:
        if width := counts.get(status.value, 0):
            at = f' x="{left}"' if left else ""
            parts.append(f'<rect class="{status.value}"{at} width="{width}" height="1"/>')
            left += width
    drawn = "".join(parts) or '<rect class="track" width="1" height="1"/>'
    return mark_safe(  # noqa: S308
        f'<svg class="bar" viewBox="0 0 {max(1, total)} 1" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'
    )


def shares(counts):
    """The share of each status in ten-thousandths, which add up to ten thousand; nought where there is nothing."""
    total = sum(counts.values())
    if not total:
        return dict.fromkeys(counts, 0)
    given, left = {}, 10_000
    whole = {key: n * 10_000 // total for key, n in counts.items()}
    left -= sum(whole.values())
    for key in sorted(counts, key=lambda key: -(counts[key] * 10_000 % total)):
        given[key] = whole[key] + (1 if left > 0 else 0)
        left -= 1
    return given


# The chart of statuses over time


def stack(points, *, description):
    """The number of promises in each status over time, stacked from the ground up; empty with fewer than two points."""
    if len(points) < 2:
        return ""
    first, last = points[0].day, points[-1].day
    most = max(point.total for point in points) or 1

    def x(day):
        return (day - first).days / (last - first).days * WIDTH

    drawn = []
    at = [_number(x(point.day)) for point in points]
    tops = [0] * len(points)
    layers = []
    for key in KEYS_UP:
        tops = [top + point.counts[key] for top, point in zip(tops, points, strict=True)]
        layers.append((key, tops))
    for key, tops in reversed(layers):  # the highest first: each is drawn down to the ground, the next over it
        line = "L".join([f"{x} {_number(HEIGHT - top / most * HEIGHT)}" for x, top in zip(at, tops, strict=True)])
        drawn.append(f'<path class="{key} area" d="M0 {HEIGHT}L{line}V{HEIGHT}z"/>')
    drawn.append(_events(first, last))
    drawn.append(f'<path class="axis" d="M0 {HEIGHT}H{WIDTH + 4}"/>')
    drawn.append(_ticks(first, last))
    drawn.append(_names(points[-1].counts, most))
    data = "|".join(
        [" ".join([point.day.isoformat(), *[str(point.counts[key]) for key in KEYS_UP]]) for point in points]
    )
    return mark_safe(  # noqa: S308
        f'<svg class="stack" viewBox="0 -62 676 316" role="img" aria-labelledby="chart-title chart-description" '
        f'data-points="{data}"><title id="chart-title">Promises by status, month by month</title>'
        f'<desc id="chart-description">{escape(description)}</desc>{"".join(drawn)}</svg>'
    )


def _ticks(first, last):
    years = [date(year, 1, 1) for year in range(first.year + 1, last.year + 1)]
    step = max(1, -(-len(years) // 8))
    drawn = []
    for place, day in enumerate(years):
        if place % step:
            continue
        x = _number((day - first).days / (last - first).days * WIDTH)
        minor = " minor" if (place // step) % 2 and len(years) > 4 else ""
        drawn.append(
            f'<path class="tick" d="M{x} {HEIGHT}v5"/><text class="year{minor}" x="{x}" y="{HEIGHT + 20}">{day.year}</text>'
        )
    return "".join(drawn)


def _names(counts, most):
    """The number and name of each area beside its right end, pushed apart where areas are thin."""
    wanted, ground = [], 0
    for status in GROUND_UP:
        if n := counts[status.value]:
            middle = HEIGHT - (ground + n / 2) / most * HEIGHT + 5
            wanted.append([status, n, middle])
            ground += n
    lowest = HEIGHT + 4
    for place in wanted:  # from the ground up: none lower than the one before, and none below the ground
        place[2] = min(place[2], lowest)
        lowest = place[2] - NAMES_APART
    highest = 8
    for place in reversed(wanted):
        place[2] = max(place[2], highest)
        highest = place[2] + NAMES_APART
    return "".join(
        f'<text class="name {status.value}" x="{NAMES_AT}" y="{_number(round(y, 1))}">{n:,} {status.label.lower()}</text>'
        for status, n, y in wanted
    )


def _events(first, last):
    """The agenda's days as dashed lines, with as many labels as keep apart."""
    span = (last - first).days
    days = [
        (Day(event.date).last_day, event.label)
        for event in reference.events()
        if first < Day(event.date).last_day < last
    ]
    marks = tuple((round((day - first).days / span * WIDTH, 1), label) for day, label in days)
    drawn = []
    for (x, label), place in zip(marks, _placed(marks), strict=True):
        if place is None:
            drawn.append(f'<path class="event" d="M{_number(x)} 0V{HEIGHT}"/>')
            continue
        row, side = place
        at, anchor = (x + 4, "") if side == "start" else (x - 4, ' text-anchor="end"')
        drawn.append(
            f'<path class="event" d="M{_number(x)} {EVENT_ROWS[row] - 8}V{HEIGHT}"/>'
            f'<text class="event" x="{_number(round(at, 1))}" y="{EVENT_ROWS[row]}"{anchor}>{escape(label)}</text>'
        )
    return "".join(drawn)


@lru_cache(maxsize=256)
def _placed(marks):
    """Where each label goes, (row, side) or None where there is no room: the first way in which most find room."""
    best, steps = [None] * len(marks), 0

    def spread(number, taken, places):
        nonlocal best, steps
        steps += 1
        if sum(map(bool, places)) > sum(map(bool, best)):
            best = places + [None] * (len(marks) - number)
        if number == len(marks) or steps > MOST_STEPS:
            return number == len(marks) and all(places)
        x, label = marks[number]
        width = len(label) * LETTER
        for row in range(len(EVENT_ROWS)):
            for side in ("start", "end"):
                left, right = (x + 4, x + 4 + width) if side == "start" else (x - 4 - width, x - 4)
                mine = (row, left, right, x)
                if left < 0 or right > 676 or any(_meet(mine, other) or _meet(other, mine) for other in taken):
                    continue
                if spread(number + 1, [*taken, mine], [*places, (row, side)]):
                    return True
        return spread(number + 1, taken, [*places, None])

    spread(0, [], [])
    return best


def _meet(one, other):
    """Whether one label would lie over another, or be cut by the other's line on its way down."""
    (row, left, right, _), (its_row, its_left, its_right, its_x) = one, other
    if row == its_row:
        return left < its_right + 6 and its_left < right + 6
    return row < its_row and left - 2 < its_x < right + 2
