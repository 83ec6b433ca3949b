"""The pages about the data as a whole."""

import html5lib
import jsonschema
import pytest

from promises.public.columns import COLUMNS
from promises.record.edition import Edition
from tests.factories import a_published_promise, kept, made

pytestmark = pytest.mark.django_db


def links(text):
    document = html5lib.parse(text, namespaceHTMLElements=False)
    return [link.get("href") for link in document.iter("a") if link.get("href")]


def test_every_download_on_the_page_is_there(client):
    a_published_promise(made(), kept(), due_on="2030")
    addresses = [
        href for href in links(client.get("/data/").text) if "." in href.rpartition("/")[2] and href.startswith("/")
    ]
    assert len(addresses) > 15
    for address in addresses:
        answer = client.get(address.partition("#")[0])
        assert answer.status_code == 200, address
        assert answer["Access-Control-Allow-Origin"] == "*", address


def test_the_dictionary_tells_every_column(client):
    text = client.get("/data/").text
    for column in COLUMNS:
        assert f'id="column-{column.name}"' in text
        assert column.label.replace("`", "") in text


def test_the_head_of_the_record_is_shown(client):
    assert "Nothing has been published yet." in client.get("/data/").text
    a_published_promise()
    assert Edition.objects.get().digest in client.get("/data/").text


def test_the_form_of_a_snapshot_can_be_taken_and_fits(client):
    a_published_promise(made(), kept(), slug="railway")
    answer = client.get("/data/snapshot.schema.json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    jsonschema.Draft7Validator.check_schema(answer.json())
    snapshot = client.get("/promises/railway.json").json()["promise"]
    jsonschema.validate(snapshot, answer.json(), cls=jsonschema.Draft7Validator)


@pytest.mark.parametrize("path", ["/data/", "/data/api/", "/data/releases/"])
def test_the_pages_are_sound(client, path, django_assert_max_num_queries):
    a_published_promise()
    with django_assert_max_num_queries(3):
        text = client.get(path).text
    html5lib.HTMLParser(strict=True).parse(text)
    assert "aria-current" in text
