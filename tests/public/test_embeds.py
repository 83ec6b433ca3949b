"""Frames for other people's pages."""

import gzip
from datetime import timedelta
from pathlib import Path

import html5lib
import pytest
from django.contrib.staticfiles import finders

from promises.public import embeds
from tests.factories import NOON, a_published_promise, an_update, broken, kept, made, publish, watered_down

FRAMES = [
    "/embed/promises/railway/",
    "/embed/promises/railway/updates/2/",
    "/embed/tally/",
    "/embed/chart/",
]
MOST_BYTES = 15 * 1024


@pytest.fixture
def railway(db):
    return a_published_promise(
        made(), broken("2023-10-04", headline="The line is dropped"), slug="railway", title="Build the railway"
    )


@pytest.mark.parametrize("path", FRAMES)
def test_a_frame_may_stand_anywhere_and_nothing_else_may(client, railway, path):
    frame = client.get(path)
    assert frame.status_code == 200
    assert "X-Frame-Options" not in frame
    assert "frame-ancestors *" in frame["Content-Security-Policy"]
    assert "default-src 'none'" in frame["Content-Security-Policy"]
    for page in ("/", "/promises/railway/", "/promises/railway/updates/2/", "/cite/"):
        answer = client.get(page)
        assert answer["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("path", FRAMES)
def test_a_frame_is_light_with_all_it_loads(client, path, db):
    for year in range(2019, 2025):
        a_published_promise(
            made(f"{year}-05-01"), watered_down("2024-06-01"), kept("2024-11-01"), slug=f"railway-{year}"
        )
    content = client.get(path.replace("railway", "railway-2024")).content
    loads = [finders.find(name) for name in ("css/tokens.css", "css/embed.css", "js/embed.js")]
    weight = len(content) + sum(len(gzip.compress(Path(name).read_bytes())) for name in loads)
    assert weight < MOST_BYTES
    assert b"woff2" not in content


@pytest.mark.parametrize("path", FRAMES)
def test_a_frame_is_sound_html_that_needs_no_script(client, railway, path):
    text = client.get(path).text
    html5lib.HTMLParser(strict=True).parse(text)
    assert " style=" not in text
    assert "Levelling-up promises" in text
    assert "CC BY 4.0" in text
    assert 'rel="canonical"' in text


def test_a_live_frame_follows_the_record_and_a_frozen_one_does_not(client, railway):
    frozen = client.get("/embed/promises/railway/?version=1").text
    assert "Version 1, published 2 June 2025" in frozen
    publish(an_update(railway, kept("2025-06-03", headline="The line opens")).promise, at=NOON + timedelta(days=9))
    live = client.get("/embed/promises/railway/").text
    assert "The line opens" in live
    assert "version 2" in live
    later = client.get("/embed/promises/railway/?version=1").text
    assert "The line is dropped" in later
    assert "The line opens" not in later
    assert "Changed since" in later
    assert later.replace('. <a href="/promises/railway/">Changed since</a>', "") == frozen


def test_a_frozen_tally_keeps_its_numbers(client, railway):
    frozen = "/embed/tally/?theme=transport&as_of=2024-01-01&edition=1"
    before = client.get(frozen).text
    assert "As of 1 January 2024, edition 1" in before
    a_published_promise(made("2023-01-01"), at=NOON + timedelta(days=1))
    assert client.get(frozen).text == before
    assert "2 levelling-up promises on transport" in client.get("/embed/tally/?theme=transport").text


def test_links_lead_out_of_the_frame_to_what_it_shows(client, railway):
    assert '<base target="_top">' in client.get("/embed/tally/").text
    assert 'href="/promises/railway/versions/1/"' in client.get("/embed/promises/railway/?version=1").text
    assert (
        'href="/promises/railway/updates/2/?version=1"'
        in client.get("/embed/promises/railway/updates/2/?version=1").text
    )
    assert (
        'href="/?theme=transport&amp;as_of=2024-01-01"'
        in client.get("/embed/chart/?theme=transport&as_of=2024-01-01").text
    )


def test_what_is_gone_or_moved_says_so_in_a_sentence(client, railway):
    railway.slug = "tramway"
    railway.save()
    publish(railway, at=NOON + timedelta(days=1))
    moved = client.get("/embed/promises/railway/updates/2/?version=1")
    assert (moved.status_code, moved["Location"]) == (301, "/embed/promises/tramway/updates/2/?version=1")
    publish(railway, at=NOON + timedelta(days=2), withdrawal="It was never made.")
    gone = client.get("/embed/promises/tramway/")
    assert gone.status_code == 410
    assert gone["Content-Type"] == "text/plain; charset=utf-8"
    assert "frame-ancestors *" in gone["Content-Security-Policy"]
    assert "It was never made." in gone.text
    assert client.get("/embed/promises/nowhere/").status_code == 404
    assert client.get("/embed/tally/?status=lost").status_code == 400


def test_pages_offer_both_frames_ready_to_copy(client, railway, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    text = client.get("/promises/railway/").text
    assert "&lt;iframe src=&quot;https://tracker.example/embed/promises/railway/&quot;" in text
    assert "https://tracker.example/embed/promises/railway/?version=1&quot;" in text
    assert "https://tracker.example/static/js/embed.js" in text
    text = client.get("/themes/transport/").text
    assert "/embed/tally/?theme=transport&quot;" in text
    assert "/embed/chart/?theme=transport&quot;" in text
    assert "/embed/tally/?theme=transport&amp;amp;as_of=" in text


def test_no_title_breaks_out_of_a_snippet(settings):
    embed = embeds.Embed("promise", 'A "title" <b>&', "/embed/x/", "/embed/x/?version=1")
    assert 'title="A &quot;title&quot; &lt;b&gt;&amp; (Levelling-up promises)"' in embed.live_snippet


def test_a_frame_costs_the_same_queries_whatever_it_counts(client, railway, django_assert_max_num_queries):
    for _ in range(5):
        a_published_promise()
    for path, most in zip(FRAMES, (4, 4, 7, 7), strict=True):
        with django_assert_max_num_queries(most):
            client.get(path)
