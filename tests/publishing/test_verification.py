"""That nothing can be altered unseen, and that the index is made from the record alone."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from promises.publishing import door
from promises.record import triggers
from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.version import Version
from tests.factories import NOON, a_promise, an_update, broken, kept, made, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def record():
    """Three promises: one changed, one withdrawn, one as it was."""
    changed, withdrawn, unchanged = a_promise(made(), kept(), places=["leeds"]), a_promise(), a_promise()
    publish(changed, withdrawn, unchanged)
    an_update(changed, broken())
    publish(changed, at=NOON + timedelta(days=1))
    publish(withdrawn, at=NOON + timedelta(days=2), withdrawal="It was never said.")
    return changed


def verify():
    out = StringIO()
    call_command("verify_record", stdout=out)
    return out.getvalue()


def alter(statement):
    triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement)
    triggers.install(connection)


def test_a_record_that_nobody_touched_is_verified(record):
    assert "as it was published: 3 editions, 5 versions, head digest" in verify()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE promises_version SET snapshot_text = replace(snapshot_text, 'railway', 'canal') WHERE id = "
         "(SELECT min(id) FROM promises_version)", "altered, its text"),
        ("UPDATE promises_version SET note = 'nothing to see'", "Edition 1: altered"),
        ("UPDATE promises_edition SET published_at = '2025-06-02 11:59:59+00:00' WHERE number = 1", "Edition 1: altered"),
        ("DELETE FROM promises_period WHERE id = (SELECT max(id) FROM promises_period)", "index differs"),
        ("UPDATE promises_listing SET title = 'Another'", "index differs"),
    ],
)  # fmt: skip
def test_whatever_is_altered_is_found(record, statement, sentence):
    alter(statement)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_record", stdout=out)
    assert sentence in out.getvalue()


def test_a_missing_trigger_is_found(record):
    triggers.remove(connection)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_record", stdout=out)
    assert "promises_version_no_update is missing" in out.getvalue()
    triggers.install(connection)


def test_what_is_sealed_is_said_to_be_sealed(record):
    version = Version.objects.get(promise_id=record.identity, number=1)
    door.seal([version], at=NOON + timedelta(days=3), reason="A court ordered it.")
    assert "faults" not in verify()
    alter(f"UPDATE promises_version SET snapshot_text = '' WHERE id = {version.pk}")
    assert f"{record.slug}, version 1: sealed by edition 4; its text is no longer that published." in verify()
    assert not Listing.objects.filter(version=version).exists()


def rows(model):
    return [
        {key: value for key, value in row.items() if key != "id"}
        for row in model.objects.order_by(*(["listing_id", "valid_from", "id"] if model is Period else ["pk"])).values()
    ]


def test_the_index_is_rebuilt_the_same(record):
    before = rows(Listing), rows(Period)
    out = StringIO()
    call_command("rebuild_index", stdout=out)
    assert "4 listings" in out.getvalue()
    assert (rows(Listing), rows(Period)) == before
