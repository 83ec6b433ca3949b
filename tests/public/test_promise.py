"""The page of a promise, and the same as data: today, on a past day, as published once, renamed, withdrawn, sealed."""

import csv
import hashlib
import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from promises.desk.models import Measure, Place, Promise, Reply, Wording
from promises.publishing import door
from promises.publishing.door import Publication
from promises.record.version import Version
from promises.statuses import Kind
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
    under_way,
    watered_down,
)
from tests.public.reading import anchors_of, part_of, words_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def publish_with(promise, *, at, **of_version):
    """Publish one promise with a public note, or as a correction of a kind."""
    return door.publish([Publication(promise, **of_version)], at=at, roles={"by": "researcher", "checked_by": "editor"})


def get(client, promise, ending="/", **query):
    return client.get(f"/promises/{promise.slug}{ending}", query)


def test_the_banner_says_status_since_when_and_why_it_was_earned(client):
    promise = a_published_promise(
        made("2020-01-31"),
        watered_down("2021-11-18", explanation="Half of it was cut."),
        broken("2023-10-04", explanation="The rest was cancelled."),
        broken("2024-03", headline="The land is sold", explanation="Nothing is left to build on."),
    )
    banner = part_of(get(client, promise), "verdict")
    assert banner.startswith("Broken since 4 October 2023 · dropped The rest was cancelled.")
    assert "Latest, March 2024: The land is sold" in banner
    assert "Nothing is left" not in banner
    assert banner.endswith("Earlier verdict: Watered down, from 18 November 2021 until 4 October 2023")


def test_an_update_that_is_the_latest_and_earned_the_status_is_told_once(client):
    banner = part_of(get(client, a_published_promise(made(), kept("2022-03-01", headline="It opens"))), "verdict")
    assert banner == "Kept since 1 March 2022 This is why it was kept."


def test_the_parts_stand_in_the_order_of_the_contract(client):
    promise = a_rich_promise()
    publish(promise)
    wanted = "verdict strip quote wording measures history sources reply success-test facts cite use related record"
    found = [anchor for anchor in anchors_of(get(client, promise)) if anchor in wanted.split()]
    assert found == wanted.split()


def a_rich_promise(**fields):
    """A promise that has every part a page can show."""
    other = a_published_promise(made("2020-02-01"), kept("2022-05-01"), title="Open the other line")
    promise = a_promise(
        made("2020-01-31"),
        watered_down("2021-11-18", headline="Half is cut"),
        broken("2023-10-04", headline="All is cut"),
        quote="we will build it in full",
        related=[other],
        places=["leeds"],
        due_on="2030",
        **fields,
    )
    source = a_promise_source(
        promise, title="The plan", publisher="HM Treasury", published="2021-11", kind="official",
        archived_url="https://archive.example/plan", archived_on="2024-01-02", claims=["Half is cut", "It costs more"],
    )  # fmt: skip
    promise.quote_source = source
    promise.save()
    common = {"promise": promise, "source": source}
    Measure.objects.create(
        measure="Money", unit="£bn a year", promised="2.5", delivered="1.5", as_of="2022-01", basis="nominal", **common
    )
    Wording.objects.create(date="2021-11-18", before="all of the line", after="most of the line", **common)
    Reply.objects.create(date="2023-10-05", by="A spokesman", text="The money goes to buses.", **common)
    return promise


def test_the_words_of_the_maker_stand_with_their_source(client):
    promise = a_rich_promise()
    publish(promise)
    assert part_of(get(client, promise), "quote") == (
        "“we will build it in full” Boris Johnson, Prime Minister, 31 January 2020 · The plan, HM Treasury, "
        "November 2021 (Government), archived copy of “The plan” of 2 January 2024"
    )


def test_a_rewording_is_shown_word_by_word(client):
    promise = a_rich_promise()
    publish(promise)
    page = get(client, promise).content.decode()
    assert "<p><del>all</del> of the line" in page
    assert "<p><ins>most</ins> of the line" in page
    assert "As rewritten, 18 November 2021" in part_of(get(client, promise), "wording")


