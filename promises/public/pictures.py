"""Charts to take away: the drawings of our pages as SVG and PNG that need nothing else, each with its source.

The geometry is read from the page's own drawing, so that a picture cannot differ from its page.
"""

import io
import re
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import hypot
from urllib.parse import urlsplit
from xml.etree import ElementTree

from django.http import HttpResponse
from PIL import Image, ImageDraw

from promises import reference
from promises.public import charts, sentences
from promises.public.citations import NAME
from promises.public.columns import LICENCE
from promises.public.drawing import FILLS, INK, INKS, MUTED, ONE_AT_A_TIME, RULE, sans, serif
from promises.public.responses import NOT_IN_XML, file_name, open_to_all, public
from promises.statuses import Status

WIDTH, MARGIN = 800, 32
COLUMN = WIDTH - 2 * MARGIN
LARGER = 2
"""A PNG has so many dots to each unit of the drawing."""
FINER = 2
"""Shapes are drawn this many times larger still, then made small, so that their edges are smooth."""
GROUND, LINK, EDGE, TRACK = "#ffffff", "#1b4b8f", "#7f8893", "#ece8de"
SERIF = "'Source Serif 4', Georgia, 'Times New Roman', serif"
SANS = "'Source Sans 3', 'Helvetica Neue', Arial, sans-serif"
SAFE = 0.92
"""Of the width, what words are given: a reader without our fonts sees wider ones."""
TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, slots=True)
class Path:
    """Runs of points, joined; filled, stroked or both."""

    runs: tuple
    fill: str = ""
    stroke: str = ""
    width: float = 1
    dash: tuple = ()


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    radius: float
    fill: str


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text on its base line; `anchor` as SVG has it."""

    x: float
    y: float
    text: str
    size: float
    fill: str = MUTED
    weight: int = 400
    anchor: str = "start"
    family: str = SANS

    @property
    def font(self):
        return (serif if self.family is SERIF else sans)(round(self.size * LARGER), self.weight)


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything drawn, in its order; `title` and `description` are for those who do not see it."""

    title: str
    description: str
    height: int
    drawn: tuple


# What is on them


def of_chart(asked):
    """The chart of statuses over time that a question gives."""
    moment = asked.moment
    pinned = asked.tracker_address(status=None, sort=None, edition=moment.number or None, as_of=moment.day.isoformat())
    sheet = _Sheet(sentences.headline(asked), "Promises by status, month by month")
    drawing = charts.stack(asked.series, description=sentences.described(asked.series))
    if drawing:
        sheet.copy(drawing)
    else:
        sheet.say("There are too few days yet for a chart.", 17, MUTED)
    foot = f"{NAME}, edition {moment.number}, as of {moment.day_in_words} · {LICENCE} · {_address(pinned)}"
    return sheet.done([foot], sentences.described(asked.series))


def of_figure(figure):
    """One of the figures that frame the promises."""
    sheet = _Sheet(figure.title, figure.unit)
    if figure.form == "number":
        sheet.say(figure.number, 64, INK, weight=600, family=SERIF)
        sheet.say(figure.number_is, 18, MUTED)
    elif figure.form == "bars":
        sheet.bars(figure)
    else:
        sheet.key(figure)
        sheet.copy(figure.chart)
    source, *others = figure.sources
    told = [source.title, source.publisher, source.published.in_words() if source.published else ""]
    more = f", and {len(others)} more" if others else ""
    foot = [f"Source: {', '.join(part for part in told if part)}{more}"]
    if figure.form == "lines" and figure.scale_begins_at:
        foot.insert(0, f"The scale begins at {figure.scale_begins_at}, not at nought.")
    dated = reference.dated("indicators.yaml").in_words()
    foot.append(f"{NAME}, as looked through on {dated} · {LICENCE} · {_address(f'/context/#{figure.slug}')}")
    return sheet.done(foot, figure.description)


def _address(path):
    return f"{urlsplit(public('')).netloc}{path}"


