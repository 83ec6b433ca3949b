"""Terms lead from where they are first read to what they mean."""

import re

import pytest
from django.template import Context, Template

from promises import reference
from promises.public.glossary import TOO_COMMON, marked_up
from tests.factories import a_published_promise, made


def linked(text, seen=None):
    """The (words, key) of each link that marking the text up gives."""
    marked = marked_up(text, set() if seen is None else seen)
    return re.findall(r'<a class="term" href="/glossary/#([^"]+)" title="[^"]+">([^<]+)</a>', marked)


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("The NAO says so.", [("national-audit-office", "NAO")]),
        ("Freeports came. A freeport is one.", [("freeport", "Freeports")]),
        ("The UK Shared Prosperity Fund is smaller.", [("uk-shared-prosperity-fund", "UK Shared Prosperity Fund")]),
        ("A fund for levelling up, the Levelling Up Fund", [("levelling-up", "levelling up"), ("levelling-up-fund", "Levelling Up Fund")]),
        ("HS2's eastern leg", [("hs2", "HS2")]),
        ("Submissions of pac members and a HS20", []),
        ("The submission of a non-mission", []),
        ("Poorer regions got less.", []),
        ("", []),
    ],
)  # fmt: skip
def test_a_term_is_found_in_the_form_in_which_it_is_written(text, links):
    assert linked(text) == links


@pytest.mark.same_on_both
def test_a_term_is_explained_once_a_page():
    seen = set()
    assert linked("HS2 first", seen) == [("hs2", "HS2")]
    assert linked("High Speed 2 again", seen) == []


@pytest.mark.same_on_both
def test_all_else_is_escaped_and_nothing_is_lost():
    text = 'A <script>alert("HS2")</script> & a freeport’s <b>end'
    marked = marked_up(text, set())
    assert "<script" not in marked
    assert "<b>" not in marked
    bare = re.sub(r"<[^>]+>", "", marked)
    assert bare == "A &lt;script&gt;alert(&quot;HS2&quot;)&lt;/script&gt; &amp; a freeport’s &lt;b&gt;end"


@pytest.mark.same_on_both
def test_templates_mark_up_with_one_set_for_the_page():
    template = Template("{% load glossary %}{{ one|terms:seen }} / {{ two|terms:seen }}")
    told = template.render(Context({"one": "HS2", "two": "HS2 & more", "seen": set()}))
    assert told.count("<a ") == 1
    assert told.endswith("/ HS2 &amp; more")


def test_every_link_has_an_entry(client, db):
    page = client.get("/glossary/").content.decode()
    for term in reference.glossary():
        assert page.count(f'id="{term.slug}"') == 1
        for form in (term.term, *term.also):
            assert form in TOO_COMMON or linked(form) == [(term.slug, form)]


def test_the_accessibility_statement_says_whom_to_tell(client, db):
    page = client.get("/accessibility/").content.decode()
    assert 'href="/suggest/"' in page
    assert "WCAG" in page or "Web Content Accessibility Guidelines 2.2" in page


def test_the_page_of_a_promise_explains_each_term_once(client, db):
    promise = a_published_promise(made(explanation="HS2 and the white paper."), summary="HS2 was to reach the town.")
    page = client.get(f"/promises/{promise.slug}/").content.decode()
    assert page.count('href="/glossary/#hs2"') == 1
    assert page.count('href="/glossary/#white-paper"') == 1
    assert page.index('href="/glossary/#hs2"') < page.index('href="/glossary/#white-paper"')
    update = client.get(f"/promises/{promise.slug}/updates/1/").content.decode()
    assert update.count('href="/glossary/#hs2"') == 1