@pytest.mark.parametrize(
    ("figures", "words", "widths"),
    [
        (("2.5", "1.5"), "Promised: £2.5bn a year Delivered: £1.5bn a year, January 2022", ["100", "60"]),
        ((None, "1.5"), "Promised: no number was promised Delivered: £1.5bn a year, January 2022", []),
        (("2.5", None), "Promised: £2.5bn a year Delivered: no figure found, January 2022", []),
        (("2", "-1"), "Promised: £2bn a year Delivered: −£1bn a year, January 2022", []),
        (("-2", "-1"), "Promised: −£2bn a year Delivered: −£1bn a year, January 2022", ["100", "50"]),
        (("0", "3"), "Promised: £0 a year Delivered: £3bn a year, January 2022", ["0", "100"]),
        (("0", "0"), "Promised: £0 a year Delivered: £0 a year, January 2022", []),
    ],
)
def test_promised_stands_beside_delivered(client, figures, words, widths):
    promise = a_promise()
    promised, delivered = figures
    Measure.objects.create(
        promise=promise, measure="Money", unit="£bn a year", promised=promised, delivered=delivered, as_of="2022-01",
        basis="nominal prices",
    )  # fmt: skip
    publish(promise)
    page = get(client, promise)
    assert part_of(page, "measures") == f"Promised and delivered Money {words} Footing: nominal prices"
    drawn = [
        line.split('width="')[2].split('"')[0] for line in page.content.decode().splitlines() if 'class="bar"' in line
    ]
    assert drawn == widths


def test_the_history_gives_each_update_with_all_that_its_citation_says(client):
    promise = a_rich_promise()
    source = promise.promise_sources.last()
    an_update(
        promise, broken("2024-05", headline="The tunnel is filled"), source=source,
        locator="page 12", quoted="filled with sand", note="The filling",
    )  # fmt: skip
    publish(promise)
    page = get(client, promise)
    assert part_of(page, "update-4") == (
        "May 2024 Broken: dropped link to this update: The tunnel is filled The tunnel is filled "
        "This is why it was broken. The plan, HM Treasury, November 2021 (Government), archived copy of “The plan” of "
        "2 January 2024, page 12: filled with sand Cited for: The filling."
    )
    assert f'href="/promises/{promise.slug}/updates/4/"' in page.content.decode()
    assert '<time datetime="2024-05">' in page.content.decode()
    shown = [anchor for anchor in anchors_of(page) if anchor.startswith("update-")]
    assert shown == ["update-4", "update-3", "update-2", "update-1"]


def test_the_list_of_sources_says_once_what_each_is_cited_for(client):
    promise = a_rich_promise()
    publish(promise)
    listed = part_of(get(client, promise), "sources")
    assert listed.count("Cited for:") == 1
    assert "The plan, HM Treasury, November 2021 (Government)" in listed
    assert listed.endswith("Cited for: Half is cut; It costs more.")


def test_a_withdrawn_update_stays_struck_through_and_does_not_count(client):
    promise = a_published_promise(made(), kept("2022-03-01", headline="It opens"))
    promise.updates.filter(number=2).update(withdrawn="It was another line.")
    publish(promise, at=NOON + DAY)
    page = get(client, promise)
    assert part_of(page, "verdict").startswith("In progress since 31 January 2020")
    assert "Withdrawn: It was another line." in part_of(page, "update-2")
    assert '<li class="withdrawn" id="update-2">' in page.content.decode()
    assert "<h3><s>It opens</s></h3>" in page.content.decode()


