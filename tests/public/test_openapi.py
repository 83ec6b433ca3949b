"""The API is as it is described: checked by others' validators, and asked every example."""

import json

import openapi_spec_validator
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from promises.public import dictionary, openapi
from promises.public.asking import NAMES
from promises.public.columns import COLUMNS
from promises.public.filters import PromiseFilter
from tests.factories import NOON, a_published_promise, broken, kept, made

pytestmark = pytest.mark.django_db

UNKNOWN_FORMAT = 501
"""What oEmbed has servers say of a format that they do not write."""


@pytest.fixture
def record():
    a_published_promise(made(), kept(), slug="railway", due_on="2030")
    a_published_promise(made(), broken(), theme="schools", places=["leeds"], at=NOON)


def described(client):
    answer = client.get("/data/openapi.json")
    assert answer["Access-Control-Allow-Origin"] == "*"
    return answer.json()


def test_the_description_is_valid(client):
    openapi_spec_validator.validate(described(client))


def test_every_name_that_may_be_asked_is_described():
    assert set(openapi.PARAMETERS) - {"slug", "number"} == set(NAMES)
    listed = {
        parameter["$ref"].rpartition("/")[2]
        for parameter in openapi.document()["paths"]["/promises.json"]["get"]["parameters"]
    }
    assert listed == set(PromiseFilter.NAMES)


def test_the_dictionary_has_every_column():
    assert [entry.name for entry in dictionary.LIST] == [column.name for column in COLUMNS]
    assert set(dictionary.FORMS) <= {column.name for column in COLUMNS}


def test_every_example_is_answered_as_described(client, record):
    document = described(client)
    registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))
    for path, example in openapi.examples("railway"):
        answer = client.get(example)
        assert answer.status_code == 200, (example, answer.content[:200])
        assert answer["Access-Control-Allow-Origin"] == "*", example
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        kind = answer["Content-Type"].partition(";")[0]
        assert kind in content, example
        if kind == "application/json":
            schema = {"$ref": f"urn:api{content[kind]['schema']['$ref']}"}
            Draft202012Validator(schema, registry=registry).validate(json.loads(answer.getvalue()))


def test_refusals_are_as_described(client, record):
    errors = Draft202012Validator(described(client)["components"]["schemas"]["Errors"])
    for path, status in (
        ("/promises.json?status=lost", 400),
        ("/promises/nothing.json", 404),
        ("/promises.json?page=9", 404),
    ):
        answer = client.get(path)
        assert answer.status_code == status
        errors.validate(answer.json())


def test_the_readable_page_tells_the_same(client, record):
    text = client.get("/data/api/").text
    for path, operation in described(client)["paths"].items():
        assert f"<code>{path}</code>" in text
        assert operation["get"]["summary"].replace("’", "&#x27;") in text


@pytest.fixture
def connection_kept_open():
    """Requests made past Django's own test client would close the connection, and our record with it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_no_question_breaks_the_server(record, connection_kept_open):
    """Ask what nobody would think of: each operation a few times, with what the description allows and what not."""
    api = schemathesis.openapi.from_wsgi("/data/openapi.json", get_wsgi_application())
    asked = 0
    for found in api.get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=4, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
            )
            def ask(case):
                nonlocal asked
                answer = case.call()
                asked += 1
                assert answer.status_code < 500 or answer.status_code == UNKNOWN_FORMAT, case.as_curl_command()

            ask()
    assert asked > 200
