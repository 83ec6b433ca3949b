"""A version is shown exactly as published, for good, with what it changed and what changed since."""

import hashlib
import json
from datetime import timedelta

import pytest

from promises.desk.models import Promise, Source
from promises.publishing import door
from promises.publishing.door import Publication
from promises.record.version import Version
from promises.statuses import Kind
from tests.factories import NOON, a_published_promise, an_update, broken, made, publish, watered_down
from tests.public.reading import part_of, words_of

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def get(client, promise, ending, **query):
    return client.get(f"/promises/{promise.slug}/versions/{ending}", query)


def three_versions():
    promise = a_published_promise(made(), watered_down("2021-11-18"), title="Build the whole line", slug="the-line")
    Promise.objects.filter(pk=promise.pk).update(title="Build the whole railway")
    door.publish([Publication(promise, note="A better word.")], at=NOON + DAY, roles={"by": "researcher"})
    an_update(promise, broken("2023-10-04", headline="All is cut"))
    publish(promise, at=NOON + 2 * DAY)
    return promise


def test_a_version_says_which_it_is_and_when_it_was_published(client):
    page = get(client, three_versions(), "2/")
    words = words_of(page)
    assert "Version 2, published 3 June 2025, 13:00 (British time). The latest is version 3." in words
    assert "Build the whole railway" in words
    assert part_of(page, "verdict").startswith("Watered down since 18 November 2021")
    assert Version.objects.get(number=2).digest in part_of(page, "digest")


def test_it_says_what_it_changed_word_by_word(client):
    page = get(client, three_versions(), "2/")
    changed = part_of(page, "changed")
    assert "Minor correction, published 3 June 2025, 13:00 in edition 2: A better word." in changed
    assert "<td>Build the whole <del>line</del><ins>railway</ins>" in page.content.decode()
    assert changed.count("Title") == 1


def test_it_says_what_changed_since_in_every_field(client):
    page = get(client, three_versions(), "1/")
    since = part_of(page, "since")
    assert since.startswith("What changed since Between version 1 and version 3, which stands today.")
    assert "Title Build the whole line railway" in since
    assert "Update of 4 October 2023: headline (added) All is cut" in since
    assert "Update of 4 October 2023: status (added) Broken" in since
    assert "It is the first." in part_of(page, "changed")


def test_the_latest_says_that_it_is(client):
    page = get(client, three_versions(), "3/")
    assert "Version 3, published 4 June 2025, 13:00 (British time). It is the latest." in words_of(page)
    assert part_of(page, "since") == ""
    assert "Update of 4 October 2023: headline (added) All is cut" in part_of(page, "changed")


def test_a_corrected_source_is_a_change_too(client):
    promise = three_versions()
    Source.objects.filter(promise_sources__promise=promise).update(title="The plan")
    publish(promise, at=NOON + 3 * DAY)
    assert "title Statement number" in part_of(get(client, promise, "4/"), "changed")


def test_a_version_reads_the_same_for_good_byte_for_byte(client):
    promise = three_versions()
    version = Version.objects.get(number=2)
    before = get(client, promise, "2.json").content
    part = before[before.index(b'"promise": ') : before.index(b', "digest"')]
    Promise.objects.filter(pk=promise.pk).update(summary="It was all another thing.", due_on="2040")
    an_update(promise, broken("2024-05-05"))
    publish(promise, at=NOON + 3 * DAY, correction=Kind.MAJOR_CORRECTION)
    a_published_promise(at=NOON + 4 * DAY)
    assert get(client, promise, "2.json").content == before
    promise.refresh_from_db()
    promise.slug = "another-name"
    promise.save()
    publish(promise, at=NOON + 5 * DAY)
    publish(promise, at=NOON + 6 * DAY, withdrawal="It was never promised.")
    after = get(client, promise, "2.json").content
    assert after[after.index(b'"promise": ') : after.index(b', "digest"')] == part
    answer = json.loads(after)
    assert answer["promise"] == json.loads(version.snapshot_text)
    written = json.dumps(answer["promise"], ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(written).hexdigest() == answer["digest"] == version.digest
    assert (answer["edition"], answer["version"], answer["published_at"]) == (2, 2, "2025-06-03T12:00:00Z")


def test_a_version_on_a_past_day(client):
    page = get(client, three_versions(), "3/", as_of="2022-01-01")
    assert part_of(page, "verdict").startswith("Watered down since 18 November 2021")
    assert "As it stood on 1 January 2022." in words_of(page)
    assert '<a href="/promises/the-line/versions/3/">Back to today</a>' in page.content.decode()


def test_an_unknown_version_is_not_found(client):
    promise = three_versions()
    for ending in ("0/", "4/", "4.json", "99999999999999999999/"):
        assert get(client, promise, ending).status_code == 404
    assert "There is no version 4 of this promise. The latest is 3." in words_of(get(client, promise, "4/"))


def test_the_list_has_every_version_with_its_kind_and_note(client):
    promise = three_versions()
    Promise.objects.filter(pk=promise.pk).update(checked_on="2025-06-04")
    publish(promise, at=NOON + 3 * DAY)
    words = words_of(get(client, promise, ""))
    assert "Version 4 5 June 2025, 13:00 Checked, nothing new 4" in words
    assert "Version 3 4 June 2025, 13:00 Update 3" in words
    assert "Version 2 3 June 2025, 13:00 Minor correction A better word. 2" in words
    assert "Version 1 2 June 2025, 13:00 New promise 1" in words
    words = words_of(get(client, promise, "", edition=2))
    assert "Version 2 3 June" in words
    assert "Version 3" not in words


def test_moments_are_british(client):
    promise = a_published_promise(at=NOON.replace(month=1, hour=23))
    assert "published 2 January 2025, 23:00" in words_of(get(client, promise, "1/"))
    summer = a_published_promise(at=NOON.replace(hour=23))
    assert "published 3 June 2025, 00:00" in words_of(get(client, summer, "1/"))


def test_a_digest_page_is_plain_about_a_check(client):
    promise = a_published_promise()
    Promise.objects.filter(pk=promise.pk).update(checked_on="2025-06-03")
    publish(promise, at=NOON + DAY)
    assert "Last checked 1 3 June 2025" in part_of(get(client, promise, "2/"), "changed")
