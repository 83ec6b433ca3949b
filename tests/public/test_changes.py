"""The log of everything published: grouped, filtered, paged, word by word, and the same rows as data."""

import csv
import io
from datetime import timedelta

import pytest

from promises.desk.models import Promise
from promises.publishing import door
from promises.publishing.door import Publication
from promises.record.version import Version
from promises.statuses import Kind
from tests.factories import NOON, a_promise, a_published_promise, an_update, broken, made, publish, watered_down
from tests.public.reading import part_of, words_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ROLES = {"by": "researcher", "checked_by": "editor"}


def table(client, **query):
    return list(csv.DictReader(io.StringIO(b"".join(client.get("/changes.csv", query)).decode())))


def said(client, **query):
    """(edition, kind, slug, version) of the CSV, and a check that JSON has the same."""
    rows = [(int(row["edition"]), row["kind"], row["slug"], int(row["version"])) for row in table(client, **query)]
    answer = client.get("/changes.json", query).json()
    assert [(row["edition"], row["kind"], row["slug"], row["version"]) for row in answer["changes"]] == rows
    assert answer["count"] == len(rows)
    return rows


def a_history():
    """Six editions: new, update, minor, check, major, withdrawal."""
    promise = a_published_promise(
        made(), title="Build the line", slug="the-line", theme="transport", regions=["north-east"]
    )
    an_update(promise, watered_down("2021-11-18", headline="Half is cut"))
    publish(promise, at=NOON + DAY)
    Promise.objects.filter(pk=promise.pk).update(title="Build the railway")
    door.publish([Publication(promise, note="A better word.")], at=NOON + 2 * DAY, roles=ROLES)
    Promise.objects.filter(pk=promise.pk).update(checked_on="2025-06-05")
    publish(promise, at=NOON + 3 * DAY)
    Promise.objects.filter(pk=promise.pk).update(due_on="2030")
    door.publish(
        [Publication(promise, note="It was due later.", correction=Kind.MAJOR_CORRECTION)],
        at=NOON + 4 * DAY,
        roles=ROLES,
    )
    publish(promise, at=NOON + 5 * DAY, withdrawal="It was never promised.")
    return promise


EVERYTHING = [
    (6, "withdrawal", "the-line", 6),
    (5, "major_correction", "the-line", 5),
    (3, "minor_correction", "the-line", 3),
    (2, "update", "the-line", 2),
    (1, "new", "the-line", 1),
]


def test_the_log_has_a_row_for_each_version_newest_first_without_checks(client):
    a_history()
    assert said(client) == EVERYTHING
    words = words_of(client.get("/changes/"))
    assert words.index("Edition 6 7 June 2025, 13:00") < words.index("Edition 5 6 June 2025, 13:00")
    assert "Edition 4" not in words
    assert "Withdrawn Build the railway version 6 It was never promised." in words
    assert "Researcher, checked by editor" not in words
    assert "By researcher, checked by editor" in words


def test_checks_are_shown_where_they_are_asked_for(client):
    a_history()
    assert said(client, kind="check") == [(4, "check", "the-line", 4)]
    assert "Checked, nothing new Build the railway version 4" in words_of(client.get("/changes/", {"kind": "check"}))


def test_corrections_are_marked_and_told_word_by_word(client):
    a_history()
    page = client.get("/changes/")
    words = words_of(page)
    assert "Minor correction Build the railway version 3 A better word. What changed, word by word" in words
    assert "Major correction Build the railway version 5 It was due later." in words
    assert '<span class="tag major">Major correction</span>' in page.content.decode()
    assert "<td>Build the <del>line</del><ins>railway</ins>" in page.content.decode()


