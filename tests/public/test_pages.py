"""The pages of words: how a status is judged, and who is behind the record."""

import re

import pytest

from tests.factories import a_promise, a_published_promise, broken, kept, made, publish, watered_down
from tests.public.reading import words_of

pytestmark = pytest.mark.django_db


def test_the_method_explains_each_status_with_the_newest_real_example(client):
    a_published_promise(made(), kept("2021-01-01"), title="An older one kept")
    a_published_promise(made(), kept("2022-03-01", headline="It opens"), title="Open the line")
    a_published_promise(made(), watered_down("2021-11-18", headline="Half is cut"), title="Build the line")
    promise = a_published_promise(made(), broken("2023-10-04", headline="All is cut"), title="Build it all")
    words = words_of(client.get("/method/"))
    assert "Kept The success test is met" in words
    assert "For example, since 1 March 2022: Open the line. It opens." in words
    assert "For example, since 18 November 2021: Build the line. Half is cut." in words
    assert "For example, since 4 October 2023: Build it all. All is cut." in words
    assert "An older one kept" not in words
    assert f'href="/promises/{promise.slug}/"' in client.get("/method/").content.decode()


def test_examples_follow_the_day_and_leave_drafts_out(client):
    promise = a_promise(made("2020-01-31"), kept("2022-03-01"), title="Open the line")
    assert "For example" not in words_of(client.get("/method/"))
    publish(promise)
    page = client.get("/method/", {"as_of": "2021-01-01"})
    assert "For example, since 31 January 2020: Open the line." in words_of(page)
    assert f'href="/promises/{promise.slug}/?as_of=2021-01-01"' in page.content.decode()
    assert client.get("/method/", {"as_of": "never"}).status_code == 400


def test_the_method_gives_every_reason(client):
    from promises.statuses import Reason

    words = words_of(client.get("/method/"))
    assert [reason.label for reason in Reason if reason.label not in words] == []


def test_the_method_says_how_to_disagree(client):
    page = client.get("/method/").content.decode()
    assert 'href="/suggest/"' in page
    for anchor in ("statuses", "reasons", "days", "clocks", "second-person", "corrections", "disagree"):
        assert f'id="{anchor}"' in page


def test_about_says_where_it_comes_from_and_under_what_licence(client, settings):
    words = words_of(client.get("/about/"))
    assert "In January 2022 the think tank IPPR North published a levelling up promises tracker" in words
    assert "Creative Commons Attribution 4.0" in words
    assert "write to" not in words
    settings.CONTACT_EMAIL = "editors@tracker.example"
    assert "write to editors@tracker.example" in words_of(client.get("/about/"))


@pytest.mark.parametrize("path", ["/method/", "/about/", "/changes/"])
def test_every_heading_below_the_title_can_be_linked_to(client, path):
    a_published_promise()
    page = client.get(path).content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    headings = re.findall(r"<h[23][^>]*>", main)
    assert [h for h in headings if "id=" not in h and path != "/changes/"] == []


@pytest.mark.parametrize(("path", "most"), [("/method/", 5), ("/about/", 1)])
def test_pages_of_words_cost_a_fixed_number_of_queries(client, django_assert_num_queries, path, most):
    for _ in range(3):
        a_published_promise(made(), kept())
    with django_assert_num_queries(most):
        client.get(path)
