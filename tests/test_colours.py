"""Every colour of text stands out from every ground it is set on, in both schemes."""

import re
from itertools import product
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parent.parent / "static" / "css"
SHEETS = ("site.css", "embed.css", "desk.css")

STATUS_PAIRS = [("kept", "kept-soft"), ("watered", "watered-soft"), ("broken", "broken-soft"), ("open", "open-soft")]
GROUNDS = ("paper", "sheet")
TEXT_PAIRS = [
    *product(("ink", "muted", "link", "kept", "watered", "broken", "open"), GROUNDS),
    *product(("ink", "link"), ("kept-soft", "watered-soft", "broken-soft", "open-soft", "rule-soft", "mark")),
    *STATUS_PAIRS,
    ("paper", "ink"),  # buttons
    ("paper", "link"),  # buttons under the pointer
]
SHAPE_PAIRS = [*product(("edge", "kept", "broken", "open"), GROUNDS), ("focus", "focus-ring")]
SCHEMES = ("light", "dark", "print")


def tokens(scheme):
    """Take a scheme's name; give its colours by token, those of the light scheme where it has none of its own."""
    css = (CSS / "tokens.css").read_text()
    opening = {
        "light": r"@layer tokens \{\s*:root \{(.*?)\}",
        "dark": r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}",
        "print": r"@media print \{\s*:root \{(.*?)\}",
    }
    found = {}
    for name in dict.fromkeys(("light", scheme)):
        block = re.search(opening[name], css, re.S).group(1)
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
    return found


def luminance(colour):
    """Take a colour as #rrggbb; give its relative luminance as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """Take two colours; give their contrast, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_the_standard_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_its_ground(scheme):
    colours = tokens(scheme)
    weak = {
        f"{text} on {ground}": round(contrast(colours[text], colours[ground]), 2)
        for text, ground in TEXT_PAIRS
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert weak == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_fields_and_verdicts_stand_out_from_the_page(scheme):
    colours = tokens(scheme)
    weak = {
        f"{shape} on {ground}": round(contrast(colours[shape], colours[ground]), 2)
        for shape, ground in SHAPE_PAIRS
        if contrast(colours[shape], colours[ground]) < 3
    }
    assert weak == {}


@pytest.mark.parametrize("sheet", SHEETS)
def test_colours_are_named_in_the_tokens_alone(sheet):
    css = re.sub(r"/\*.*?\*/", "", (CSS / sheet).read_text(), flags=re.S)
    assert re.findall(r"#[0-9a-f]{3,8}\b(?=[^{]*;)|\brgba?\(|\bhsla?\(", css) == []
