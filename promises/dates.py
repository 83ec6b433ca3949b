"""Days known to the day, the month or only the year."""

import calendar
import re
from datetime import date

from django.core import exceptions
from django.db import models

KNOWN_AS = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2100
MONTHS = tuple(calendar.month_name)
"""Read once: each look into `calendar.month_name` writes a date."""
FOREVER = date(9999, 12, 31)
"""The open end of a stretch of time: later than any day, so that one comparison serves."""


class Day(str):
    """A day as it is known: `2024-02-29`, `2024-02` or `2024`; equal to its ISO text."""

    __slots__ = ()

    @classmethod
    def parse(cls, text):
        """Return the day that the text names; ValueError with a sentence where it names none."""
        text = str(text).strip()
        found = KNOWN_AS.fullmatch(text)
        if not found:
            raise ValueError(
                f"“{text[:40]}” is not a day. Write YYYY-MM-DD, or YYYY-MM or YYYY if that is all that is known."
            )
        year, month, day = (int(part) if part else None for part in found.groups())
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError(f"“{text}” is out of range. Years run from {FIRST_YEAR} to {LAST_YEAR}.")
        try:
            date(year, month or 1, day or 1)
        except ValueError:
            raise ValueError(f"“{text}” is not a day that exists. Check the month and the day.") from None
        return cls(text)

    @property
    def precision(self):
        return {4: "year", 7: "month", 10: "day"}[len(self)]

    @property
    def first_day(self):
        """The first full day it can mean."""
        return date.fromisoformat((self + "-01-01")[:10])

    @property
    def last_day(self):
        """The last full day it can mean, from which it counts: never to claim more than is known."""
        if self.precision == "day":
            return date.fromisoformat(self)
        year = int(self[:4])
        month = int(self[5:7]) if self.precision == "month" else 12
        return date(year, month, calendar.monthrange(year, month)[1])

    def counts_from(self, *, published):
        """The full day from which it counts, given the British day it was published on."""
        return self.last_day if self.precision == "day" else min(self.last_day, published)

    def in_words(self):
        """`29 February 2024`, `February 2024` or `2024`."""
        if self.precision == "year":
            return str(self)
        first = self.first_day
        month = f"{MONTHS[first.month]} {first.year}"
        return month if self.precision == "month" else f"{first.day} {month}"


def in_words(day):
    """A date as `29 February 2024`, without the cost of a template filter."""
    return f"{day.day} {MONTHS[day.month]} {day.year}"


def validate_day(value):
    try:
        Day.parse(value)
    except ValueError as error:
        raise exceptions.ValidationError(str(error), code="invalid") from error


class DayField(models.CharField):
    """A column that keeps a day as it is known."""

    description = "A day, a month or a year"
    default_validators = [validate_day]

    def __init__(self, *args, **kwargs):
        kwargs["max_length"] = 10
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_length"]
        return name, path, args, kwargs

    def from_db_value(self, value, expression, connection):
        return Day(value) if value else value

    def to_python(self, value):
        value = super().to_python(value)
        if isinstance(value, str) and value.strip() and KNOWN_AS.fullmatch(value.strip()):
            return Day(value.strip())
        return value
