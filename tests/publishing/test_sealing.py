"""Sealing what the law forbids us to show: by an edition, with the reason, and for good."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from promises.record.edition import Edition
from tests.factories import a_published_promise, kept, made

pytestmark = pytest.mark.django_db


def seal(*arguments, reason="A court ordered it."):
    out = StringIO()
    call_command("seal_version", *arguments, reason=reason, stdout=out)
    return out.getvalue().strip()


def test_a_sealed_version_is_shown_nowhere_and_says_why(client):
    promise = a_published_promise(made(), kept(), slug="a-line")
    assert seal("a-line", "1") == "Sealed a-line, version 1 in edition 2."
    for address in ("/promises/a-line/versions/1/", "/promises/a-line/", "/promises/a-line.json"):
        response = client.get(address)
        assert response.status_code == 451, address
        assert "A court ordered it." in response.content.decode()
        assert promise.title not in response.content.decode()
    assert client.get("/promises.json").json()["count"] == 0
    assert client.get("/promises.json?edition=1").json()["count"] == 0


@pytest.mark.parametrize(
    ("arguments", "reason", "sentence"),
    [
        (("a-line", "2"), "A court.", "has no version 2"),
        (("nothing", "1"), "A court.", "has no version 1"),
        (("a-line", "1"), " ", "reason is empty"),
    ],
)
def test_what_cannot_be_sealed_is_said(arguments, reason, sentence):
    a_published_promise(slug="a-line")
    with pytest.raises(CommandError, match=sentence):
        seal(*arguments, reason=reason)
    assert Edition.objects.count() == 1


def test_a_version_is_sealed_once():
    a_published_promise(slug="a-line")
    seal("a-line", "1")
    with pytest.raises(CommandError, match="sealed already"):
        seal("a-line", "1")
