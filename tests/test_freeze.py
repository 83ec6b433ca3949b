"""The frozen copy: served by the plainest of servers, every link leads somewhere."""

import csv
import functools
import http.server
import io
import json
import threading
from datetime import timedelta
from urllib.parse import urljoin, urlsplit

import feedparser
import html5lib
import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from tests.factories import NOON, a_promise, a_published_promise, an_update, broken, kept, made, publish

pytestmark = pytest.mark.django_db


def a_record():
    """A promise with two versions, one renamed, one withdrawn, and a release."""
    railway = a_published_promise(made(), slug="railway", title="Build the railway", places=["leeds"], due_on="2030")
    publish(an_update(railway, kept("2025-06-02")).promise, at=NOON + timedelta(hours=1))
    canal = a_promise(made(), broken("2023-10-04"), slug="canal", theme="schools", regions=["london"])
    gone = a_promise(slug="gone", regions=["wales"])
    publish(canal, gone, at=NOON + timedelta(hours=2))
    canal.slug = "waterway"
    canal.save()
    publish(canal, at=NOON + timedelta(hours=3))
    publish(gone, at=NOON + timedelta(hours=4), withdrawal="It was never made.")
    call_command("release", stdout=io.StringIO())


@pytest.fixture(scope="module")
def frozen(django_db_setup, django_db_blocker, tmp_path_factory):
    """The copy of that record, made once; the database forgets the record."""
    folder = tmp_path_factory.mktemp("copies")
    ours = override_settings(DATA_DIR=folder / "data", PUBLIC_URL="http://127.0.0.1:8000")
    with django_db_blocker.unblock(), ours, transaction.atomic():
        a_record()
        call_command("freeze", str(folder / "frozen"), stdout=io.StringIO())
        transaction.set_rollback(True)
    return folder / "frozen"


@pytest.fixture
def served(frozen):
    """The copy below a folder of a server that knows nothing but files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=str(frozen.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}") as client:
        yield client
    server.shutdown()
    server.server_close()


def links(text):
    document = html5lib.parse(text, namespaceHTMLElements=False)
    for element in document.iter():
        for name in ("href", "src"):
            if isinstance(element.tag, str) and element.get(name):
                yield element.get(name)


def test_every_link_of_every_page_leads_to_a_file(served, frozen):
    waiting, seen = ["/frozen/"], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = served.get(path)
        assert answer.status_code == 200, path
        if path.endswith("/"):
            html5lib.HTMLParser(strict=True).parse(answer.text)
            assert "<form" not in answer.text
            for href in links(answer.text):
                parts = urlsplit(urljoin(path, href))
                if not parts.netloc and not parts.scheme and not href.startswith("#"):
                    assert not parts.query, (path, href)
                    assert parts.path.startswith("/frozen/"), (path, href)
                    waiting.append(parts.path)
    for path in ("promises/railway/", "promises/railway/versions/1/", "status-kept/", "themes/transport/", "places/leeds/",
                 "promises/railway/updates/2/", "changes/", "data/releases/1/", "promises/railway/cite/version-2/"):  # fmt: skip
        assert f"/frozen/{path}" in seen, path


def test_each_page_says_what_it_is(served):
    for path in ("", "promises/railway/", "data/"):
        text = served.get(f"/frozen/{path}").text
        assert "This is a copy of http://127.0.0.1:8000, frozen on " in text
        assert "edition 5, and nothing in it changes any more" in text


def test_data_feeds_cards_frames_and_releases_are_in_it(frozen):
    assert [row["slug"] for row in csv.DictReader(io.StringIO((frozen / "promises.csv").read_text()))] == [
        "railway",
        "waterway",
    ]
    assert json.loads((frozen / "promises/railway.json").read_text())["version"] == 2
    assert not feedparser.parse((frozen / "promises.atom").read_bytes()).bozo
    for path in (
        "card.png",
        "promises/railway/card.png",
        "promises/railway/cite.bib",
        "embed/promises/railway/index.html",
        "embed/promises/railway/updates/2/index.html",
        "embed/tally/theme-transport/index.html",
        "data/releases/1/levelling-up-promises-1.zip",
        "data/releases/1/release.json",
        "data/openapi.json",
        "sitemap.xml",
        "robots.txt",
        "404.html",
        "static/js/embed.js",
        "static/css/site.css",
    ):
        assert (frozen / path).is_file(), path
    assert list((frozen / "static/fonts").glob("*.woff2"))


def test_what_moved_and_what_went_is_told(frozen, served):
    assert 'url=../waterway/"' in served.get("/frozen/promises/canal/").text
    assert "It was never made." in served.get("/frozen/promises/gone/").text
    with (frozen / "statuses.csv").open(newline="") as file:
        told = {row["path"]: (row["status"], row["to"]) for row in csv.DictReader(file)}
    assert told["/promises/canal/"] == ("301", "/promises/waterway/")
    assert told["/promises/gone/"] == ("410", "")


def test_numbers_whose_rows_it_lacks_lead_nowhere(served):
    text = served.get("/frozen/chart/").text
    assert 'title="Not part of this copy"' in text
    assert "as_of=" not in text.partition("<main")[2]


def test_it_writes_over_nothing(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("Dear")
    with pytest.raises(CommandError, match="is not an empty folder"):
        call_command("freeze", str(tmp_path / "full"))


def test_there_must_be_something_to_freeze(tmp_path):
    with pytest.raises(CommandError, match="Nothing has been published yet"):
        call_command("freeze", str(tmp_path / "frozen"))


def test_proofs_are_left_out_and_their_links_with_them(frozen):
    page = (frozen / "promises" / "railway" / "versions" / "1" / "index.html").read_text()
    assert '<a title="Not part of this copy">its proof</a>' in page
    assert not list(frozen.rglob("proof.json"))
