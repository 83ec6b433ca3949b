"""Versions found again."""

from datetime import timedelta

import pytest

from promises.record.version import latest_versions
from tests.factories import NOON, a_promise, a_published_promise, publish

pytestmark = pytest.mark.django_db


def test_of_each_promise_the_version_published_last_is_found_by_one_query(django_assert_num_queries):
    often, once, draft = a_promise(), a_published_promise(), a_promise()
    for day in range(3):
        often.title = f"Build it by {2030 + day}"
        often.save()
        publish(often, at=NOON + timedelta(days=day))
    publish(once, at=NOON + timedelta(days=4), withdrawal="It was never made.")
    with django_assert_num_queries(1):
        found = latest_versions([often.identity, once.identity, draft.identity])
        assert {identity: version.number for identity, version in found.items()} == {
            often.identity: 3,
            once.identity: 2,
        }
        assert found[once.identity].is_withdrawal
        assert found[often.identity].edition.number == 4


def test_of_drafts_alone_nothing_is_asked(django_assert_num_queries):
    draft = a_promise()
    with django_assert_num_queries(0):
        assert latest_versions([draft.identity]) == {}