def test_the_facts_lead_to_the_promises_that_share_them(client):
    promise = a_rich_promise(made_by="Rishi Sunak, Chancellor of the Exchequer", department="HMT")
    publish(promise)
    facts = part_of(get(client, promise), "facts")
    assert facts == (
        "The promise Made by Rishi Sunak, Chancellor of the Exchequer On 31 January 2020 In Conservative manifesto 2019 "
        "Due 2030 Answers HMT HM Treasury Where North West, Leeds Theme Transport"
    )
    page = get(client, promise).content.decode()
    for path in ("/?by=rishi-sunak", "/?department=hmt", "/places/north-west/", "/places/leeds/", "/themes/transport/"):
        assert f'href="{path}"' in page


def test_a_due_day_that_passed_without_a_verdict_is_said(client):
    page = get(client, a_published_promise(made(), due_on="2024"))
    assert "Due 2024, which has passed" in part_of(page, "facts")


def test_related_promises_stand_as_of_the_same_moment(client):
    promise = a_rich_promise()
    draft = a_promise(title="A secret plan")
    promise.related_rows.create(related=draft, position=9)
    publish(promise)
    assert part_of(get(client, promise), "related") == "Related promises Kept Open the other line"
    assert part_of(get(client, promise, as_of="2021-01-01"), "related") == (
        "Related promises In progress Open the other line"
    )
    other = promise.related_rows.first().related
    other.slug = "the-other-line"
    other.save()
    publish(other, at=NOON + DAY)
    assert part_of(get(client, promise), "related") == "Related promises Kept Open the other line"
    publish(other, at=NOON + 2 * DAY, withdrawal="Never promised.")
    assert part_of(get(client, promise), "related") == ""


@pytest.mark.parametrize(("days", "said"), [(90, False), (91, True)])
def test_a_check_long_ago_is_said(client, days, said):
    promise = a_published_promise(checked_on=timezone.localdate() - timedelta(days=days))
    assert ("more than 90 days ago" in part_of(get(client, promise), "record")) is said


def test_one_never_checked_is_said(client):
    assert "Nobody has checked it" in part_of(get(client, a_published_promise(checked_on=None)), "record")


# On a past day


def test_on_a_past_day_all_that_came_later_is_left_out(client):
    promise = a_rich_promise()
    publish(promise)
    page = get(client, promise, as_of="2021-06-30")
    assert (
        part_of(page, "verdict") == "In progress since 31 January 2020 · promise made This is why it was in progress."
    )
    assert [a for a in anchors_of(page) if a.startswith("update-")] == ["update-1"]
    assert part_of(page, "wording") == part_of(page, "reply") == ""
    assert part_of(page, "measures").startswith(
        "Promised and delivered Money Promised: £2.5bn a year Delivered: no figure by 30 June 2021"
    )
    words = words_of(page)
    assert "As it stood on 30 June 2021." in words
    assert f'<a href="/promises/{promise.slug}/">Back to today</a>' in page.content.decode()
    for later in ("Half is cut. ", "All is cut", "The money goes to buses", "most of the line"):
        assert later not in words


def test_what_is_known_to_the_month_counts_from_its_last_day(client):
    promise = a_rich_promise()
    publish(promise)
    assert "Delivered: no figure by 30 January 2022" in words_of(get(client, promise, as_of="2022-01-30"))
    assert "Delivered: £1.5bn a year, January 2022" in words_of(get(client, promise, as_of="2022-01-31"))


def test_one_not_made_by_the_day_says_so(client):
    promise = a_published_promise(made("2020-01-31"), title="Build it", summary="What it is.")
    page = get(client, promise, as_of="2020-01-30")
    assert page.status_code == 200
    assert "Not yet promised on 30 January 2020. The promise was made on 31 January 2020." in words_of(page)
    assert "What it is." not in words_of(page)
    by_month = get(client, a_published_promise(made("2020-02")), as_of="2020-02-28")
    assert "The promise was made in February 2020." in words_of(by_month)
    answer = get(client, promise, ".json", as_of="2020-01-30").json()
    assert (answer["standing"], answer["promise"]["updates"]) == (None, [])


# As it was published


