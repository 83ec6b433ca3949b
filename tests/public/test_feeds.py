"""Feeds are read back by a reader of feeds."""

import json
from datetime import timedelta

import feedparser
import pytest

from promises.desk.models import Promise
from promises.publishing import door
from promises.publishing.door import Publication
from promises.record.version import Version
from promises.statuses import Kind
from tests.factories import NOON, a_promise, a_published_promise, an_update, broken, kept, made, publish

pytestmark = pytest.mark.django_db


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    feed = feedparser.parse(answer.content, response_headers={"content-type": answer["Content-Type"]})
    assert not feed.bozo, feed.get("bozo_exception")
    assert feed.version == "atom10"
    return feed


def publish_with_note(promise, note, *, at):
    fresh = Promise.objects.with_everything().get(pk=promise.pk)
    door.publish([Publication(fresh, note=note)], at=at, roles={"by": "researcher", "checked_by": "editor"})


def later(days):
    return NOON + timedelta(days=days)


def test_a_feed_has_the_news_of_the_promises_its_query_lists(client):
    railway = a_published_promise(made(), slug="railway", title="Build the railway")
    a_published_promise(theme="schools", at=later(1))
    an_update(railway, broken("2023-10-04", headline="The line is dropped"))
    publish_with_note(railway, "News from Parliament.", at=later(2))
    feed = read(client, "/promises.atom?theme=transport")
    assert [entry.title for entry in feed.entries] == [
        "Broken: Build the railway. The line is dropped",
        "New promise: Build the railway",
    ]
    latest = feed.entries[0]
    assert latest.link.endswith("/promises/railway/versions/2/")
    assert latest.updated == latest.published == "2025-06-04T12:00:00+00:00"
    content = latest.content[0].value
    for words in (
        "since 4 October 2023",
        "News from Parliament.",
        "This is why it was broken.",
        "https://example.org/",
    ):
        assert words in content
    assert feed.feed.updated == latest.updated
    assert {tag.term for tag in latest.tags} == {"update", "broken", "transport"}


def test_entries_keep_their_names_when_the_promise_changes_its_own(client):
    promise = a_published_promise(slug="railway")
    [before] = read(client, "/promises.atom").entries
    promise.slug = "tramway"
    promise.save()
    publish(promise, at=later(1))
    renamed, after = read(client, "/promises.atom").entries
    assert after.id == before.id
    assert after.id.startswith("tag:127.0.0.1,2026:promises/")
    assert renamed.id != after.id
    assert renamed.title.startswith("Renamed: ")
    assert client.get("/promises/railway.atom").status_code == 301


def test_checks_are_no_news(client):
    promise = a_published_promise()
    promise.checked_on = "2025-06-03"
    promise.save()
    publish(promise, at=later(1))
    assert Version.objects.filter(kind=Kind.CHECK).exists()
    assert len(read(client, "/promises.atom").entries) == 1


def test_a_correction_says_word_by_word_what_it_changed(client):
    promise = a_published_promise(slug="railway", summary="Ten miles were promised.")
    promise.summary = "Twelve miles were promised."
    promise.save()
    publish_with_note(promise, "We misread the map.", at=later(1))
    entry = read(client, "/promises/railway.atom").entries[0]
    assert entry.title.startswith("Minor correction: ")
    assert "<del>Ten</del><ins>Twelve</ins> miles" in entry.content[0].value
    assert "We misread the map." in entry.content[0].value


def test_a_withdrawal_is_told_by_the_log_alone(client):
    promise = a_published_promise(slug="railway", title="Build the railway")
    publish(promise, at=later(1), withdrawal="It was never made.")
    assert read(client, "/promises.atom").entries == []
    assert client.get("/promises/railway.atom").status_code == 410
    gone, _ = read(client, "/changes.atom").entries
    assert gone.title == "Withdrawn: Build the railway"
    assert "It was never made." in gone.content[0].value


def test_what_is_sealed_is_told_without_its_words(client):
    promise = a_published_promise(summary="A libel.")
    promise.summary = "The truth."
    promise.save()
    publish(promise, at=later(1))
    door.seal([Version.objects.get(number=1)], at=later(2), reason="A court ordered it.")
    feed = read(client, "/changes.atom")
    assert "A court ordered it." in feed.entries[0].content[0].value
    text = client.get("/changes.atom").text + client.get("/promises.atom").text
    assert "A libel." not in text
    assert "The truth." in text


def test_an_edition_ends_the_feed(client):
    a_published_promise()
    a_published_promise(at=later(1))
    assert len(read(client, "/promises.atom?edition=1").entries) == 1
    assert len(read(client, "/changes.atom?edition=1").entries) == 1


def test_a_feed_holds_a_hundred_entries_for_the_same_few_queries(client, django_assert_max_num_queries):
    publish(*[a_promise(made(), kept()) for _ in range(101)])
    with django_assert_max_num_queries(5):
        assert len(read(client, "/promises.atom").entries) == 100


@pytest.mark.parametrize(
    "path",
    [
        "/promises",
        "/themes/transport",
        "/places/north-west",
        "/promises/railway",
        "/changes",
        "/promises.{}?status=kept",
    ],
)
def test_every_feed_is_there_in_both_forms(client, path):
    a_published_promise(made(), kept(), slug="railway")
    address = path if "{}" in path else path + ".{}"
    entries = read(client, address.format("atom")).entries
    answer = client.get(address.format("feed.json"))
    assert answer["Content-Type"] == "application/feed+json"
    told = json.loads(answer.content)
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert [item["id"] for item in told["items"]] == [entry.id for entry in entries]
    assert [item["content_html"] for item in told["items"]] == [entry.content[0].value for entry in entries]
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_a_bad_question_is_refused(client):
    assert client.get("/promises.atom?status=lost").status_code == 400
    assert client.get("/promises.atom?page=2").status_code == 400
    assert client.get("/changes.atom?kind=lost").status_code == 400
    assert client.get("/themes/nothing.atom").status_code == 404
