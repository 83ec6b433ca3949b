"""Where things stand on a page, where that has gone wrong before."""

import pytest

from tests.browser.pages import publish_record

FIELDS = """(form) => [...form.querySelectorAll(':scope > .field, :scope > button')].map((field) => {
  const label = field.querySelector('label'), control = field.querySelector('input, select') ?? field;
  return [label && label.getBoundingClientRect().top, control.getBoundingClientRect().top];
})"""
LINES = """(time) => Math.round(time.getBoundingClientRect().height / parseFloat(getComputedStyle(time).lineHeight))"""


@pytest.fixture
def _record(transactional_db):
    publish_record()


@pytest.mark.usefixtures("_record")
def test_fields_stay_in_line_when_one_has_an_error_and_moments_in_one_line_on_a_phone(new_page):
    page = new_page(viewport={"width": 1280, "height": 900})
    for address in ("/", "/?theme=nonsense&q=line"):
        page.goto(address)
        *fields, button = page.locator("form.tools").evaluate(FIELDS)
        assert len({round(label) for label, _ in fields}) == 1
        assert len({round(control) for _, control in [*fields, button]}) == 1
    assert page.locator(".tools .error").count() == 1
    phone = new_page(viewport={"width": 390, "height": 800})
    phone.goto("/promises/build-the-line/versions/")
    moments = phone.locator("#versions time").all()
    assert moments
    assert {moment.evaluate(LINES) for moment in moments} == {1}