class _Sheet:
    """A picture being put together from the top down."""

    def __init__(self, title, beneath):
        self.title, self.drawn, self.y = title, [_box(0, 0, WIDTH, 4, INK)], 26
        self.say(title, 27, INK, weight=600, family=SERIF)
        self.y += 5
        self.say(beneath, 15, MUTED)
        self.y += 14

    def say(self, text, size, fill, **look):
        """Write a text over as many lines as it needs."""
        for line in _lines(text, Words(0, 0, "", size, **look).font):
            self.y += round(size * 1.25)
            self.drawn.append(Words(MARGIN, self.y, line, size, fill, **look))

    def copy(self, drawing):
        """Put down a drawing of a page, as wide as the column."""
        root = ElementTree.fromstring(drawing)  # noqa: S314  (made by ourselves a moment ago)
        left, top, width, height = map(float, root.get("viewBox").split())
        scale = COLUMN / width

        def at(x, y, down=self.y):
            return round(MARGIN + (x - left) * scale, 1), round(down + (y - top) * scale, 1)

        self.drawn += filter(None, (_copied(node, at) for node in root))
        self.y += round(height * scale)

    def key(self, figure):
        """What each line means: a sample and its words, side by side while there is room."""
        told = [(key.look, f"{key.name} {key.figure} in {key.when}") for key in figure.key]
        if figure.has_rest:
            told.append(("rest", "the other regions"))
        left, self.y = MARGIN, self.y + 18
        for look, text in told:
            words = Words(left + 38, self.y, text, 15, INK)
            width = 38 + words.font.width(text) / LARGER / SAFE
            if left > MARGIN and left + width > WIDTH - MARGIN:
                left, self.y = MARGIN, self.y + 22
            self.drawn.append(Path((((left, self.y - 5), (left + 28, self.y - 5)),), **LINES[look]))
            self.drawn.append(Words(left + 38, self.y, text, 15, INK))
            left += round(width) + 24
        self.y += 16

    def bars(self, figure):
        if figure.bars_are:
            self.say(figure.bars_are, 15, MUTED, weight=600)
            self.y += 6
        for bar in figure.bars:
            self.y += 20
            self.drawn.append(Words(MARGIN, self.y, bar.name, 16, INK))
            self.drawn.append(Words(WIDTH - MARGIN, self.y, bar.figure, 16, INK, weight=600, anchor="end"))
            self.drawn.append(_box(MARGIN, self.y + 7, WIDTH - MARGIN, self.y + 16, TRACK))
            self.drawn.append(_box(MARGIN, self.y + 7, MARGIN + COLUMN * bar.length / 1000, self.y + 16, MUTED))
            self.y += 22

    def done(self, foot, description):
        self.y += 16
        self.drawn.append(Path((((MARGIN, self.y), (WIDTH - MARGIN, self.y)),), stroke=RULE))
        self.y += 6
        for text in foot:
            self.say(text, 13, MUTED)
        return Picture(self.title, description, self.y + 22, tuple(self.drawn))


def _box(left, top, right, bottom, fill):
    return Path((((left, top), (right, top), (right, bottom), (left, bottom)),), fill=fill)


def _lines(text, font):
    """A text in lines that fit; what has no blank breaks after a mark of its address, or anywhere."""
    room, lines = COLUMN * SAFE * LARGER, [""]
    for piece in re.findall(r"\s*[^\s/?&]*[/?&]*", text):
        if font.width((lines[-1] + piece).strip()) > room and lines[-1].strip():
            lines.append("")
            piece = piece.lstrip()
        while font.width(piece) > room:
            fits = next(end for end in range(len(piece) - 1, 0, -1) if font.width(piece[:end]) <= room)
            lines[-1], piece = piece[:fits], piece[fits:]
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines if line.strip()]


# What a page's drawing says, with the looks that site.css gives its classes

LINES = {
    "a": {"stroke": INK, "width": 2.5},
    "b": {"stroke": LINK, "width": 2.5, "dash": (7, 3)},
    "c": {"stroke": FILLS[Status.WATERED_DOWN], "width": 2.5, "dash": (2, 3)},
    "d": {"stroke": INKS[Status.KEPT], "width": 2.5, "dash": (9, 3, 2, 3)},
    "rest": {"stroke": EDGE},
}
PATHS = {
    "axis": {"stroke": INK},
    "tick": {"stroke": MUTED},
    "grid": {"stroke": RULE},
    "event": {"stroke": INK, "dash": (2, 3)},
}
STEP = re.compile(r"([MLHVhvz])([^MLHVhvz]*)")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def _copied(node, at):
    """One shape of a page's drawing where the picture has it; None for what is not seen."""
    looks = node.get("class", "").split()
    status = next((Status(look) for look in looks if look in Status.values), None)
    if node.tag == "path":
        runs = tuple(tuple(at(x, y) for x, y in run) for run in _runs(node.get("d")))
        if "area" in looks:
            return Path(runs, fill=FILLS[status], stroke=GROUND)
        return Path(runs, **(LINES[looks[1]] if looks[0] == "line" else PATHS[looks[0]]))
    if node.tag == "circle":
        return Dot(*at(float(node.get("cx")), float(node.get("cy"))), float(node.get("r")), LINES[looks[1]]["stroke"])
    if node.tag == "text":
        strong = looks[0] in ("name", "value")
        fill = INKS[status] if status else INK if strong else MUTED
        x, y = at(float(node.get("x")), float(node.get("y")))
        weight = 600 if strong else 400
        return Words(x, y, node.text, 15, fill, weight, node.get("text-anchor", "start"))
    return None


def _runs(steps):
    """The points of a path, each run for itself."""
    runs, x, y = [], 0.0, 0.0
    for letter, numbers in STEP.findall(steps):
        given = [float(number) for number in NUMBER.findall(numbers)]
        if letter in "ML":
            x, y = given
        elif letter in "Hh":
            x = given[0] + (x if letter == "h" else 0)
        elif letter in "Vv":
            y = given[0] + (y if letter == "v" else 0)
        if letter == "M":
            runs.append([])
        if letter != "z":
            runs[-1].append((x, y))
    return runs


