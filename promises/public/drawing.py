"""How a card is drawn: its letters, its marks, and the colours that every picture of ours shares.

Imported where a picture is made, not before: Pillow takes four megabytes in each worker.
"""

import io
import threading
from datetime import date
from functools import lru_cache
from math import cos, pi, sin

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

from promises.public.cards import HEIGHT, WIDTH
from promises.public.citations import NAME
from promises.statuses import Status

MARGIN = 64
COLUMN = WIDTH - 2 * MARGIN
PAPER, INK, MUTED, RULE = "#fbfaf6", "#16202e", "#56616f", "#dcd8cd"
INKS = {
    Status.KEPT: "#14735a",
    Status.WATERED_DOWN: "#9a5b00",
    Status.BROKEN: "#b3202a",
    Status.IN_PROGRESS: "#56616f",
}
FILLS = {**INKS, Status.WATERED_DOWN: "#d98a12", Status.IN_PROGRESS: "#b9bec5"}
TITLE_SIZES = range(74, 39, -2)
FOOT_SIZES = range(25, 19, -1)
MOST_LINES = 3
MEASURED = 60
FINER = 4
"""Marks are drawn this many times larger, then made small, so that their edges are smooth."""
ONE_AT_A_TIME = threading.Lock()  # a font is not safe to draw with from two threads


