"""Two publications at the same moment: serialised, and neither is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from promises.desk.models import Promise
from promises.publishing import door
from promises.publishing.door import NothingToPublish, Publication
from promises.publishing.verification import findings
from promises.record.edition import OPEN, Edition
from promises.record.listing import Listing
from promises.record.version import Version
from tests.factories import NOON, a_promise

pytestmark = pytest.mark.django_db(transaction=True)


def publish_at_once(promises):
    start = Barrier(len(promises))

    def one(pk):
        try:
            promise = Promise.objects.with_everything().get(pk=pk)
            start.wait()
            return door.publish([Publication(promise)], at=NOON, roles={"by": "researcher"}).number
        except NothingToPublish:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(len(promises)) as threads:
        return list(threads.map(one, [promise.pk for promise in promises]))


def test_different_promises_published_at_once_are_all_published():
    promises = [a_promise() for _ in range(6)]
    assert sorted(publish_at_once(promises)) == [1, 2, 3, 4, 5, 6]
    assert Version.objects.count() == Listing.objects.filter(edition_to=OPEN).count() == 6
    assert len(set(Version.objects.values_list("promise_id", flat=True))) == 6
    assert not list(findings())


def test_one_promise_published_twice_at_once_is_published_once():
    promise = a_promise()
    assert sorted(publish_at_once([promise, promise]), key=str) == [1, None]
    assert Edition.objects.count() == Version.objects.count() == 1
    assert not list(findings())