def test_an_update_is_told_with_its_headline(client):
    a_history()
    page = client.get("/changes/")
    assert "Update Build the line version 2 Watered down 18 November 2021: Half is cut" in words_of(page)
    assert 'href="/promises/the-line/updates/2/"' in page.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"kind": "major_correction"}, [5]),
        ({"kind": ["minor_correction", "major_correction"]}, [5, 3]),
        ({"theme": "transport"}, [6, 5, 3, 2, 1]),
        ({"theme": "health"}, [7]),
        ({"theme": ["health", "transport"], "kind": "new"}, [7, 1]),
        ({"place": "north-east"}, [6, 5, 3, 2, 1]),
        ({"place": "leeds"}, [7]),
        ({"place": "yorkshire-and-the-humber"}, [7]),
        ({"place": "london"}, []),
        ({"edition": "3"}, [3, 2, 1]),
        ({"kind": "", "theme": "", "utm_source": "x"}, [7, 6, 5, 3, 2, 1]),
    ],
)
def test_the_log_can_be_asked_by_kind_theme_place_and_edition(client, query, expected):
    a_history()
    a_published_promise(at=NOON + 6 * DAY, theme="health", regions=["yorkshire-and-the-humber"], places=["leeds"])
    assert [row[0] for row in said(client, **query)] == expected
    page = client.get("/changes/", query)
    assert page.status_code == 200
    shown = [int(line.split('"')[0]) for line in page.content.decode().split('id="edition-')[1:]]
    assert shown == expected


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"kind": "typo"}, "“typo” is not a kind we know."),
        ({"theme": "trains"}, "“trains” is not a theme we know."),
        ({"place": "atlantis"}, "“atlantis” is not a place we know."),
        ({"page": "0"}, "“0” is not a page."),
        ({"edition": "7"}, "There is no edition 7. The latest is 6."),
        ({"as_of": "soon"}, "Write the day as YYYY-MM-DD"),
    ],
)
def test_nonsense_is_refused_in_words(client, query, sentence):
    a_history()
    for path in ("/changes/", "/changes.json", "/changes/1/"):
        answer = client.get(path, query)
        assert answer.status_code == 400
        assert sentence in words_of(answer)


def test_a_csv_has_no_pages(client):
    a_history()
    assert client.get("/changes.csv", {"page": "1"}).status_code == 400


def test_beyond_the_last_page_nothing_is_found(client):
    a_history()
    for path in ("/changes/", "/changes.json", "/changes/1/"):
        assert client.get(path, {"page": "1"}).status_code == 200
        assert client.get(path, {"page": "2"}).status_code == 404


def test_an_edition_of_many_is_folded_to_a_sentence(client):
    few = [a_promise(slug=f"few-{at:02}") for at in range(20)]
    many = [a_promise(slug=f"many-{at:02}") for at in range(21)]
    publish(*few)
    publish(*many, at=NOON + DAY)
    page = client.get("/changes/")
    words = words_of(page)
    assert "21 promises: 21 new promises. See them all" in words
    assert '<a href="/changes/2/">See them all</a>' in page.content.decode()
    assert "many-00" not in page.content.decode()
    assert page.content.decode().count("/promises/few-") == 20
    assert page.content.decode().index('id="few-00-1"') < page.content.decode().index('id="few-01-1"')


def test_an_edition_has_its_own_page_with_every_row(client):
    promises = [a_promise(slug=f"many-{at:02}") for at in range(51)]
    edition = publish(*promises, note="A beginning.")
    page = client.get("/changes/1/")
    words = words_of(page)
    assert "Edition 1 Published 2 June 2025, 13:00 (British time): by researcher, checked by editor." in words
    assert "A beginning." in words
    assert "51 promises: 51 new promises." in words
    assert edition.digest in part_of(page, "digest")
    assert page.content.decode().count('id="many-') == 50
    second = client.get("/changes/1/", {"page": 2})
    assert second.content.decode().count('id="many-') == 1
    assert '<a rel="prev" href="/changes/1/">' in second.content.decode()


def test_the_page_of_an_edition_shows_its_checks_and_its_neighbours(client):
    a_history()
    page = client.get("/changes/4/")
    assert "1 promise: 1 check." in words_of(page)
    assert "Checked, nothing new Build the railway" in words_of(page)
    assert 'href="/changes/3/"' in page.content.decode()
    assert 'href="/changes/5/"' in page.content.decode()
    assert client.get("/changes/7/").status_code == 404
    assert client.get("/changes/0/").status_code == 404
    assert words_of(client.get("/changes/4/", {"kind": "new"})).count("Nothing that fits.") == 1


def test_pages_of_the_log_hold_twenty_editions(client):
    promise = a_published_promise()
    for at in range(1, 25):
        Promise.objects.filter(pk=promise.pk).update(summary=f"Summary number {at}.")
        publish(promise, at=NOON + at * DAY)
    first, second = client.get("/changes/"), client.get("/changes/", {"page": 2})
    assert first.content.decode().count('class="edition"') == 20
    assert second.content.decode().count('class="edition"') == 5
    assert '<a rel="next" href="/changes/?page=2">' in first.content.decode()
    assert '<a rel="prev" href="/changes/">' in second.content.decode()
    kept = client.get("/changes/", {"kind": "minor_correction"}).content.decode()
    assert '<a rel="next" href="/changes/?kind=minor_correction&amp;page=2">' in kept


