"""A figure with its unit as readers are told it: `£2.5bn a year`, `£32 a head`, `62% of adults`."""

import re
from decimal import Decimal

POUNDS = re.compile(r"£\s?(bn|m|billion|million)?(?:\s+(.*))?")
SHORT = {"bn": "bn", "billion": "bn", "m": "m", "million": "m", None: ""}
ONE = {"buses": "bus", "people": "person"}
MINUS = "−"


def in_words(value, unit):
    """Return a figure (a whole number or the text of a decimal) with its unit."""
    value = Decimal(value)
    sign, size, unit = MINUS if value < 0 else "", abs(value), unit.strip()
    if money := POUNDS.fullmatch(unit):
        return f"{sign}{_money(size, SHORT[money[1]])}{_rest(money[2])}"
    if unit.startswith("%"):
        return f"{sign}{plain(size)}%{_rest(unit[1:])}"
    if unit.startswith("score "):
        return f"{sign}{plain(size)} {unit.removeprefix('score ')}"
    return f"{sign}{plain(size)} {_singular(unit) if size == 1 else unit}"


def plain(value):
    """Return a number with commas and no idle noughts: `600,000`, `2.5`."""
    value = Decimal(value)
    return f"{value:,f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"


def _money(size, scale):
    if scale == "m" and size >= 1000 and (size / 10) % 1 == 0:
        size, scale = size / 1000, "bn"
    if not size:
        scale = ""
    if not scale and size % 1:
        return f"£{size:,.2f}" if size.as_tuple().exponent >= -2 else f"£{plain(size)}"
    return f"£{plain(size)}{scale}"


def _rest(words):
    words = (words or "").strip().replace("per person", "a head")
    return f" {words}" if words else ""


def _singular(unit):
    if " " in unit:
        return unit
    return ONE.get(unit) or unit.removesuffix("s")
