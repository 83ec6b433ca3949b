"""What readers see when we cannot answer: what is so, why, and what to do."""

import pytest
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.urls import path

from tests.factories import a_published_promise
from tests.public.test_lists import Page, words_of
from tracker.urls import urlpatterns as every_other

BROKEN = RuntimeError("a secret of ours")


def breaks(request):
    raise BROKEN


urlpatterns = [path("breaks/", breaks), path("breaks.json", breaks), *every_other]
handler400 = "promises.public.views.errors.bad_request"
handler404 = "promises.public.views.errors.not_found"
handler500 = "promises.public.views.errors.server_error"


@pytest.fixture
def promise(db):
    return a_published_promise()


def test_a_bad_question_keeps_the_rest_of_the_form(client, promise):
    response = client.get("/?q=rail&theme=transport&status=kept&status=won&as_of=soon&sort=made&edition=1")
    assert response.status_code == 400
    read = Page(response)
    told = [words_of(node) for node in read.one("div", class_="errors").iter("li")]
    assert told == [
        "as_of: Write the day as YYYY-MM-DD, for instance 2022-02-02.",
        "status: “won” is not a status we know. Known: kept, watered_down, broken, in_progress.",
    ]
    form = read.one("form", class_="tools")
    assert form.get("action") == "/"
    given = {node.get("name"): node for node in form.iter("input")}
    assert (given["q"].get("value"), given["status"].get("value"), given["edition"].get("value")) == (
        "rail",
        "kept",
        "1",
    )
    assert given["as_of"].get("aria-invalid") == "true"
    assert words_of(read.one("p", id="as_of-error")) == "Write the day as YYYY-MM-DD, for instance 2022-02-02."
    chosen = {
        node.get("name"): [o.get("value") for o in node.iter("option") if o.get("selected") is not None]
        for node in form.iter("select")
    }
    assert (chosen["theme"], chosen["sort"]) == (["transport"], ["made"])


def test_a_bad_question_on_a_shelf_keeps_its_form(client, promise):
    response = client.get("/themes/transport/?status=won&place=north-west")
    assert response.status_code == 400
    assert Page(response).one("form", class_="tools").get("action") == "/themes/transport/"


@pytest.mark.parametrize("address", ["/promises.csv", "/promises.xlsx", "/promises.json", "/chart.csv", "/chart.json", "/themes.csv", "/places.json", "/themes/transport.csv"])  # fmt: skip
def test_a_bad_question_for_data_is_answered_with_json_by_name(client, promise, address):
    response = client.get(f"{address}?as_of=soon&place=narnia")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json"
    assert response.json() == {
        "errors": {
            "as_of": ["Write the day as YYYY-MM-DD, for instance 2022-02-02."],
            "place": ["“narnia” is not a place we know. They are listed at /places/."],
        }
    }


@pytest.mark.parametrize("address", ["/", "/promises.csv", "/themes/", "/places/north-west/"])
def test_a_name_we_do_not_know_is_never_echoed(client, promise, address):
    for query in ("fbclid=echo-me&status=won", "echo-me=1"):
        response = client.get(f"{address}?{query}")
        body = b"".join(response.streaming_content) if response.streaming else response.content
        assert b"echo-me" not in body
        assert "echo-me" not in str(response.headers)


def test_nothing_at_an_address_offers_a_search(client, promise):
    response = client.get("/promises-of/bus-fares/")
    assert response.status_code == 404
    read = Page(response)
    assert read.words("h1") == ["Nothing is published at this address"]
    assert read.one("input", id="q").get("value") == "bus fares"
    assert "tried" not in read.text


def test_nothing_at_an_address_of_data_is_json(client, promise):
    response = client.get("/nothing.json")
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    assert response.json() == {"errors": {"address": ["Nothing is published at this address."]}}


@pytest.mark.parametrize(
    "address", ["/promises.pdf", "/promises.CSV", "/themes/transport.exe", "/places/north-west.html"]
)
def test_a_format_we_do_not_have_is_not_found(client, promise, address):
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_public_can_be_changed_from_outside(client, promise, method):
    for address in ("/", "/promises.csv", "/themes/transport/", "/places/", "/chart/"):
        assert getattr(client, method)(address).status_code == 405


def test_head_is_answered_like_get(client, promise):
    for address in ("/", "/promises.json", "/promises.csv"):
        response = client.head(address)
        assert (response.status_code, b"".join(response)) == (200, b"")


@override_settings(ROOT_URLCONF=__name__)
def test_a_page_that_breaks_needs_no_database_and_tells_no_secret(monkeypatch):
    monkeypatch.setattr(connection, "ensure_connection", lambda: pytest.fail("asked the database"))
    response = Client(raise_request_exception=False).get("/breaks/")
    assert response.status_code == 500
    read = Page(response)
    assert read.words("h1") == ["Something of ours broke"]
    assert "secret" not in read.text
    assert read.mistakes == []


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize("whose", [OperationalError, connection.Database.OperationalError])
def test_a_database_that_is_away_is_said_in_words(monkeypatch, whose):
    """The driver's own error too: Django lets it through where a cursor is closed."""
    monkeypatch.setattr(f"{__name__}.BROKEN", whose("connection to postgresql://user:secret@host lost"))
    client = Client(raise_request_exception=False)
    page, data = client.get("/breaks/"), client.get("/breaks.json")
    assert (page.status_code, data.status_code) == (503, 503)
    assert page["Retry-After"] == data["Retry-After"] == "10"
    assert "Nothing of it is lost" in Page(page).text
    assert "Nothing of it is lost" in data.json()["errors"]["database"][0]
    assert b"secret" not in page.content + data.content


def test_too_many_names_are_a_bad_question(client, promise):
    response = client.get("/?" + "&".join(f"x{number}=1" for number in range(1100)))
    assert response.status_code == 400
    assert Page(response).words("h1") == ["We did not understand the question"]
