"""A real Chromium, one for the session; each test fails on whatever the browser complains of."""

import os
import shutil

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from playwright.sync_api import sync_playwright

FLAGS = [
    "--no-sandbox",  # Chromium refuses one as root, in containers
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def browser(django_db_setup):
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.fail("chromium is missing: apt-get install chromium")
    written = connection._test_serialized_contents
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in our thread; Django would take the tests for async code.
        patch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        # Its loop also gets a connection of its own, which must know what a flushed database is given back.
        connection._test_serialized_contents = written
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def complaints():
    """Gather what the browser complained of; anything left at the end fails the test."""
    heard = []
    yield heard
    assert not heard


@pytest.fixture
def new_page(browser, live_server, settings, complaints):
    """Return a function that opens a page of a new reader; its options are those of new_context()."""
    settings.PUBLIC_URL = live_server.url
    contexts = []

    def open_page(**options):
        context = browser.new_context(base_url=live_server.url, reduced_motion="reduce", **options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("page", lambda page: listen(page, complaints))
        context.route("**", lambda route: stay_here(route, live_server.url, complaints))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    """Return a page of a reader whose browser does everything."""
    return new_page()


@pytest.fixture
def page_without_scripts(new_page):
    """Return a page of a reader without JavaScript."""
    return new_page(java_script_enabled=False)


@pytest.fixture
def assert_accessible(complaints):
    """Return a function that fails with axe's report if a page breaks WCAG 2.2 AA."""

    def check(page):
        page.wait_for_load_state()  # a click does not wait for the page it leads to, nor for its styles
        before = len(complaints)
        results = Axe().run(page, options={"runOnly": WCAG})
        del complaints[before:]  # axe tries styles on, which our policy refuses: no fault of the page
        assert not results.violations_count, results.generate_report()

    return check


def listen(page, complaints):
    """Note errors in the console, in scripts and of files; a page that answers 404 is the test's matter."""

    def heard(message):
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    def answered(response):
        if response.status >= 400 and not response.request.is_navigation_request():
            complaints.append(f"{response.status} for {response.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("response", answered)


def stay_here(route, ours, complaints):
    """Refuse and note every request that leaves this site."""
    if route.request.url.startswith((f"{ours}/", "data:", "blob:")):
        route.continue_()
    else:
        complaints.append(f"asked for {route.request.url}")
        route.abort()
