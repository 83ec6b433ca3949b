"""Every kind of page keeps the rules that a program can check: in both schemes, at three widths."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import WCAG
from tests.browser.pages import FRAMES, publish_pages

WIDTHS = (320, 768, 1280)
OUR_OWN = [*WCAG, "best-practice"]


def problems_of(page, *, of_a_page):
    """Return what axe finds, one line each; a frame in another page needs no landmarks of its own."""
    tags = OUR_OWN if of_a_page else WCAG
    found = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {node['html'][:150]}" for rule in found for node in rule["nodes"][:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(new_page, complaints, transactional_db, scheme):
    addresses, problems = publish_pages(), []
    page = new_page(color_scheme=scheme)
    for name, address in addresses.items():
        page.goto(address)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                problems.append(f"{name} at {width}: scrolls sideways")
            before = len(complaints)
            problems += [f"{name} at {width}: {one}" for one in problems_of(page, of_a_page=name not in FRAMES)]
            del complaints[before:]  # axe tries styles on, which our policy refuses: no fault of the page
    assert not problems, "\n".join(problems)
