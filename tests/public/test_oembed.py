"""oEmbed, asked by a consumer."""

from datetime import timedelta
from urllib.parse import urlencode
from xml.etree import ElementTree

import html5lib
import pytest

from tests.factories import NOON, a_published_promise, broken, made, publish

OURS = "https://tracker.example"


@pytest.fixture(autouse=True)
def _at_home(settings, db):
    settings.PUBLIC_URL = OURS


@pytest.fixture
def railway(db):
    return a_published_promise(made(), broken("2023-10-04"), slug="railway", title="Build the railway")


def ask(client, path, **more):
    return client.get(f"/oembed?{urlencode({'url': OURS + path, **more})}")


@pytest.mark.parametrize(
    ("path", "frame"),
    [
        ("/promises/railway/", "/embed/promises/railway/"),
        ("/promises/railway/?version=1", "/embed/promises/railway/?version=1"),
        ("/promises/railway/versions/1/", "/embed/promises/railway/?version=1"),
        ("/promises/railway/updates/2/", "/embed/promises/railway/updates/2/"),
        ("/", "/embed/tally/"),
        ("/?theme=transport&status=broken", "/embed/tally/?status=broken&amp;theme=transport"),
        ("/?as_of=2024-01-01&edition=1", "/embed/tally/?as_of=2024-01-01&amp;edition=1"),
        ("/themes/transport/", "/embed/tally/?theme=transport"),
        ("/places/north-west/", "/embed/tally/?place=north-west"),
        ("/chart/", "/embed/chart/"),
    ],
)
def test_each_page_has_its_frame(client, railway, path, frame):
    answer = ask(client, path)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["version"], told["type"]) == ("1.0", "rich")
    assert f'<iframe src="{OURS}{frame}"' in told["html"]
    assert told["thumbnail_url"].startswith(f"{OURS}/")
    assert client.get(told["thumbnail_url"].removeprefix(OURS))["Content-Type"] == "image/png"
    assert answer["Access-Control-Allow-Origin"] == "*"


def test_the_frame_fits_where_it_is_to_stand(client, railway):
    told = ask(client, "/promises/railway/", maxwidth=320, maxheight=200).json()
    assert (told["width"], told["height"]) == (320, 200)
    assert 'width="320" height="200"' in told["html"]


def test_xml_says_the_same(client, railway):
    answer = ask(client, "/promises/railway/", format="xml")
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)  # noqa: S314
    assert root.tag == "oembed"
    assert {child.tag: child.text for child in root} == {
        name: str(value) for name, value in ask(client, "/promises/railway/").json().items()
    }


def test_a_page_says_where_to_ask(client, railway):
    for path in (
        "/promises/railway/",
        "/promises/railway/updates/2/",
        "/promises/railway/versions/1/",
        "/themes/transport/",
    ):
        document = html5lib.parse(client.get(path).text, namespaceHTMLElements=False)
        links = {
            link.get("type"): link.get("href") for link in document.iter("link") if "oembed" in link.get("type", "")
        }
        assert set(links) == {"application/json+oembed", "text/xml+oembed"}
        for href in links.values():
            answer = client.get(href.removeprefix(OURS))
            assert answer.status_code == 200, href


def test_what_it_cannot_show_it_says(client, railway):
    assert client.get("/oembed").status_code == 400
    assert ask(client, "/promises/railway/", format="yaml").status_code == 501
    assert ask(client, "/promises/nowhere/").status_code == 404
    assert ask(client, "/cite/").status_code == 404
    assert ask(client, "/nothing/at/all/").status_code == 404
    assert ask(client, "/?status=lost").status_code == 400
    assert client.get("/oembed?url=https://elsewhere.example/promises/railway/").status_code == 404
    assert client.get("/oembed?url=javascript:alert(1)").status_code == 404
    assert client.get("/oembed?url=http://[/").status_code == 404
    assert ask(client, "/promises/railway/", maxwidth="wide").status_code == 400


def test_it_follows_a_promise_to_its_new_name_and_tells_of_its_end(client, railway):
    railway.slug = "tramway"
    railway.save()
    publish(railway, at=NOON + timedelta(days=1))
    assert "/embed/promises/tramway/" in ask(client, "/promises/railway/").json()["html"]
    publish(railway, at=NOON + timedelta(days=2), withdrawal="It was never made.")
    assert ask(client, "/promises/tramway/").status_code == 410


@pytest.mark.django_db(transaction=True)
def test_a_consumer_turns_our_links_into_frames(live_server, settings, railway):
    import micawber

    settings.PUBLIC_URL = live_server.url
    consumers = micawber.ProviderRegistry()
    consumers.register(f"{live_server.url}/\\S*", micawber.Provider(f"{live_server.url}/oembed"))
    told = consumers.request(f"{live_server.url}/promises/railway/", maxwidth=500)
    assert told["title"] == "Build the railway"
    shown = micawber.parse_text(f"{live_server.url}/promises/railway/", consumers)
    assert f'<iframe src="{live_server.url}/embed/promises/railway/"' in shown
