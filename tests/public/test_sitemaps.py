"""Maps for those who crawl."""

from datetime import date
from urllib import robotparser
from xml.etree import ElementTree

import pytest

from promises.public import sitemaps
from tests.factories import NOON, a_published_promise, publish

pytestmark = pytest.mark.django_db
OURS = "https://tracker.example"


@pytest.fixture(autouse=True)
def _at_home(settings):
    settings.PUBLIC_URL = OURS


def locations(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/xml")
    root = ElementTree.fromstring(answer.getvalue())  # noqa: S314
    return [loc.text.removeprefix(OURS) for loc in root.iter(f"{{{sitemaps.NAMESPACE}}}loc")]


def test_the_maps_lead_to_every_page(client):
    a_published_promise(slug="railway", places=["leeds"])
    gone = a_published_promise(slug="canal", theme="crime", regions=["london"])
    publish(gone, at=NOON, withdrawal="It was never made.")
    maps = locations(client, "/sitemap.xml")
    assert maps == ["/sitemap-pages.xml", "/sitemap-promises-1.xml"]
    found = [path for each in maps for path in locations(client, each)]
    assert "/promises/railway/" in found
    assert "/places/leeds/" in found
    assert "/promises/canal/" not in found
    assert len(found) == len(set(found))
    for path in found:
        assert client.get(path).status_code == 200, path


def test_promises_are_cut_into_maps(client, monkeypatch):
    monkeypatch.setattr(sitemaps, "A_MAP", 2)
    for slug in "abc":
        a_published_promise(slug=f"railway-{slug}")
    assert locations(client, "/sitemap.xml")[1:] == ["/sitemap-promises-1.xml", "/sitemap-promises-2.xml"]
    assert locations(client, "/sitemap-promises-2.xml") == ["/promises/railway-c/"]
    assert client.get("/sitemap-promises-3.xml").status_code == 404


def test_a_map_says_when_a_promise_was_last_published(client):
    a_published_promise()
    assert b"<lastmod>2025-06-02T12:00:00Z</lastmod>" in client.get("/sitemap-promises-1.xml").getvalue()


def test_robots_may_read_promises_and_need_not_combine_filters(client):
    robots = robotparser.RobotFileParser()
    robots.parse(client.get("/robots.txt").text.splitlines())
    assert robots.can_fetch("anyone", f"{OURS}/promises/railway/")
    assert not robots.can_fetch("anyone", f"{OURS}/admin/")
    assert robots.site_maps() == [f"{OURS}/sitemap.xml"]


def test_it_says_whom_to_tell_of_a_hole(client, settings):
    settings.CONTACT_EMAIL = "desk@tracker.example"
    lines = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").text.splitlines())
    assert lines["Contact"] == "mailto:desk@tracker.example"
    assert date.fromisoformat(lines["Expires"][:10]) > date.today()
    assert lines["Canonical"] == f"{OURS}/.well-known/security.txt"


def test_maps_cost_few_queries(client, django_assert_max_num_queries):
    for _ in range(4):
        a_published_promise()
    for path in ("/sitemap.xml", "/sitemap-pages.xml", "/sitemap-promises-1.xml"):
        with django_assert_max_num_queries(2):
            client.get(path).getvalue()


@pytest.mark.parametrize("number", ["0", "2", "9" * 400])
def test_a_map_that_is_none_is_not_found(client, number):
    a_published_promise()
    assert client.get(f"/sitemap-promises-{number}.xml").status_code == 404