def two_versions():
    promise = a_published_promise(made(), watered_down("2021-11-18"), title="Build half of it")
    Promise.objects.filter(pk=promise.pk).update(title="Build all of it")
    an_update(promise, broken("2023-10-04", headline="All is cut"))
    publish(promise, at=NOON + DAY)
    return promise


def test_a_version_asked_for_is_shown_as_it_was(client):
    promise = two_versions()
    page = get(client, promise, version=1)
    words = words_of(page)
    assert "Build half of it" in words
    assert "All is cut" not in words
    assert "Version 1, published 2 June 2025, 13:00 (British time). The latest is version 2." in words
    assert f'<a href="/promises/{promise.slug}/versions/1/#since">What changed since</a>' in page.content.decode()


def test_an_edition_asked_for_shows_what_we_had_said_by_then(client):
    promise = two_versions()
    a_published_promise(at=NOON + 2 * DAY)
    assert "Build half of it" in words_of(get(client, promise, edition=1))
    assert "Build all of it" in words_of(get(client, promise, edition=2))
    words = words_of(get(client, promise, edition=3))
    assert "As published by edition 3: version 2, of 3 June 2025, 13:00 (British time). It is the latest." in words


def test_an_edition_before_the_first_publication_says_when_that_was(client):
    a_published_promise()
    promise = a_published_promise(at=NOON + DAY)
    for ending in ("/", ".json", ".csv"):
        answer = get(client, promise, ending, edition=1)
        assert answer.status_code == 404
        assert "In edition 1 this promise had not been published. It came with edition 2, on 3 June 2025." in words_of(
            answer
        )


@pytest.mark.parametrize(
    ("query", "name", "sentence"),
    [
        ({"version": "abc"}, "version", "Write the version as a whole number."),
        ({"version": "-1"}, "version", "Write the version as a whole number."),
        ({"version": "²"}, "version", "Write the version as a whole number."),
        ({"version": "3"}, "version", "There is no version 3. The latest is 2."),
        ({"version": "0"}, "version", "There is no version 0. The latest is 2."),
        ({"version": ["1", "2"]}, "query", "“version” may be given once only."),
        (
            {"version": "1", "edition": "1"},
            "version",
            "“version” and “edition” both say what to answer from. Give one of them.",
        ),
        ({"edition": "3"}, "edition", "There is no edition 3. The latest is 2."),
        ({"as_of": "soon"}, "as_of", "Write the day as YYYY-MM-DD, for instance 2022-02-02."),
    ],
)
def test_nonsense_is_refused_in_words(client, query, name, sentence):
    promise = two_versions()
    for ending in ("/", ".json", ".csv", "/updates/1/", "/updates/1.json"):
        answer = get(client, promise, ending, **query)
        assert answer.status_code == 400
        assert sentence in words_of(answer)
    assert get(client, promise, ".json", **query).json() == {"errors": {name: [sentence]}}


def test_empty_and_unknown_names_are_ignored_and_never_echoed(client):
    promise = two_versions()
    plain = get(client, promise).content
    assert get(client, promise, version="", edition="", as_of="", utm_source="tell-tale", page="x").content == plain


def test_drafts_are_nowhere(client):
    promise = a_published_promise()
    draft = a_promise(title="A secret plan")
    Promise.objects.filter(pk=promise.pk).update(title="A secret title", summary="A secret summary")
    an_update(promise, broken("2024-01-01", headline="A secret blow"))
    for ending in ("/", ".json", ".csv", "/versions/", "/versions/1/", "/versions/1.json", "/updates/1/"):
        assert b"secret" not in b"".join(get(client, promise, ending))
        assert get(client, draft, ending).status_code == 404
    assert get(client, promise, "/updates/2/").status_code == 404