# As SVG


def svg(picture):
    """The picture as SVG: presentation attributes alone, no font or style from elsewhere."""
    drawn = "".join(_as_element(shape) for shape in picture.drawn)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {picture.height}" width="{WIDTH}" '
        f'height="{picture.height}" role="img" aria-labelledby="title description" font-family="{SANS}">'
        f'<title id="title">{_safe(picture.title)}</title><desc id="description">{_safe(picture.description)}</desc>'
        f'<rect width="{WIDTH}" height="{picture.height}" fill="{GROUND}"/>{drawn}</svg>\n'
    ).encode()


def _as_element(shape):
    if isinstance(shape, Words):
        anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
        weight = f' font-weight="{shape.weight}"' if shape.weight != 400 else ""
        family = f' font-family="{shape.family}"' if shape.family != SANS else ""
        return (
            f'<text x="{_short(shape.x)}" y="{_short(shape.y)}" font-size="{_short(shape.size)}" '
            f'fill="{shape.fill}"{weight}{anchor}{family}>{_safe(shape.text)}</text>'
        )
    if isinstance(shape, Dot):
        return (
            f'<circle cx="{_short(shape.x)}" cy="{_short(shape.y)}" r="{_short(shape.radius)}" '
            f'fill="{shape.fill}" stroke="{GROUND}"/>'
        )
    steps = "".join("M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in run) for run in shape.runs)
    stroke = f' stroke="{shape.stroke}"' if shape.stroke else ""
    width = f' stroke-width="{_short(shape.width)}" stroke-linejoin="round"' if shape.width != 1 else ""
    dash = f' stroke-dasharray="{" ".join(map(str, shape.dash))}"' if shape.dash else ""
    end = "Z" if shape.fill else ""
    return f'<path d="{steps}{end}" fill="{shape.fill or "none"}"{stroke}{width}{dash}/>'


def _short(number):
    return f"{number:.1f}".removesuffix(".0")


def _safe(text):
    return escape(NOT_IN_XML.sub("", str(text)))


# As PNG


def png(picture):
    """The picture as PNG: the same bytes for the same picture."""
    size = (WIDTH * LARGER, picture.height * LARGER)
    fine = Image.new("RGB", (size[0] * FINER, size[1] * FINER), GROUND)
    draw = ImageDraw.Draw(fine)
    for shape in picture.drawn:
        if not isinstance(shape, Words):
            _draw(draw, shape, LARGER * FINER)
    image = fine.reduce(FINER)
    with ONE_AT_A_TIME:
        _write(ImageDraw.Draw(image), [shape for shape in picture.drawn if isinstance(shape, Words)])
    file = io.BytesIO()
    image.quantize(96, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw(draw, shape, scale):
    if isinstance(shape, Dot):
        x, y, radius = shape.x * scale, shape.y * scale, shape.radius * scale
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, fill=shape.fill, outline=GROUND, width=scale)
        return
    for run in shape.runs:
        points = [(x * scale, y * scale) for x, y in run]
        if shape.fill:
            draw.polygon(points, fill=shape.fill)
            points.append(points[0])
        if shape.stroke:
            for part in _dashed(points, [length * scale for length in shape.dash]):
                draw.line(part, fill=shape.stroke, width=round(shape.width * scale), joint="curve")


def _dashed(points, dash):
    """Cut a line into its dashes; one without any stays whole."""
    if not dash:
        yield points
        return
    place, left, part = 0, dash[0], [points[0]]
    for (x, y), (to_x, to_y) in pairwise(points):
        length = hypot(to_x - x, to_y - y)
        gone = 0.0
        while length - gone > left:
            gone += left
            here = (x + (to_x - x) * gone / length, y + (to_y - y) * gone / length)
            if place % 2 == 0:
                yield [*part, here]
            place += 1
            left, part = dash[place % len(dash)], [here]
        left -= length - gone
        part.append((to_x, to_y))
    if place % 2 == 0 and len(part) > 1:
        yield part


def _write(draw, texts):
    for words in texts:
        width = words.font.width(words.text)
        x = words.x * LARGER - {"start": 0, "middle": width / 2, "end": width}[words.anchor]
        for part, face in words.font.parts(words.text):
            draw.text((round(x), round(words.y * LARGER)), part, font=face, fill=words.fill, anchor="ls")
            x += face.getlength(part)


# As answers


def answer_chart(asked, *, format):
    name = file_name(asked, format, of="chart")
    return _answer(of_chart(asked), format, name=name, canonical=asked.chart_address(format))


def answer_figure(figure, *, format, path):
    name = f"{figure.slug}-{reference.dated('indicators.yaml')}.{format}"
    return _answer(of_figure(figure), format, name=name, canonical=path)


def _answer(picture, format, *, name, canonical):
    content = {"svg": svg, "png": png}[format](picture)
    return open_to_all(HttpResponse(content, content_type=TYPES[format]), canonical=canonical, name=name)
