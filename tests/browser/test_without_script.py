"""A reader whose browser runs no script gets everything: pages, filters, sorting, and a suggestion sent."""

import re
from datetime import timedelta

import pytest

from promises.desk import suggesting
from promises.desk.models import Suggestion
from tests.browser.pages import publish_pages, publish_record


@pytest.fixture
def page(transactional_db, page_without_scripts):
    publish_record()
    return page_without_scripts


def rows(page):
    return page.locator("#results tbody tr").count()


def test_every_kind_of_page_is_whole(transactional_db, page_without_scripts):
    page = page_without_scripts
    for name, address in publish_pages().items():
        answer = page.goto(address)
        assert answer.status in (200, 400, 404, 410), name
        heading = page.locator("h1").first if page.locator("h1").count() else page.locator("body")
        assert heading.inner_text().strip(), name
        assert page.locator("script:not([src])").count() == page.locator("script[type*=json]").count(), name
        assert page.locator("[style], [onclick], [onchange]").count() == 0, name


def test_the_filter_form_asks_and_keeps_what_was_asked(page):
    page.goto("/")
    everything = rows(page)
    page.get_by_label("Theme").select_option("transport")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**theme=transport**")
    assert 0 < rows(page) < everything
    assert page.get_by_label("Theme").input_value() == "transport"
    page.locator("#results .chips a", has_text="Remove Theme: Transport").or_(
        page.get_by_role("link", name=re.compile("^Remove .*Transport"))
    ).first.click()
    assert rows(page) == everything


def test_chips_columns_and_the_day_are_links_and_fields(page):
    page.goto("/")
    page.get_by_role("link", name=re.compile("^Broken 1")).last.click()
    assert "status=broken" in page.url
    assert rows(page) == 1
    page.goto("/")
    page.get_by_role("columnheader", name="Promise").get_by_role("link").click()
    assert "sort=title" in page.url
    titles = page.locator("#results .title").all_inner_texts()
    assert titles == sorted(titles, key=str.casefold)
    page.get_by_label("As it stood on").fill("2021-06-30")
    page.get_by_role("button", name="Show").click()
    assert "30 June 2021" in page.get_by_role("note").inner_text()
    page.get_by_role("link", name="Back to today").click()
    assert page.get_by_role("note").count() == 0


def test_a_search_marks_what_it_found(page):
    page.goto("/")
    page.get_by_label("Search promises").fill("leeds")
    page.get_by_label("Search promises").press("Enter")
    page.wait_for_url("**q=leeds**")
    assert page.locator("#results mark").first.inner_text().casefold() == "leeds"


def test_from_the_tracker_to_what_a_source_says(page):
    page.goto("/")
    page.locator("table.tracker").get_by_role("link", name="Build the line from Leeds").click()
    assert page.locator(".verdict").get_by_text("Broken").first.is_visible()
    assert page.get_by_text("the core network").first.is_visible()
    page.get_by_role("link", name="link to this update").first.click()
    assert "/updates/" in page.url


def test_a_figure_opens_as_a_table(page):
    page.goto("/context/#central-local-government-employment")
    section = page.locator("#central-local-government-employment")
    assert not section.locator("table").is_visible()
    section.get_by_text("As a table").click()
    assert section.locator("table").is_visible()


def test_a_suggestion_is_sent_and_followed_without_cookies(page, monkeypatch):
    page.goto("/promises/build-the-line/")
    page.get_by_role("link", name="Suggest a source or a correction").click()
    assert page.get_by_label("Which promise is it about?").input_value().startswith("Build the line")
    page.get_by_label("What should we know?").fill("The line was given up a month earlier.")
    page.get_by_role("button", name="Send").click()
    # That was quicker than people type; what was typed is still there.
    assert page.get_by_role("alert").is_visible()
    monkeypatch.setattr(suggesting, "QUICKEST", timedelta(0))
    page.get_by_label("A correction").check()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/suggest/LU-*/")
    suggestion = Suggestion.objects.get()
    assert suggestion.text == "The line was given up a month earlier."
    assert suggestion.promise.slug == "build-the-line"
    assert page.get_by_role("heading", level=1).inner_text() == suggestion.reference
    assert page.context.cookies() == []
    page.goto("/suggest/")
    page.get_by_label("Reference number").fill(suggestion.reference.lower())
    page.get_by_role("button", name="Look").click()
    page.wait_for_url(f"**/suggest/{suggestion.reference}/")