def test_json_has_pages_of_a_hundred(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    publish(*[a_promise(slug=f"line-{at:03}") for at in range(101)])
    first = client.get("/changes.json", {"theme": "transport"}).json()
    assert (len(first["changes"]), first["count"], first["previous"]) == (100, 101, None)
    assert first["next"] == "https://tracker.example/changes.json?theme=transport&page=2"
    assert (first["licence"], first["generated_at"], first["edition"]) == ("CC BY 4.0", "2025-06-02T12:00:00Z", 1)
    assert first["query"] == {"theme": ["transport"]}
    second = client.get("/changes.json?theme=transport&page=2").json()
    assert [row["slug"] for row in second["changes"]] == ["line-100"]
    assert second["previous"] == "https://tracker.example/changes.json?theme=transport"
    assert len(table(client)) == 101


def test_a_row_of_data_says_all_that_the_page_says(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    a_history()
    row = client.get("/changes.json", {"kind": "minor_correction"}).json()["changes"][0]
    assert row == {
        "edition": 3,
        "published_at": "2025-06-04T12:00:00Z",
        "kind": "minor_correction",
        "slug": "the-line",
        "title": "Build the railway",
        "version": 3,
        "note": "A better word.",
        "by": "researcher",
        "checked_by": "editor",
        "why": None,
        "url": "https://tracker.example/promises/the-line/versions/3/",
        "edition_url": "https://tracker.example/changes/3/",
    }
    withdrawal = table(client)[0]
    assert withdrawal["note"] == "It was never promised."
    assert (withdrawal["kind"], withdrawal["title"], withdrawal["licence"]) == (
        "withdrawal",
        "Build the railway",
        "CC BY 4.0",
    )


def test_what_was_sealed_is_in_the_log_with_its_reason(client):
    promise = a_history()
    second = Version.objects.get(promise_id=promise.identity, number=2)
    door.seal([second], at=NOON + 6 * DAY, reason="By order of a court.")
    assert said(client) == [(7, "seal", "the-line", 2), *EVERYTHING]
    assert said(client, kind="seal") == [(7, "seal", "the-line", 2)]
    assert said(client, theme="transport")[0] == (7, "seal", "the-line", 2)
    assert said(client, theme="health") == []
    words = words_of(client.get("/changes/"))
    assert "Sealed the-line (sealed) version 2 By order of a court." in words
    assert "Update the-line (sealed) version 2" in words
    assert "Half is cut" not in words.replace("Update of 18 November 2021: headline", "")
    assert "By order of a court." in words_of(client.get("/changes/7/"))
    assert table(client, kind="update")[0]["title"] == ""


def test_an_edition_without_a_second_person_says_why(client):
    promise = a_promise()
    door.publish([Publication(promise)], at=NOON, roles={"by": None, "why": "loaded from files"})
    assert "Loaded from files" in words_of(client.get("/changes/"))
    assert "(British time): loaded from files." in words_of(client.get("/changes/1/"))


def test_before_anything_is_published_the_log_says_so(client):
    assert "Nothing has been published yet" in words_of(client.get("/changes/"))
    assert said(client) == []
    assert client.get("/changes/1/").status_code == 404


def test_nothing_that_fits_says_what_to_do(client):
    a_history()
    assert "Nothing was published that fits" in words_of(client.get("/changes/", {"theme": "health"}))


def test_more_rows_cost_no_more_queries(client, django_assert_num_queries):
    promises = [a_promise(made(), broken("2023-10-04")) for _ in range(3)]
    publish(*promises)
    for at in range(1, 5):
        for promise in promises:
            Promise.objects.filter(pk=promise.pk).update(title=f"Title {at} of {promise.pk}")
        publish(*promises, at=NOON + at * DAY)
        with django_assert_num_queries(6):
            client.get("/changes/")
        with django_assert_num_queries(7):
            client.get("/changes/2/")
        with django_assert_num_queries(6):
            client.get("/changes.json")
        with django_assert_num_queries(5):
            b"".join(client.get("/changes.csv"))
