"""Status derived from a history: the one place where it is worked out."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.record.document import Document
from promises.statuses import Status

pytestmark = pytest.mark.same_on_both


def document(*updates):
    """A document with updates given as (counting day, status, date as known)."""
    return Document(
        {
            "schema": 1,
            "updates": [
                {"number": n, "counts_from": day, "status": status, "date": known or day}
                for n, (day, status, *rest) in enumerate(updates, start=1)
                for known in [rest[0] if rest else None]
            ],
        }
    )


HISTORY = document(
    ("2020-01-31", "in_progress"),
    ("2021-11-30", "watered_down", "2021-11"),
    ("2022-03-01", "watered_down"),
    ("2023-10-04", "broken"),
)


@pytest.mark.parametrize(
    ("day", "status", "number", "since"),
    [
        (date(2020, 1, 30), None, None, None),
        (date(2020, 1, 31), "in_progress", 1, "2020-01-31"),
        (date(2021, 11, 29), "in_progress", 1, "2020-01-31"),
        (date(2021, 11, 30), "watered_down", 2, "2021-11"),
        (date(2022, 3, 1), "watered_down", 3, "2021-11"),
        (date(2030, 1, 1), "broken", 4, "2023-10-04"),
    ],
)
def test_the_status_on_a_day_is_that_of_the_latest_update_by_then(day, status, number, since):
    span = HISTORY.standing(day)
    assert (span and span.status) == (status and Status(status))
    assert (span and (span.update["number"], span.since)) == (number and (number, since))


def test_the_update_that_earned_a_status_is_the_one_that_began_its_run():
    assert HISTORY.earning(date(2022, 6, 1))["number"] == 2


def test_on_one_day_the_later_number_wins_and_both_stand_in_the_history():
    two = document(("2020-01-31", "in_progress"), ("2021-01-01", "broken"), ("2021-01-01", "kept"))
    assert two.standing(date(2021, 1, 1)).status == Status.KEPT
    assert [u["number"] for u in two.updates_by(date(2021, 1, 1))] == [1, 2, 3]
    assert [key for key, _, _ in two.runs(date(2022, 1, 1))] == ["in_progress", "kept"]


def test_a_later_number_of_an_earlier_day_does_not_win():
    late = document(("2020-01-31", "in_progress"), ("2023-10-04", "broken"), ("2021-11-18", "watered_down"))
    assert late.standing(date(2024, 1, 1)).status == Status.BROKEN
    assert late.standing(date(2022, 1, 1)).status == Status.WATERED_DOWN


def test_a_withdrawn_update_no_longer_counts_and_stays_in_the_history():
    struck = document(("2020-01-31", "in_progress"), ("2021-11-18", "broken"))
    struck.snapshot["updates"][1]["withdrawn"] = "It was another line."
    assert struck.standing(date(2024, 1, 1)).status == Status.IN_PROGRESS
    assert len(struck.history) == 2


days = st.dates(min_value=date(2019, 1, 1), max_value=date(2026, 12, 31))


@given(st.lists(st.tuples(days, st.sampled_from(Status.values)), min_size=1, max_size=12), days)
def test_every_day_is_told_as_a_reader_with_a_pencil_would(history, asked):
    told = document(*((day.isoformat(), status) for day, status in history)).standing(asked)
    by_then = [(day, number, status) for number, (day, status) in enumerate(history) if day <= asked]
    assert (told and told.status.value) == (max(by_then)[2] if by_then else None)
