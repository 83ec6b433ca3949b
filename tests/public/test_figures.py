"""Figures read as people say them."""

import pytest

from promises.public.figures import in_words

pytestmark = pytest.mark.same_on_both


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ("2.5", "£bn a year", "£2.5bn a year"),
        (4, "£bn", "£4bn"),
        (902, "£m", "£902m"),
        (1500, "£m a year", "£1.5bn a year"),
        (1750, "£ million", "£1.75bn"),
        ("1234.5", "£m", "£1,234.5m"),
        (1005, "£m", "£1,005m"),
        (32, "£ per person", "£32 a head"),
        (30000, "£ a year", "£30,000 a year"),
        ("9.5", "£ an hour", "£9.50 an hour"),
        (0, "£m", "£0"),
        (0, "£bn a year", "£0 a year"),
        (-24, "%", "−24%"),
        (-3, "£bn", "−£3bn"),
        ("60.9", "% of adults", "60.9% of adults"),
        (12, "% of funding", "12% of funding"),
        (600000, "homes", "600,000 homes"),
        (1, "stations", "1 station"),
        (1, "buses", "1 bus"),
        (1, "million tests", "1 million tests"),
        ("3.4", "million people", "3.4 million people"),
        ("7.45", "score out of 10", "7.45 out of 10"),
        (20, "pence in the pound", "20 pence in the pound"),
        (5, "FTE doctors", "5 FTE doctors"),
        ("100.50", "miles", "100.5 miles"),
    ],
)
def test_a_figure_in_words(value, unit, words):
    assert in_words(value, unit) == words