def png(card):
    """The card as PNG."""
    with ONE_AT_A_TIME:
        image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        _Drawing(image).card(card)
    file = io.BytesIO()
    image.quantize(96, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


class _Drawing:
    """A card being drawn."""

    def __init__(self, image):
        self.image = image
        self.draw = ImageDraw.Draw(image)

    def card(self, card):
        self.draw.rectangle((0, 0, WIDTH, 7), fill=INK)
        self._masthead(card)
        self._title(card.title, TITLE_SIZES[6:] if card.counts else TITLE_SIZES)
        if card.counts:
            self._counts(card.counts)
            self._shares(card.counts)
        else:
            self._verdict(card)
            self._strip(card.runs)
        self._foot(card)

    def _masthead(self, card):
        self._mark("brand", MARGIN, 50, 40, INK)
        end = self._text(MARGIN + 54, 82, NAME, serif(32, 600), INK)
        if card.kicker:
            font = sans(26, 400)
            kicker = _cut(card.kicker, font, WIDTH - MARGIN - end - 60)
            self._text(WIDTH - MARGIN - font.width(kicker), 82, kicker, font, MUTED)
        self.draw.line((MARGIN, 110, WIDTH - MARGIN, 110), fill=RULE, width=2)

    def _title(self, title, sizes):
        size, lines = _fitted(title, sizes)
        font, leading = serif(size, 600), round(size * 1.16)
        top = 128 + max(0, (3 * 74 * 1.16 - len(lines) * leading) / 2.6)
        for at, line in enumerate(lines):
            self._text(MARGIN, round(top + size * 0.92 + at * leading), line, font, INK)

    def _verdict(self, card):
        base, at = 472, MARGIN
        if card.status:
            self._mark(card.status, MARGIN, base - 42, 52, INKS[card.status])
            at = self._text(MARGIN + 70, base, card.status.label, sans(46, 600), INKS[card.status]) + 18
        self._text(at, base, card.beside, sans(32, 400), MUTED)

    def _counts(self, counts):
        step = COLUMN // len(counts)
        for at, (key, n) in enumerate(counts):
            left, status = MARGIN + at * step, Status(key)
            self._mark(status, left, 392, 44, INKS[status])
            self._text(left + 58, 432, f"{n:,}", serif(54, 600), INK)
            self._text(left + 58, 472, status.label.lower(), sans(30, 600), INKS[status])

    def _foot(self, card):
        """Day and version on the left, the address on the right: as large as both fit, else the address is cut."""
        for size in FOOT_SIZES:
            font = sans(size, 400)
            if font.width(card.pinned) + font.width(card.address) + 40 <= COLUMN:
                break
        end = self._text(MARGIN, 540, card.pinned, font, MUTED)
        address = _cut(card.address, font, WIDTH - MARGIN - end - 40)
        self._text(WIDTH - MARGIN - font.width(address), 540, address, font, INK)

    def _strip(self, runs):
        """The statuses along the years, over the whole width of the bottom edge."""
        if not runs:
            return
        begin, end = date(runs[0][1].year, 1, 1), max(runs[-1][2], date(runs[0][1].year + 1, 1, 1))
        scale = WIDTH / (end - begin).days
        for key, first, after in runs:
            left, right = round((first - begin).days * scale), round((after - begin).days * scale)
            self.draw.rectangle((left, 590, max(left + 3, right - 2), HEIGHT), fill=FILLS[Status(key)])
        font, free_from = sans(19, 400), MARGIN
        for year in range(begin.year, end.year + 1):
            left = round((date(year, 1, 1) - begin).days * scale)
            if left + 50 > WIDTH or left < free_from - MARGIN:
                continue
            self.draw.line((left, 572, left, 588), fill=MUTED, width=2)
            free_from = self._text(left + 7, 585, str(year), font, MUTED) + MARGIN + 10

    def _shares(self, counts):
        total, left = sum(n for _, n in counts), 0.0
        for key, n in counts:
            if n:
                right = left + WIDTH * n / total
                self.draw.rectangle(
                    (round(left), 590, max(round(left) + 2, round(right) - 3), HEIGHT), fill=FILLS[Status(key)]
                )
                left = right

    def _text(self, left, base, words, font, colour):
        """Write words on a base line; returns where they end."""
        for part, face in font.parts(words):
            self.draw.text((left, base), part, font=face, fill=colour, anchor="ls")
            left += face.getlength(part)
        return round(left)

    def _mark(self, name, left, top, size, colour):
        mask = _mask(name, size)
        self.image.paste(colour, (left, top), mask)
        if name == "brand":
            self.image.paste(INKS[Status.BROKEN], (left, top), _mask("brand, broken", size))


# Words that fit


def _fitted(title, sizes=TITLE_SIZES):
    """The largest size in which a title fits its lines, and those, about equally long; at the smallest it is cut.

    Words are measured once, at one size: letters grow as they do.
    """
    measure, words = serif(MEASURED, 600), title.split()
    widths, blank = [measure.width(word) for word in words], measure.width(" ")
    for size in sizes:
        room = COLUMN * 0.985 * MEASURED / size
        lines = _lines(words, widths, blank, room)
        if len(lines) <= MOST_LINES:
            break
    for step in range(1, 40):
        narrower = _lines(words, widths, blank, room * (1 - step / 80))
        if len(narrower) > min(len(lines), MOST_LINES):
            break
        lines = narrower
    font, left = serif(size, 600), lines[MOST_LINES - 1 :]
    lines = [*lines[: MOST_LINES - 1], *([" ".join(left)] if left else [])]
    return size, [_cut(line, font, COLUMN) for line in lines]


def _lines(words, widths, blank, room):
    """The words in as few lines as hold them."""
    lines, used = [], 0
    for word, width in zip(words, widths, strict=True):
        if lines and used + blank + width <= room:
            lines[-1] += f" {word}"
            used += blank + width
        else:
            lines.append(word)
            used = width
    return lines


def _cut(text, font, width):
    """The text, or as much of its beginning as fits with dots after it."""
    if font.width(text) <= width:
        return text
    room, end = width - font.width("…"), 0
    while end < len(text) and font.width(text[: end + 1]) <= room:
        end += 1
    return f"{text[:end].rstrip()}…" if end else ""


# Letters

LATIN = frozenset(
    [
        *range(0x100),
        0x131,
        0x152,
        0x153,
        0x2BB,
        0x2BC,
        0x2C6,
        0x2DA,
        0x2DC,
        *range(0x2000, 0x2070),
        0x20AC,
        0x2122,
        0x2212,
    ]
)
"""What the smaller file of a font holds, as in tokens.css; the rest is looked for in the larger."""


class _Font:
    """A font of one size and weight, in its two files."""

    def __init__(self, family, size, weight):
        self.faces = [_face(family, part, size, weight) for part in ("latin", "latin-ext")]

    def parts(self, words):
        """Cut words where the file changes: (part, file)."""
        at = 0
        for end in range(1, len(words) + 1):
            if end == len(words) or self._face_of(words[end]) is not self._face_of(words[at]):
                yield words[at:end], self._face_of(words[at])
                at = end

    def _face_of(self, letter):
        return self.faces[ord(letter) not in LATIN]

    def width(self, words):
        return sum(face.getlength(part) for part, face in self.parts(words))


def _face(family, part, size, weight):
    path = settings.BASE_DIR / "static" / "fonts" / f"{family}-{part}-wght-normal.woff2"
    face = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    face.set_variation_by_axes([weight])
    return face


@lru_cache(maxsize=64)
def serif(size, weight):
    return _Font("source-serif-4", size, weight)


@lru_cache(maxsize=64)
def sans(size, weight):
    return _Font("source-sans-3", size, weight)


# Marks: those of templates/promises/_icons.html, in the same 24 by 24


@lru_cache(maxsize=64)
def _mask(name, size):
    """A mark as a mask: white where it is inked."""
    unit = size * FINER / 24
    image = Image.new("L", (size * FINER, size * FINER), 0)
    MARKS[name](ImageDraw.Draw(image), lambda *points: [(x * unit, y * unit) for x, y in points], unit)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _disc(draw, at, ink=255, radius=11):
    draw.ellipse(at((12 - radius, 12 - radius), (12 + radius, 12 + radius)), fill=ink)


def _kept(draw, at, unit):
    _disc(draw, at)
    tick = [(10.1, 17.7), (5.3, 12.9), (7.3, 10.9), (10.1, 13.7), (16.7, 6.9), (18.7, 8.9)]
    draw.polygon(at(*tick), fill=0)


def _watered_down(draw, at, unit):
    _disc(draw, at)
    arc = [(12 - 8.9 * cos(pi * step / 40), 11.6 - 8.7 * sin(pi * step / 40)) for step in range(41)]
    wave = [(20.9 - 17.8 * step / 64, 11.6 + 1.1 * sin(4 * pi * step / 64)) for step in range(65)]
    draw.polygon(at(*arc, *wave), fill=0)


def _broken(draw, at, unit):
    _disc(draw, at)
    left = [(12, -1), (11.7, 1), (9, 8.4), (12.6, 12.3), (8.6, 16.1), (9.9, 22.8), (10.1, 25)]
    right = [(12.5, 25), (12.7, 23), (11.5, 16.9), (15.7, 12.4), (12.1, 8.2), (14.5, 1.3), (15.2, -1)]
    draw.polygon(at(*left, *right), fill=0)


def _in_progress(draw, at, unit):
    box = at((12 - 10.95, 12 - 10.95), (12 + 10.95, 12 + 10.95))
    for dash in range(8):
        draw.arc(box, dash * 45, dash * 45 + 27, fill=255, width=round(2.3 * unit))


def _brand(draw, at, unit):
    for left, top, right, bottom in [
        (2, 19.5, 22, 21.3),
        (3.6, 13, 7.8, 18.2),
        (9.9, 5, 14.1, 18.2),
        (16.2, 10, 20.4, 18.2),
    ]:
        draw.rectangle(at((left, top), (right, bottom)), fill=255)


def _brand_broken(draw, at, unit):
    for left in (3.6, 16.2):
        draw.rectangle(at((left, 5), (left + 4.2, 7)), fill=255)


MARKS = {
    Status.KEPT: _kept,
    Status.WATERED_DOWN: _watered_down,
    Status.BROKEN: _broken,
    Status.IN_PROGRESS: _in_progress,
    "brand": _brand,
    "brand, broken": _brand_broken,
}
