"""Days known to the day, the month or the year."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.dates import Day, in_words

pytestmark = pytest.mark.same_on_both


@pytest.mark.parametrize(
    ("text", "first", "last", "words"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31), "2024"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "February 2024"),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29), "29 February 2024"),
    ],
)
def test_a_day_is_as_known_as_it_is(text, first, last, words):
    day = Day.parse(text)
    assert (day, day.first_day, day.last_day, day.in_words()) == (text, first, last, words)


@pytest.mark.parametrize(
    "text", ["", "soon", "2024-13", "2024-02-30", "24-02-01", "2024-2-1", "20240201", "1066", "٢٠٢٤"]
)
def test_what_is_no_day_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match=r"\.$"):
        Day.parse(text)


def test_a_month_counts_from_its_last_day_but_not_after_publication():
    assert Day("2024-02").counts_from(published=date(2024, 2, 10)) == date(2024, 2, 10)
    assert Day("2024-02").counts_from(published=date(2024, 3, 10)) == date(2024, 2, 29)
    assert Day("2024-02-12").counts_from(published=date(2024, 2, 10)) == date(2024, 2, 12)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 12, 31)))
def test_every_full_day_is_read_back(day):
    assert Day.parse(day.isoformat()).last_day == day
    assert Day.parse(day.isoformat()).in_words() == in_words(day)
