"""What pages say of themselves to search engines."""

import json

import html5lib
import pytest

from promises.public import structured
from promises.public.columns import COLUMNS
from promises.record.edition import Edition
from tests.factories import a_promise, a_promise_source, a_published_promise, broken, made, publish

pytestmark = pytest.mark.django_db

ALLOWED = {
    "WebPage", "WebSite", "BreadcrumbList", "ListItem", "Organization", "Thing", "Place", "CreativeWork", "Dataset",
    "DataDownload", "PropertyValue",
}  # fmt: skip
NEEDED = {
    "WebPage": {"@id", "url", "name", "inLanguage", "isPartOf", "license"},
    "ListItem": {"position", "name", "item"},
    "CreativeWork": {"name", "url", "publisher"},
    "Dataset": {"name", "description", "license", "creator", "distribution", "url"},
    "DataDownload": {"contentUrl", "encodingFormat"},
}


def told(client, path):
    """What a page tells, by type; every address in it is whole."""
    document = html5lib.parse(client.get(path).text, namespaceHTMLElements=False)
    [script] = [s for s in document.iter("script") if s.get("type") == "application/ld+json"]
    content = json.loads(script.text)
    assert content["@context"] == "https://schema.org"
    for thing in parts(content["@graph"]):
        assert thing["@type"] in ALLOWED
        assert NEEDED.get(thing["@type"], set()) <= set(thing)
        for name in ("url", "item", "@id", "contentUrl", "license"):
            assert thing.get(name, "https://").startswith(("http://", "https://"))
    return {thing["@type"]: thing for thing in content["@graph"]}


def parts(value):
    if isinstance(value, dict):
        if "@type" in value:
            yield value
        for part in value.values():
            yield from parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from parts(part)


def trail(crumbs):
    return [item["name"] for item in crumbs["itemListElement"]]


def test_a_promise_tells_what_it_is_about_and_what_it_cites(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    promise = a_promise(made(), broken("2023-10-04"), slug="railway", title="Build the railway", places=["leeds"])
    a_promise_source(promise, title="A </script><script>alert(1)</script> source", published="2021-11")
    publish(promise)
    found = told(client, "/promises/railway/")
    page = found["WebPage"]
    assert page["url"] == "https://tracker.example/promises/railway/"
    assert (page["dateModified"], page["version"]) == ("2025-06-02T12:00:00Z", "1")
    assert [about["name"] for about in page["about"]] == ["Build the railway", "North West", "Leeds"]
    assert page["citation"][1]["name"] == "A </script><script>alert(1)</script> source"
    assert page["citation"][1]["datePublished"] == "2021-11"
    assert trail(found["BreadcrumbList"]) == ["Tracker", "Transport", "Build the railway"]


def test_an_update_stands_under_its_promise(client):
    a_published_promise(
        made(), broken("2023-10-04", headline="The line is dropped"), slug="railway", title="Build the railway"
    )
    found = told(client, "/promises/railway/updates/2/")
    assert found["WebPage"]["name"] == "The line is dropped"
    assert trail(found["BreadcrumbList"]) == ["Tracker", "Transport", "Build the railway", "The line is dropped"]


def test_shelves_tell_where_they_stand(client):
    a_published_promise()
    assert trail(told(client, "/themes/transport/")["BreadcrumbList"]) == ["Tracker", "Themes", "Transport"]
    assert trail(told(client, "/places/north-west/")["BreadcrumbList"]) == ["Tracker", "Places", "North West"]
    assert told(client, "/")["WebSite"]["name"] == "Levelling-up promises"


def test_the_data_are_a_data_set(client):
    assert "version" not in told(client, "/data/")["Dataset"]
    a_published_promise()
    dataset = told(client, "/data/")["Dataset"]
    assert dataset["version"] == "1"
    assert dataset["identifier"] == f"sha256:{Edition.objects.get().digest}"
    assert [variable["name"] for variable in dataset["variableMeasured"]] == [column.name for column in COLUMNS]


def test_no_verdict_is_given_as_a_rating(client):
    a_published_promise(made(), broken(), slug="railway")
    for path in ("/promises/railway/", "/promises/railway/updates/2/", "/data/"):
        text = client.get(path).text
        assert "ClaimReview" not in text
        assert "Rating" not in text


def test_no_text_ends_the_script():
    assert "</" not in structured.script({"name": "</script><!--"}).removesuffix("</script>")
