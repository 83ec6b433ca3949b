from copy import deepcopy

import pytest
from django.core.cache import caches
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from promises.public.views import health
from tests.factories import a_published_promise

pytestmark = pytest.mark.django_db
READY = ["/health/", "/health/ready/"]


@pytest.fixture(autouse=True)
def _nothing_was_found_out_yet():
    health.FOUND_APPLIED.clear()
    yield
    health.FOUND_APPLIED.clear()


@pytest.fixture
def without_database(monkeypatch):
    """Have every query fail as when the server is away."""
    from django.db import OperationalError

    def refuse(*_, **__):
        raise OperationalError("could not connect to postgresql://user:secret@host")

    monkeypatch.setattr(connection, "cursor", refuse)


@pytest.mark.parametrize("address", READY)
def test_a_machine_learns_that_we_are_well(client, address):
    a_published_promise()
    answer = client.get(address)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["database"], told["cache"], told["migrations"], told["edition"]) == ("ok", "ok", "ok", 1)
    assert told["published_at"] == "2025-06-02T12:00:00Z"
    assert "editions_behind" not in told
    assert "no-store" in answer["Cache-Control"]


def test_nothing_published_is_no_illness(client):
    answer = client.get("/health/")
    assert answer.status_code == 200
    assert answer.json()["edition"] is None


@pytest.mark.parametrize("address", READY)
def test_a_database_that_is_away_is_said_without_its_address(client, without_database, address):
    answer = client.get(address)
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["migrations"]) == ("away", "unknown")
    assert b"secret" not in answer.content


@pytest.mark.usefixtures("without_database")
def test_a_process_lives_without_its_database(client):
    answer = client.get("/health/live/")
    assert answer.status_code == 200
    assert answer.json()["process"] == "ok"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db(databases=[])
def test_to_say_that_it_lives_a_process_asks_nobody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/health/live/").status_code == 200


def test_a_cache_that_forgets_is_no_cache(client, settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert answer.json()["cache"] == "away"
    assert caches["default"].get("health") is None


def test_code_ahead_of_its_database_is_not_ready_until_it_is_migrated(client):
    missing = MigrationRecorder(connection).migration_qs.get(app="promises", name="0007_remember_sign_ins")
    missing.delete()
    answer = client.get("/health/ready/")
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["migrations"]) == ("ok", "missing")
    missing.save(force_insert=True)
    assert client.get("/health/ready/").status_code == 200


def test_migrations_once_found_are_not_looked_for_again(client):
    client.get("/health/ready/")
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/health/ready/").json()["migrations"] == "ok"
    assert not [query for query in asked if "django_migrations" in query["sql"]]


def test_a_replica_says_how_many_editions_it_lags(client):
    a_published_promise()  # in a transaction that another connection does not see
    connections.settings["replica"] = deepcopy(connections.settings["default"])
    connections["replica"] = connection.copy()
    try:
        told = client.get("/health/ready/").json()
        connections["replica"].close()
    finally:
        del connections.settings["replica"], connections["replica"]
    assert told["editions_behind"] == {"replica": 1}
