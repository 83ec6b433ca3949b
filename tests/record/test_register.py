"""The register against the index rows it is made from, counted one by one."""

from datetime import date, timedelta

import pytest

from promises.record import register as registers
from promises.record.edition import Edition
from promises.record.listing import Listing, keys_of
from promises.record.register import Register, bits, months_between, numbers_in, register_of
from promises.statuses import Status
from tests.factories import (
    NOON,
    a_promise,
    a_published_promise,
    an_update,
    broken,
    kept,
    made,
    publish,
    under_way,
    watered_down,
)

DAYS = [date(2019, 12, 31) + timedelta(days=number * 23) for number in range(80)]


def on(day, edition):
    """What the index rows say of a day: promises by what they have and how they stood."""
    found = {}
    for row in Listing.objects.in_edition(edition, latest=edition + 1).standing(as_of=day):
        keys = [("status", row.status), ("theme", row.theme), ("department_key", row.department_key)]
        keys += [("reasons", key) for key in keys_of(row.reasons)]
        keys += [(column, key) for column in ("place_keys", "made_by_keys") for key in keys_of(getattr(row, column))]
        for key in keys:
            found.setdefault(key, set()).add(row.promise_id)
    return found


def by_register(register, day):
    """The same as the register has it."""
    standing = register.standing(day)
    everybody = 0
    for who in standing["status"].values():
        everybody |= who
    sets = {**register.sets, **standing}
    found = {(column, key): who & everybody for column, of_key in sets.items() for key, who in of_key.items()}
    return {key: set(numbers_in(who)) for key, who in found.items() if who}


def agrees(register):
    for day in DAYS:
        assert by_register(register, day) == on(day, register.edition), day


@pytest.fixture
def promises(db):
    return [
        a_published_promise(made("2020-01-31"), watered_down("2021-11-18", "smaller", "later"), kept("2024-02-29")),
        a_published_promise(made("2020-02"), under_way("2020-02-29"), broken("2020-03-01"), theme="health"),
        a_published_promise(made("2022"), regions=["wales"], places=["leeds", "bradford"]),
        a_published_promise(made("2021-05-05"), under_way("2021-05-05"), kept("2021-05-05"), department="DfE"),
    ]


def test_every_day_is_as_the_index_rows_say(promises):
    agrees(Register.of(4))
    agrees(Register.of(2))


def test_a_later_edition_is_the_same_whether_made_anew_or_brought_to_it(promises):
    first = Register.of(4)
    an_update(promises[0], broken("2024-03-15"))
    an_update(promises[2], kept("2025-05-31"))
    publish(promises[0], promises[2], at=NOON + timedelta(days=1))
    publish(promises[1], withdrawal="It was never made.", at=NOON + timedelta(days=2))
    a_published_promise(made("2018-07-01"), at=NOON + timedelta(days=3))
    for edition in (5, 6, 7):
        agrees(first.brought_to(edition))
    agrees(Register.of(7))
    step = first
    for edition in (5, 6, 7):
        step = step.brought_to(edition)
    agrees(step)
    agrees(first)
    assert {name: month.ends for name, month in step.months.items()} == {
        name: {key: who for key, who in month.ends.items() if who} for name, month in Register.of(7).months.items()
    }


def test_months_end_with_what_stands_on_their_last_day(promises):
    register = Register.of(4)
    days = list(register.ends(date(2025, 6, 2)))
    assert [day for day, _ in days[:3]] == [date(2020, 1, 31), date(2020, 2, 29), date(2020, 3, 31)]
    assert [day for day, _ in days[-2:]] == [date(2025, 5, 31), date(2025, 6, 2)]
    for day, stands in days:
        assert stands == {status: register.standing(day)["status"].get(status, 0) for status in Status.values}
    assert [day for day, _ in register.ends(date(2020, 1, 31))] == [date(2020, 1, 31)]
    assert [day for day, _ in register.ends(date(2019, 1, 1))] == [date(2019, 1, 1)]


def test_a_process_makes_it_once_and_goes_on_from_there(promises, django_assert_num_queries, monkeypatch):
    registers._known.clear()
    register = register_of(Edition.objects.get(number=4))
    again = Edition.objects.get(number=4)
    with django_assert_num_queries(0):
        assert register_of(again) is register
    an_update(promises[0], broken("2024-03-15"))
    publish(promises[0], at=NOON + timedelta(days=1))
    monkeypatch.setattr(Register, "of", None)
    agrees(register_of(Edition.objects.get(number=5)))


def test_another_history_with_the_same_numbers_is_not_gone_on_from(promises):
    registers._known.clear()
    registers._known["digest of another record"] = Register(3)
    agrees(register_of(Edition.objects.get(number=4)))
    assert register_of(None).standing(date(2025, 1, 1)) == {"status": {}, "reasons": {}}


def test_many_changes_make_it_anew(promises, monkeypatch):
    monkeypatch.setattr(registers, "MOST_CHANGED", 1)
    first = Register.of(4)
    for promise in promises[:2]:
        an_update(promise, broken("2024-03-15"))
    publish(*promises[:2], at=NOON + timedelta(days=1))
    assert first.brought_to(5) is None


def test_sets_hold_what_was_put_in():
    assert list(numbers_in(bits([9, 1, 64, 9]))) == [1, 9, 64]
    assert bits([]) == 0
    assert list(numbers_in(0)) == []
    assert months_between(["2023-11", "2024-02"]) == ["2023-11", "2023-12", "2024-01", "2024-02"]
    assert months_between([]) == []


def test_what_is_sealed_leaves_every_edition(promises):
    from promises.publishing import door
    from promises.record.version import Version

    first = Register.of(4)
    version = Version.objects.get(promise_id=promises[2].identity)
    door.seal([version], at=NOON + timedelta(days=1), reason="An order of the court.")
    assert first.brought_to(5) is None
    agrees(Register.of(5))


def test_a_promise_is_at_the_desk_without_being_here(db):
    a_promise()
    assert Register.of(0).months == {}