def test_corrections_are_noted_on_the_page(client):
    promise = a_published_promise(title="Bild it")
    Promise.objects.filter(pk=promise.pk).update(title="Build it")
    publish_with(promise, at=NOON + DAY, note="A letter was missing.")
    page = get(client, promise)
    assert "Changed since version 1: minor correction of 3 June 2025." in part_of(page, "record")
    assert "missing" not in words_of(page)
    Promise.objects.filter(pk=promise.pk).update(due_on="2030")
    publish_with(promise, at=NOON + 2 * DAY, note="The due day was wrong.", correction=Kind.MAJOR_CORRECTION)
    assert "Corrected on 4 June 2025, after version 2. The due day was wrong." in words_of(get(client, promise))
    assert "Corrected since, on 4 June 2025, after version 2." in words_of(get(client, promise, version=1))


# As data


def test_the_json_is_the_snapshot_as_digested_beside_its_digest(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    promise = a_rich_promise()
    edition = publish(promise)
    version = Version.objects.get(promise_id=promise.identity)
    answer = get(client, promise, ".json").json()
    assert list(answer) == [
        "licence", "edition", "version", "published_at", "url", "as_of", "standing", "promise", "digest", "urls",
    ]  # fmt: skip
    assert answer["licence"] == "CC BY 4.0"
    assert (answer["edition"], answer["version"]) == (edition.number, 1)
    assert answer["published_at"] == "2025-06-02T12:00:00Z"
    assert answer["url"] == f"https://tracker.example/promises/{promise.slug}/"
    assert answer["promise"] == version.snapshot
    written = json.dumps(answer["promise"], ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(written).hexdigest() == answer["digest"]
    assert answer["standing"] == {
        "status": "broken",
        "reason": ["dropped"],
        "since": "2023-10-04",
        "since_from": "2023-10-04",
        "date": "2023-10-04",
        "date_from": "2023-10-04",
        "headline": "All is cut",
        "update": 3,
    }
    assert answer["urls"]["updates"]["2"] == f"https://tracker.example/promises/{promise.slug}/updates/2/"
    assert answer["urls"]["version"] == f"https://tracker.example/promises/{promise.slug}/versions/1/"


def test_json_of_a_past_day_leaves_out_what_came_later_and_gives_no_digest(client):
    promise = a_rich_promise()
    publish(promise)
    answer = get(client, promise, ".json", as_of="2021-06-30").json()
    assert (answer["as_of"], answer["digest"]) == ("2021-06-30", None)
    assert [update["number"] for update in answer["promise"]["updates"]] == [1]
    assert (answer["promise"]["wording_changes"], answer["promise"]["reply"]) == ([], None)
    assert (answer["promise"]["targets"][0]["promised"], answer["promise"]["targets"][0]["delivered"]) == ("2.5", None)
    whole = get(client, promise, ".json", as_of="2025-06-02").json()
    assert whole["promise"] == get(client, promise, ".json").json()["promise"]
    assert whole["digest"]


def test_addresses_never_come_from_the_request(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    settings.ALLOWED_HOSTS = ["evil.example"]
    promise = a_published_promise()
    for ending in ("/", ".json", ".csv", "/versions/1/", "/updates/1/"):
        answer = client.get(f"/promises/{promise.slug}{ending}", headers={"host": "evil.example"})
        assert answer.status_code == 200
        assert b"evil" not in b"".join(answer)


def test_the_history_as_csv(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    promise = a_published_promise(
        made(), watered_down("2021-11", "smaller", "later", headline="=SUM(A1)"), title="Build it"
    )
    answer = get(client, promise, ".csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [row["number"] for row in rows] == ["2", "1"]
    row = rows[0]
    assert row["slug"] == promise.slug
    assert (row["title"], row["date"], row["counts_from"]) == ("Build it", "2021-11", "2021-11-30")
    assert (row["status"], row["reason"], row["headline"]) == ("watered_down", "smaller;later", "'=SUM(A1)")
    assert row["source_urls"].startswith("https://example.org/statements/")
    assert (row["published_at"], row["version"]) == ("2025-06-02T12:00:00Z", "1")
    assert row["url"] == f"https://tracker.example/promises/{promise.slug}/updates/2/"
    before = list(csv.DictReader(io.StringIO(b"".join(get(client, promise, ".csv", as_of="2021-11-29")).decode())))
    assert [row["number"] for row in before] == ["1"]


def test_the_page_leads_to_its_data_for_the_same_question(client):
    promise = two_versions()
    page = get(client, promise, version=1, as_of="2022-01-01").content.decode()
    assert f'href="/promises/{promise.slug}.json?version=1&amp;as_of=2022-01-01"' in page


# Renamed, withdrawn, sealed


ENDINGS = ("/", ".json", ".csv", "/updates/1/", "/updates/1.json", "/versions/", "/versions/1/", "/versions/1.json")


def test_every_address_below_an_old_name_redirects_for_good(client):
    promise = a_published_promise(slug="old-name")
    for at, slug in enumerate(("new-name", "newest-name"), start=1):
        promise.slug = slug
        promise.save()
        publish(promise, at=NOON + at * DAY)
    for old in ("old-name", "new-name"):
        for ending in ENDINGS:
            answer = client.get(f"/promises/{old}{ending}?as_of=2022-01-01&version=1")
            assert answer.status_code == 301
            assert answer["Location"] == f"/promises/newest-name{ending}?as_of=2022-01-01&version=1"
            assert client.get(answer["Location"]).status_code == 200
    assert client.get("/promises/never-a-name/").status_code == 404


def test_an_earlier_version_links_to_the_addresses_of_today(client):
    promise = a_published_promise(slug="old-name")
    promise.slug = "new-name"
    promise.save()
    publish(promise, at=NOON + DAY)
    page = client.get("/promises/new-name/versions/1/").content.decode()
    assert 'href="/promises/new-name/updates/1/"' in page


def test_what_was_withdrawn_is_gone_with_the_reason_and_its_versions(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    promise = a_published_promise(title="Build it")
    publish(promise, at=NOON + DAY, withdrawal="It was never promised.")
    for ending in ("/", ".json", ".csv", "/updates/1/", "/updates/1.json"):
        answer = get(client, promise, ending)
        assert answer.status_code == 410
        assert "This promise was withdrawn on 3 June 2025." in words_of(answer)
        assert "It was never promised." in words_of(answer)
    page = get(client, promise).content.decode()
    assert f'<a href="/promises/{promise.slug}/versions/1/">Version 1</a>' in page
    answer = get(client, promise, ".json").json()
    assert answer["reason"] == "It was never promised."
    assert [(version["number"], version["kind"]) for version in answer["versions"]] == [(2, "withdrawal"), (1, "new")]
    assert answer["versions"][1]["url"] == f"https://tracker.example/promises/{promise.slug}/versions/1/"


def test_what_was_withdrawn_can_be_read_as_it_was(client):
    promise = a_published_promise(title="Build it")
    publish(promise, at=NOON + DAY, withdrawal="It was never promised.")
    for ending, query in (("/", {"edition": 1}), ("/", {"version": 1}), ("/versions/1/", {}), ("/versions/2/", {})):
        page = get(client, promise, ending, **query)
        assert page.status_code == 200
        assert "This promise was withdrawn on 3 June 2025. It was never promised." in words_of(page)
    assert get(client, promise, ".json", edition=1).json()["promise"]["title"] == "Build it"
    assert get(client, promise, "/versions/").status_code == 200
    assert get(client, promise, version=2).status_code == 410


def test_what_is_published_again_is_there_again(client):
    promise = a_published_promise()
    publish(promise, at=NOON + DAY, withdrawal="It was never promised.")
    publish(promise, at=NOON + 2 * DAY)
    assert get(client, promise).status_code == 200
    assert get(client, promise, edition=2).status_code == 410
    assert "withdrawn" not in words_of(get(client, promise))


def a_sealed_promise():
    """A promise of three versions, of which the second, with a libel, was sealed."""
    promise = a_published_promise(title="Build it")
    Promise.objects.filter(pk=promise.pk).update(title="A libel")
    publish_with(promise, at=NOON + DAY, note="A libellous note.")
    Promise.objects.filter(pk=promise.pk).update(title="Build it all")
    publish(promise, at=NOON + 2 * DAY)
    second = Version.objects.get(promise_id=promise.identity, number=2)
    door.seal([second], at=NOON + 3 * DAY, reason="By order of a court.")
    return promise


def test_what_the_law_sealed_is_shown_nowhere(client):
    promise = a_sealed_promise()
    for ending, query in (("/versions/2/", {}), ("/versions/2.json", {}), ("/", {"version": 2}), ("/", {"edition": 2})):
        answer = get(client, promise, ending, **query)
        assert answer.status_code == 451
        assert "By order of a court." in words_of(answer)
        assert b"libel" not in answer.content
    for ending in ("/", ".json", "/versions/", "/versions/1/", "/versions/3/"):
        answer = get(client, promise, ending)
        assert answer.status_code == 200
        assert b"libel" not in answer.content.lower()
    assert "The version before is sealed" in part_of(get(client, promise, "/versions/3/"), "changed")
    for path in ("/changes/", "/changes/2/", "/changes.csv", "/changes.json"):
        assert b"libel" not in b"".join(client.get(path))


def test_a_promise_whose_latest_version_is_sealed_is_sealed(client):
    promise = a_published_promise(title="A libel")
    door.seal([Version.objects.get()], at=NOON + DAY, reason="By order of a court.")
    for ending in ("/", ".json", ".csv", "/updates/1/", "/versions/1/"):
        answer = get(client, promise, ending)
        assert answer.status_code == 451
        assert b"libel" not in answer.content
    page = get(client, promise, "/versions/")
    assert page.status_code == 200
    assert b"libel" not in page.content


# What it costs


def test_a_longer_history_costs_no_more_queries(client, django_assert_num_queries):
    small = a_published_promise(made(), related=[a_published_promise()])
    large = a_promise(*[made(), *(watered_down(f"2021-01-{day:02}") for day in range(1, 29))])
    for _ in range(5):
        a_promise_source(large)
        large.related_rows.create(related=a_published_promise())
    publish(large, at=NOON + DAY)
    for at in range(2, 8):
        Promise.objects.filter(pk=large.pk).update(summary=f"Version {at}.")
        publish(large, at=NOON + at * DAY)
    for promise in (small, large):
        with django_assert_num_queries(5):
            get(client, promise)
        with django_assert_num_queries(3):
            get(client, promise, ".json")
        with django_assert_num_queries(4):
            get(client, promise, "/updates/1/")
        with django_assert_num_queries(4):
            get(client, promise, "/versions/")
    with django_assert_num_queries(7):
        get(client, large, "/versions/3/")


def test_a_promise_by_two_leads_to_both(client):
    promise = a_published_promise(made_by="Boris Johnson, Prime Minister, and Rishi Sunak, Chancellor")
    page = get(client, promise)
    assert "Made by Boris Johnson, Prime Minister, and Rishi Sunak, Chancellor" in part_of(page, "facts")


def test_promises_to_a_whole_country_lead_to_its_page(client):
    promise = a_published_promise(regions=["uk"])
    assert f'<a href="/places/uk/">{Place.objects.get(slug="uk").name}</a>' in get(client, promise).content.decode()


def test_a_status_that_stays_begins_where_its_run_began(client):
    promise = a_published_promise(made("2020-01-31"), under_way("2020-06-30", headline="Work begins"))
    banner = part_of(get(client, promise), "verdict")
    assert banner.startswith("In progress since 31 January 2020 · under way This is why it was in progress.")
    assert banner.endswith("Latest, 30 June 2020: Work begins")
