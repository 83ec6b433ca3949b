import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from promises import bulk
from promises.desk.models import Measure, Promise, PromiseSource, Source, Update
from tests.factories import a_promise, a_source, kept

pytestmark = pytest.mark.django_db


def sources(*titles):
    return [Source(title=title, publisher="Us", url=f"https://example.org/{title}", kind="news") for title in titles]


def test_rows_come_back_as_they_went_in():
    promise = a_promise()
    update = Update(
        promise=promise,
        date="2024-02",
        status="kept",
        reason=["a", "ü"],
        headline="“Done”\tat\\last\n",
        explanation="%s",
    )
    measure = Measure(promise=promise, measure="homes", unit="£m", promised=Decimal("1.5"), as_of=None)
    bulk.insert([update])
    bulk.insert([measure])
    there = Update.objects.get(pk=update.pk)
    assert (there.date, there.reason, there.headline, there.explanation) == (
        "2024-02",
        ["a", "ü"],
        "“Done”\tat\\last\n",
        "%s",
    )
    measure = Measure.objects.get(pk=measure.pk)
    assert (measure.promised, measure.delivered, measure.as_of) == (Decimal("1.5"), None, None)


def test_keys_go_on_from_those_that_django_gave():
    before = a_source()
    rows = bulk.insert(sources("one", "two"))
    after = a_source()
    keys = [before.pk, *(row.pk for row in rows), after.pk]
    assert keys == sorted(set(keys))
    assert Source.objects.get(title="two").pk == rows[1].pk


def test_a_row_may_hang_on_one_that_had_no_key_when_it_was_made():
    promise, [source] = a_promise(), sources("one")
    tie = PromiseSource(promise=promise, source=source, key="one")
    bulk.insert([source])
    bulk.insert([tie])
    assert PromiseSource.objects.get(key="one").source == source


def test_only_the_named_fields_are_changed():
    promise = a_promise(kept("2022-03-01"))
    update = promise.updates.get()
    update.counts_from, update.number, update.headline = datetime.date(2022, 3, 1), 1, "not written"
    bulk.change([update], ["counts_from", "number"])
    there = Update.objects.get(pk=update.pk)
    assert (there.counts_from, there.number) == (datetime.date(2022, 3, 1), 1)
    assert there.headline != "not written"


def test_the_rules_of_the_database_hold():
    [row] = sources("one")
    row.url = "no address"
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert([row])


def test_nothing_is_no_work(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert bulk.insert(row for row in ()) == []
        bulk.change([], ["slug"])
    assert not Promise.objects.exists()
