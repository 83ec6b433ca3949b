"""Loading and exporting record files: all or nothing, by slug, and the same again changes nothing."""

from collections import Counter
from datetime import date
from io import StringIO

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from promises.dates import Day
from promises.desk.models import Promise
from promises.record.edition import Edition
from promises.record.listing import Listing
from promises.record.version import Alias, Version
from tests.factories import a_published_promise, an_update, kept, made, publish

pytestmark = pytest.mark.django_db
FIXTURES = settings.BASE_DIR / "fixtures"
DAYS = ["2020-01-01", "2022-01-18", "2022-09-06", "2024-07-04", "2025-12-31", None]


def load(*paths, **options):
    out, err = StringIO(), StringIO()
    try:
        call_command("load_records", *map(str, paths), stdout=out, stderr=err, **options)
    except CommandError as error:
        return f"{err.getvalue()}{error}"
    return out.getvalue().strip()


def counts_straight_from_the_files(day):
    """Count by status as a reader with pencil and paper would: the last update by that day."""
    counts = Counter()
    for file in (FIXTURES / "promises").glob("*.yaml"):
        updates = yaml.safe_load(file.read_text())["updates"]
        counting = [(min(Day(u["date"]).last_day, timezone.localdate()), u["number"], u["status"]) for u in updates]
        by_then = sorted(u for u in counting if u[0] <= day)
        if by_then:
            counts[by_then[-1][2]] += 1
    return counts


def test_the_site_starts_with_every_real_record_and_the_counts_of_its_files():
    assert load(FIXTURES) == "Published 106 new, 0 changed, 0 unchanged."
    for text in DAYS:
        day = date.fromisoformat(text) if text else timezone.localdate()
        standing = Listing.objects.in_edition(1, latest=1).standing(as_of=day)
        assert Counter(standing.values_list("status", flat=True)) == counts_straight_from_the_files(day), text


def test_loading_twice_and_loading_an_export_change_nothing(tmp_path):
    load(FIXTURES)
    assert load(FIXTURES) == "Nothing to publish: 0 new, 0 changed, 106 unchanged."
    call_command("export_records", str(tmp_path), stdout=StringIO())
    for file in (FIXTURES / "promises").glob("*.yaml"):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()
    assert load(tmp_path) == "Nothing to publish: 0 new, 0 changed, 106 unchanged."
    assert Edition.objects.count() == 1


def test_a_dry_run_says_what_would_be_done_and_does_nothing():
    assert load(FIXTURES, dry_run=True) == "Would publish 106 new, 0 changed, 0 unchanged."
    assert not Edition.objects.exists()
    assert not Promise.objects.exists()


@pytest.fixture
def exported(tmp_path):
    """A published promise with its file, and how to change the file."""
    promise = a_published_promise(made(), kept(), slug="a-line", places=["leeds"])
    call_command("export_records", str(tmp_path), stdout=StringIO())
    file = tmp_path / "a-line.yaml"

    def change(before, after):
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after))
        return file

    return promise, change


def test_a_changed_record_becomes_a_new_version_with_its_history_kept(exported):
    promise, change = exported
    file = change("title: Build", "title: Rebuild")
    assert load(file) == "Published 0 new, 1 changed, 0 unchanged."
    first, second = Version.objects.of_promise(promise.identity).order_by("number")
    assert (first.kind, second.kind) == ("new", "minor_correction")
    assert second.snapshot["title"].startswith("Rebuild")
    assert [u["published_at"] for u in second.snapshot["updates"]] == [
        u["published_at"] for u in first.snapshot["updates"]
    ]


def test_a_record_is_found_by_a_former_slug_and_renamed(exported):
    _, change = exported
    file = change("slug: a-line", "slug: the-line\nformer_slugs:\n- a-line")
    assert load(file) == "Published 0 new, 1 changed, 0 unchanged."
    assert Version.objects.order_by("-number").first().kind == "rename"
    assert Alias.objects.get().slug == "a-line"
    assert Promise.objects.get().slug == "the-line"


def test_a_published_update_missing_from_the_file_is_refused_by_name(exported):
    _, change = exported
    file = change("", "")
    record = yaml.safe_load(file.read_text())
    record["updates"].pop()
    file.write_text(yaml.safe_dump(record, allow_unicode=True, sort_keys=False))
    answer = load(file)
    assert "a-line: update 2 (“Kept on 1 March 2022”) was published and is missing." in answer
    assert "Nothing was loaded: 1 problem." in answer
    assert Edition.objects.count() == 1


def test_a_draft_at_the_desk_is_neither_lost_nor_published(exported):
    promise, change = exported
    an_update(promise, headline="A secret draft")
    file = change("title: Build", "title: Rebuild")
    assert "has a change at the desk that is not published" in load(file)
    assert promise.updates.filter(headline="A secret draft").exists()
    assert Edition.objects.count() == 1
    change("title: Rebuild", "title: Build")
    assert load(file) == "Nothing to publish: 0 new, 0 changed, 1 unchanged."
    assert promise.updates.filter(headline="A secret draft", number=None).exists()


def test_a_source_shared_by_two_promises_is_one_row(tmp_path):
    one, other = a_published_promise(slug="one"), a_published_promise(slug="other")
    other.promise_sources.update(source=one.promise_sources.get().source)
    publish(other, at=timezone.now())
    call_command("export_records", str(tmp_path), stdout=StringIO())
    for file in tmp_path.iterdir():
        file.write_text(file.read_text().replace("Department for Examples", "Ministry of Examples"))
    assert load(tmp_path) == "Published 0 new, 2 changed, 0 unchanged."
    assert one.promise_sources.get().source.publisher == "Ministry of Examples"


BAD = {
    "a missing source": ("    sources:\n", "    sources:\n    - no-such-source\n", "no-such-source"),
    "an unknown theme": ("theme: transport", "theme: trains", "trains"),
    "an impossible date": ('"2022-03-01"', '"2022-02-30"', "2022-02-30"),
    "a script in a title": ("title: Build", "title: <script>alert(1)</script> Build", "title"),
    "broken YAML": ("title: Build", "title: [Build", "line"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_by_place_and_nothing_changes(exported, what):
    _, change = exported
    before, after, named = BAD[what]
    before_rows = list(Version.objects.values()), list(Promise.objects.values())
    answer = load(change(before, after))
    assert named in answer
    assert "a-line.yaml, line " in answer
    assert "Nothing was loaded" in answer
    assert (list(Version.objects.values()), list(Promise.objects.values())) == before_rows


def test_two_records_of_one_slug_a_huge_field_and_a_wrong_encoding_are_refused(exported, tmp_path):
    _, change = exported
    file = change("", "")
    twin = tmp_path / "twin.yaml"
    twin.write_text(file.read_text())
    assert "The key “a-line” is used already" in load(tmp_path)
    twin.write_text(file.read_text().replace("title: Build", "title: " + "x" * 10_000_000))
    assert "title" in load(twin)
    twin.write_bytes(file.read_text().replace("Build", "Bäuld").encode("latin-1"))
    assert "is not UTF-8" in load(twin)
    assert "There is no such file" in load(tmp_path / "nowhere.yaml")
    assert Edition.objects.count() == 1
