"""Numbered releases: the same bytes for the same record, opened by the tools of others."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest
import yaml
from django.core.management import call_command
from frictionless import Package, system

from promises.public import releases, releasing
from promises.publishing import door
from promises.record.document import digest
from promises.record.edition import Edition, edition_digest
from promises.record.version import Version
from tests.factories import NOON, a_promise, a_published_promise, an_update, broken, kept, made, publish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.PUBLIC_URL = "https://tracker.example"


def run():
    out = io.StringIO()
    call_command("release", stdout=out)
    return out.getvalue()


def unpacked(number, tmp_path):
    with zipfile.ZipFile(releases.folder() / str(number) / f"levelling-up-promises-{number}.zip") as archive:
        archive.extractall(tmp_path / f"unpacked-{number}")
    return tmp_path / f"unpacked-{number}" / f"levelling-up-promises-{number}"


def rows(folder, name):
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_a_release_is_a_valid_data_package(tmp_path):
    a_published_promise(made(), kept(), slug="railway", title="=HYPERLINK(1)", places=["leeds"], due_on="2030")
    a_published_promise(made(), broken(), slug="canal", at=NOON + timedelta(days=1))
    assert run().startswith("Release 1 holds edition 2: 2 promises, 4 updates, ")
    folder = unpacked(1, tmp_path)
    with system.use_context(trusted=True):
        report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["title", "message"])
    package = json.loads((folder / "datapackage.json").read_text())
    assert (package["version"], package["edition"], package["as_of"]) == ("1", 2, "2025-06-03")
    assert package["digest"] == Edition.objects.get(number=2).digest
    assert {row["slug"]: row["status"] for row in rows(folder, "promises")} == {"canal": "broken", "railway": "kept"}
    assert [row["title"] for row in rows(folder, "promises")][1] == "'=HYPERLINK(1)"


def test_every_sum_is_right(tmp_path):
    a_published_promise()
    run()
    folder = unpacked(1, tmp_path)
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    there = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert set(sums) == there
    for name, known in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == known
    release = releases.get(1)
    assert hashlib.sha256((releases.folder() / "1" / release.file).read_bytes()).hexdigest() == release.sha256


def test_the_same_record_gives_the_same_bytes(tmp_path):
    publish(a_promise(made(), kept()), a_promise(), a_promise())
    edition = Edition.objects.get()
    written = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        releasing.write(tmp_path / name, number=1, edition=edition, before=None)
        written.append((tmp_path / name / "levelling-up-promises-1.zip").read_bytes())
    assert written[0] == written[1]


def test_the_chain_can_be_proved_from_the_files_alone(tmp_path):
    promise = a_published_promise(slug="railway")
    publish(an_update(promise, kept()).promise, at=NOON + timedelta(days=1), note="News.")
    run()
    folder = unpacked(1, tmp_path)
    versions = json.loads((folder / "versions.json").read_text())["versions"]
    before = ""
    for edition in json.loads((folder / "editions.json").read_text())["editions"]:
        mine = [version for version in versions if version["edition"] == edition["number"]]
        for version in mine:
            assert digest(version["snapshot"]) == version["digest"]
        before = edition_digest(
            before=before,
            number=edition["number"],
            published_at=Edition.objects.get(number=edition["number"]).published_at,
            roles=json.loads(edition["roles"]),
            note=edition["note"] or "",
            entries=[(v["promise"], v["number"], v["digest"], v["kind"], v["note"] or "") for v in mine],
        )
        assert before == edition["digest"]
    assert before == releases.get(1).digest


def test_a_release_tells_what_changed_since_the_one_before(tmp_path, client):
    promise = a_published_promise(slug="railway", title="Build the railway")
    run()
    assert run() == "Release 1 holds edition 1 already, and nothing came after it.\n"
    publish(an_update(promise, kept("2025-06-03")).promise, at=NOON + timedelta(days=1))
    a_published_promise(slug="canal", at=NOON + timedelta(days=2))
    run()
    release = releases.get(2)
    assert (release.previous, release.changes) == ({"number": 1, "edition": 1}, {"new": 1, "update": 1})
    changed = rows(unpacked(2, tmp_path), "changes")
    assert [(row["kind"], row["slug"], row["version"]) for row in changed] == [
        ("update", "railway", "2"),
        ("new", "canal", "1"),
    ]
    assert "Update: Build the railway, version 2" in (unpacked(2, tmp_path) / "CHANGES.txt").read_text()
    page = client.get("/data/releases/2/").text
    assert "release 1</a>" in page
    assert "Update: 1" in page


def test_it_says_how_to_cite_it(tmp_path):
    a_published_promise()
    run()
    told = yaml.safe_load((unpacked(1, tmp_path) / "CITATION.cff").read_text())
    assert told["cff-version"] == "1.2.0"
    assert (told["type"], told["version"], told["license"]) == ("dataset", "1", "CC-BY-4.0")
    assert str(told["date-released"]) == "2025-06-02"
    assert told["url"] == "https://tracker.example/data/releases/1/"


def test_releases_are_listed_shown_and_given(client):
    assert "No release yet" in client.get("/data/releases/").text
    a_published_promise()
    run()
    assert "/data/releases/1/levelling-up-promises-1.zip" in client.get("/data/releases/").text
    assert releases.get(1).sha256 in client.get("/data/releases/1/").text
    answer = client.get("/data/releases/1/levelling-up-promises-1.zip")
    content = answer.getvalue()
    assert hashlib.sha256(content).hexdigest() == releases.get(1).sha256
    assert answer["Content-Type"] == "application/zip"
    assert answer["Access-Control-Allow-Origin"] == "*"
    manifest = json.loads(client.get("/data/releases/1/release.json").getvalue())
    assert manifest["sha256"] == releases.get(1).sha256


def test_nothing_else_of_the_folder_is_given(client):
    a_published_promise()
    run()
    (releases.folder() / "1" / "secret.txt").write_text("secret")
    for path in (
        "/data/releases/2/",
        "/data/releases/1/secret.txt",
        "/data/releases/1/..%2f1%2frelease.json",
        "/data/releases/1/%2e%2e",
    ):
        assert client.get(path).status_code == 404


def test_what_was_sealed_later_is_given_no_more(client, tmp_path):
    promise = a_published_promise(slug="railway", summary="A libel.")
    run()
    promise.summary = "The truth."
    promise.save()
    publish(promise, at=NOON + timedelta(days=1))
    door.seal([Version.objects.get(number=1)], at=NOON + timedelta(days=2), reason="A court ordered it.")
    for path in ("/data/releases/1/", "/data/releases/1/levelling-up-promises-1.zip"):
        answer = client.get(path)
        assert answer.status_code == 451
        assert "A court ordered it." in answer.text
    run()
    assert client.get("/data/releases/2/").status_code == 200
    folder = unpacked(2, tmp_path)
    assert not [path for path in folder.iterdir() if b"A libel." in path.read_bytes()]
    assert [row["sealed"] for row in rows(folder, "versions")] == ["A court ordered it.", ""]


def test_before_anything_is_published_there_is_nothing_to_release():
    assert run() == "Nothing has been published yet, so there is nothing to release.\n"


def test_it_asks_few_questions_however_much_there_is(django_assert_max_num_queries, tmp_path):
    publish(*[a_promise(made(), kept()) for _ in range(8)])
    with django_assert_max_num_queries(25):
        releasing.make()
