"""A reader with a keyboard alone: everything is reached, in the order in which it is read, and seen when reached."""

import re

import pytest

from tests.browser.pages import publish_record

WALKED = {
    "tracker": "/",
    "promise": "/promises/build-the-line/",
    "place": "/places/north-west/",
    "themes": "/themes/",
    "changes": "/changes/",
    "context": "/context/",
    "suggest": "/suggest/",
}

REACHABLE = """() => {
  const wanted = 'a[href], button, input, select, textarea, summary, [tabindex]';
  const closed = (element) => {
    for (let d = element.closest('details:not([open])'); d; d = d.parentElement?.closest('details:not([open])'))
      if (element !== d.querySelector(':scope > summary')) return true;
    return false;
  };
  window.walk = [...document.querySelectorAll(wanted)].filter((element) =>
    element.tabIndex >= 0 && !element.disabled && element.type !== 'hidden' && !closed(element)
    && !(element.type === 'radio' && document.querySelectorAll(`[name="${element.name}"]`)[0] !== element)
    && getComputedStyle(element).visibility !== 'hidden' && element.getClientRects().length);
  return window.walk.length;
}"""

FOCUSED = """() => {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  return {
    at: window.walk.indexOf(element),
    has_parts: element.type === 'date',
    name: (element.textContent || element.value || element.id).trim().slice(0, 40),
    shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


@pytest.fixture
def page(transactional_db, page):
    publish_record()
    return page


def next_stop(page, *, after):
    """Press Tab, more than once to leave a date, which has stops of its own for day, month and year."""
    for _ in range(6):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if not (found["has_parts"] and found["at"] == after):
            break
    return found


def test_the_first_stop_leads_past_the_masthead(page):
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_everything_is_reached_in_order_and_seen(page):
    problems = []
    for name, address in WALKED.items():
        page.goto(address)
        stops = page.evaluate(REACHABLE)
        assert stops > 10
        for expected in range(stops):
            found = next_stop(page, after=expected - 1)
            if found["at"] != expected:
                problems.append(f"{name}: stop {expected} was {found}")
                break
            if not (found["shown"] and found["inside"]):
                problems.append(f"{name}: {found}")
        else:
            last = next_stop(page, after=stops - 1)
            if last["at"] not in (-1, 0):
                problems.append(f"{name}: caught at the end, at {last}")
    assert not problems, "\n".join(problems)


def test_a_filter_is_set_by_keyboard_and_focus_stays(page):
    page.goto("/")
    page.get_by_label("Search promises").focus()
    page.keyboard.type("line")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=line**")
    page.locator("#results mark").first.wait_for()
    page.locator("#q:focus").wait_for()
    # Whoever listens is told how many there are.
    page.locator("[role=status].visually-hidden", has_text=re.compile(r"^\d+ promise")).wait_for(state="attached")
    page.go_back()
    page.locator("#results mark").first.wait_for(state="detached")


def test_a_chart_is_read_with_the_arrow_keys(page):
    page.goto("/")
    chart = page.locator("svg.stack")
    chart.focus()
    said = []
    for key in ("End", "ArrowLeft", "Home"):
        page.keyboard.press(key)
        said.append(chart.get_attribute("aria-valuetext"))
    assert len(set(said)) == 3
    assert all("kept" in one for one in said)
    page.goto("/context/")
    lines = page.locator("#central-local-government-employment svg.lines")
    lines.focus()
    page.keyboard.press("Home")
    assert lines.get_attribute("aria-valuetext").startswith("31 March 1999: 2.733m local government, 2.340m central")


def test_a_table_is_opened_and_scrolled_by_keyboard(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/context/")
    section = page.locator("#disposable-household-income-per-head-1997-2012")
    section.get_by_text("As a table").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    section.locator(".scroll:focus").wait_for()
    for _ in range(50):
        if page.evaluate("document.activeElement.scrollLeft") > 0:
            break
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.scrollLeft") > 0


def test_a_form_sent_wrong_leads_to_what_is_wrong(page):
    page.goto("/suggest/")
    page.get_by_label("What should we know?").focus()
    page.keyboard.type("Words that must not be lost.")
    page.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#problems")
    assert page.get_by_label("What should we know?").input_value() == "Words that must not be lost."
    page.get_by_role("alert").get_by_role("link", name="What is it?").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.name") == "what" or page.url.endswith("#id_what_0")
