import pytest
from django.db import connection

from tests.factories import a_published_promise

pytestmark = pytest.mark.django_db


def test_a_machine_learns_that_we_are_well(client):
    a_published_promise()
    answer = client.get("/health/")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["database"], told["cache"], told["edition"]) == ("ok", "ok", 1)
    assert told["published_at"] == "2025-06-02T12:00:00Z"
    assert "no-store" in answer["Cache-Control"]


def test_nothing_published_is_no_illness(client):
    assert client.get("/health/").json()["edition"] is None


def test_a_database_that_is_away_is_said_without_its_address(client, monkeypatch):
    from django.db import OperationalError

    def refuse(*_, **__):
        raise OperationalError("could not connect to postgresql://user:secret@host")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["database"] == "away"
    assert b"secret" not in answer.content
