"""The page of one update: for linking and quoting, pinned, on a past day, and when it was withdrawn."""

from datetime import timedelta

import pytest

from promises.record.version import Version
from tests.factories import (
    NOON,
    a_promise,
    a_promise_source,
    a_published_promise,
    an_update,
    broken,
    kept,
    made,
    publish,
)
from tests.public.reading import part_of, words_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def get(client, promise, ending, **query):
    return client.get(f"/promises/{promise.slug}/updates/{ending}", query)


def a_story(**fields):
    promise = a_promise(made("2020-01-31"), kept("2022-03-01", headline="It opens"), title="Build it", **fields)
    source = a_promise_source(promise, title="The plan", publisher="HM Treasury", published="2023", kind="official")
    an_update(
        promise, broken("2023-10", headline="It closes", explanation="The line is sold."), source=source,
        locator="page 4", quoted="the line is sold",
    )  # fmt: skip
    publish(promise)
    return promise


def test_an_update_has_a_page_of_its_own(client):
    promise = a_story()
    page = get(client, promise, "3/")
    assert page.status_code == 200
    assert "<h1>It closes</h1>" in page.content.decode()
    assert part_of(page, "verdict") == "Broken October 2023 · dropped The line is sold."
    assert part_of(page, "sources") == "Sources The plan, HM Treasury, 2023 (Government), page 4: the line is sold"
    assert part_of(page, "promise") == "The promise Build it Broken since October 2023"
    assert f'<a rel="prev" href="/promises/{promise.slug}/updates/2/">Before: It opens</a>' in page.content.decode()


def test_it_gives_an_address_that_will_always_read_the_same(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    promise = a_story()
    page = get(client, promise, "3/")
    assert (
        f'<link rel="canonical" href="https://tracker.example/promises/{promise.slug}/updates/3/">'
        in page.content.decode()
    )
    assert f"https://tracker.example/promises/{promise.slug}/updates/3/?version=1" in part_of(page, "cite")
    promise.updates.filter(number=3).update(headline="It shuts")
    publish(promise, at=NOON + DAY)
    assert "<h1>It closes</h1>" in get(client, promise, "3/", version=1).content.decode()
    assert "<h1>It shuts</h1>" in get(client, promise, "3/").content.decode()
    assert "The latest is version 2." in words_of(get(client, promise, "3/", version=1))


def test_an_unknown_update_is_not_found(client):
    promise = a_story()
    for ending in ("4/", "0/", "4.json"):
        assert get(client, promise, ending).status_code == 404
    assert "This promise has no update 4." in words_of(get(client, promise, "4/"))


def test_a_withdrawn_update_is_gone_with_the_reason_and_the_last_version_that_had_it(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    promise = a_story()
    promise.updates.filter(number=1).update(explanation="This is why it was made.")
    publish(promise, at=NOON + DAY)
    promise.updates.filter(number=3).update(withdrawn="It was another line.")
    publish(promise, at=NOON + 2 * DAY)
    promise.updates.filter(number=1).update(explanation="This is why it was promised.")
    publish(promise, at=NOON + 3 * DAY)
    page = get(client, promise, "3/")
    assert page.status_code == 410
    assert "Withdrawn: It closes This update of October 2023 was withdrawn." in words_of(page)
    assert "Why: It was another line." in words_of(page)
    link = f'<a href="/promises/{promise.slug}/versions/2/">The last version that had it: version 2</a>'
    assert link in page.content.decode()
    answer = get(client, promise, "3.json")
    assert answer.status_code == 410
    assert answer.json()["reason"] == "It was another line."
    assert answer.json()["instead"] == f"https://tracker.example/promises/{promise.slug}/versions/2/"
    assert get(client, promise, "3/", version=2).status_code == 200
    assert get(client, promise, "3/", version=3).status_code == 410
    assert get(client, promise, "2/").status_code == 200


def test_an_update_of_a_later_day_has_not_happened_yet(client):
    promise = a_story()
    page = get(client, promise, "3/", as_of="2023-10-30")
    assert page.status_code == 404
    assert "By 30 October 2023 this had not happened. It is of October 2023." in words_of(page)
    assert "The line is sold." not in words_of(page)
    assert get(client, promise, "3.json", as_of="2023-10-30").status_code == 404
    assert get(client, promise, "3/", as_of="2023-10-31").status_code == 200


def test_on_a_past_day_the_promise_stands_as_it_did(client):
    page = get(client, a_story(), "1/", as_of="2022-06-01")
    assert part_of(page, "promise") == "The promise Build it Kept since 1 March 2022"
    assert "As it stood on 1 June 2022." in words_of(page)
    assert "It closes" not in words_of(page)


def test_an_update_as_json(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    promise = a_story()
    answer = get(client, promise, "3.json").json()
    version = Version.objects.get()
    update = next(update for update in version.snapshot["updates"] if update["number"] == 3)
    assert answer["update"] == update
    assert [source["title"] for source in answer["sources"]] == ["The plan"]
    assert answer["promise"] == {
        "slug": promise.slug,
        "title": "Build it",
        "url": f"https://tracker.example/promises/{promise.slug}/",
    }
    assert (answer["licence"], answer["edition"], answer["version"]) == ("CC BY 4.0", 1, 1)
    assert answer["digest"] == version.digest
    assert answer["url"] == f"https://tracker.example/promises/{promise.slug}/updates/3/"
    assert answer["urls"]["pinned"] == f"https://tracker.example/promises/{promise.slug}/updates/3/?version=1"


def test_the_way_to_the_promise_keeps_the_question(client):
    promise = a_published_promise(made(), kept("2022-03-01"))
    page = get(client, promise, "2/", version=1, as_of="2023-01-01").content.decode()
    assert f'href="/promises/{promise.slug}/?version=1&amp;as_of=2023-01-01#update-2"' in page
