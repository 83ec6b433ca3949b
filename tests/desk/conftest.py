"""The desk as people meet it: a browser of their own for each, signed in."""

import html5lib
import pytest


class Desk:
    """One person at the desk, with a browser that keeps what a page's form holds."""

    def __init__(self, person):
        self.person = person
        from django.test import Client

        self.client = Client()
        self.client.force_login(person)

    def get(self, path, **query):
        return self.client.get(path, query)

    def open(self, path):
        """The values of the main form of a page, as a browser would post them."""
        response = self.client.get(path)
        assert response.status_code == 200, f"{path}: {response.status_code}"
        return fields_of(response)

    def post(self, path, values, press=None, **changed):
        """Press a button of the page's form with these values changed; a value may be a list."""
        data = {**values, **changed}
        if press:
            data[press] = ""
        return self.client.post(path, {k: v for k, v in data.items() if v is not None})

    def fill(self, path, press=None, **changed):
        """Open a page, change some values of its form and press a button."""
        return self.post(path, self.open(path), press, **changed)


def fields_of(response):
    """What a browser would post of the page's largest form, buttons left out."""
    tree = html5lib.parse(response.content.decode(), namespaceHTMLElements=False)
    forms = [form for form in tree.iter("form") if form.get("method") == "post"]
    form = max(forms, key=lambda form: len(list(form.iter())))
    values = {}

    def add(name, value):
        values.setdefault(name, []).append(value)

    for field in form.iter():
        name = field.get("name")
        if not name or field.get("disabled") is not None:
            continue
        if field.tag == "textarea":
            text = "".join(field.itertext())
            add(name, text.removeprefix("\n"))
        elif field.tag == "select":
            options = list(field.iter("option"))
            chosen = [o for o in options if o.get("selected") is not None] or options[:1]
            for option in chosen:
                add(name, option.get("value", "".join(option.itertext())))
        elif field.tag == "input" and field.get("type") in ("checkbox", "radio"):
            if field.get("checked") is not None:
                add(name, field.get("value", "on"))
        elif field.tag == "input" and field.get("type") not in ("submit", "button"):
            add(name, field.get("value", ""))
    return {name: given if len(given) > 1 else given[0] for name, given in values.items()}


@pytest.fixture
def at_desk():
    """A function that signs a new person of that role in."""

    def sign_in(role="Researcher", **fields):
        from tests.factories import a_person  # not before Django is set up

        return Desk(a_person(role=role, **fields))

    return sign_in


@pytest.fixture
def rita(at_desk):
    return at_desk("Researcher", name="rita")


@pytest.fixture
def edwin(at_desk):
    return at_desk("Editor", name="edwin")
