"""Pictures for shared links."""

import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from PIL import Image

from promises.public import cards, drawing
from promises.public.cards import Card
from promises.statuses import Status
from tests.factories import NOON, a_published_promise, an_update, broken, kept, made, publish

RUNS = (
    ("in_progress", date(2019, 7, 27), date(2021, 11, 18)),
    ("broken", date(2021, 11, 18), date(2026, 11, 25)),
)
CARD = Card(
    title="Build the railway in full",
    pinned="Version 3, published 31 March 2026",
    address="tracker.example/promises/railway",
    kicker="Transport",
    status=Status.BROKEN,
    beside="since 18 November 2021",
    runs=RUNS,
)


def drawn(content):
    image = Image.open(io.BytesIO(content))
    assert (image.format, image.size) == ("PNG", (1200, 630))
    return image.convert("RGB")


def has(image, colour, box=None):
    """Whether a colour is in a picture, as near as its 96 colours come."""
    wanted = tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))
    part = image.crop(box) if box else image
    return any(
        all(abs(one - other) < 12 for one, other in zip(pixel, wanted, strict=True))
        for _, pixel in part.getcolors(part.width * part.height)
    )


def test_the_same_words_give_the_same_bytes():
    assert cards.png(CARD) == cards.png(replace(CARD))
    assert cards.png(CARD) != cards.png(replace(CARD, pinned="Version 4, published 1 May 2026"))
    assert CARD.digest == replace(CARD).digest
    assert CARD.digest != replace(CARD, status=Status.KEPT).digest


@pytest.mark.parametrize("status", Status)
def test_the_status_is_drawn_in_its_colour(status):
    image = drawn(cards.png(replace(CARD, status=status, runs=((status.value, *RUNS[0][1:]),))))
    assert has(image, drawing.INKS[status], (64, 420, 500, 490))
    assert has(image, drawing.FILLS[status], (0, 590, 1200, 630))


@pytest.mark.parametrize(
    "title",
    [
        "Level up",
        "Build " * 13,
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 2,
        "Łódź, Ōsaka, 中",
        "£" * 200,
    ],
)
def test_any_title_fits(title):
    image = drawn(cards.png(replace(CARD, title=title, kicker=title, address=title)))
    right_edge = image.crop((1200 - 60, 12, 1200, 560)).getcolors(60 * 548)
    assert len(right_edge) == 1, "the right margin stays empty"


def test_a_title_takes_at_most_three_lines():
    for words in range(1, 40):
        assert len(drawing._fitted("Levelling " * words)[1]) <= 3


def test_numbers_of_a_list_are_drawn_with_their_shares():
    card = replace(
        CARD, status=None, runs=(), counts=(("kept", 20), ("watered_down", 0), ("broken", 1), ("in_progress", 9))
    )
    image = drawn(cards.png(card))
    assert has(image, drawing.FILLS["kept"], (0, 590, 700, 630))
    assert has(image, drawing.FILLS["in_progress"], (900, 590, 1200, 630))
    assert "20 kept, 0 watered down, 1 broken, 9 in progress" in card.words


@pytest.mark.django_db
class TestAnswers:
    """Addresses of cards."""

    @pytest.fixture(autouse=True)
    def _own_shelf(self, settings, tmp_path):
        settings.DATA_DIR = tmp_path

    def test_the_card_of_a_version_never_changes(self, client, settings):
        promise = a_published_promise(made(), broken("2023-10-04"), slug="railway")
        before = client.get("/promises/railway/card.png")
        assert before["Content-Type"] == "image/png"
        publish(an_update(promise, kept("2025-06-03")).promise, at=NOON + timedelta(days=9))
        assert client.get("/promises/railway/card.png").content != before.content
        assert client.get("/promises/railway/card.png?version=1").content == before.content

    def test_the_card_of_a_version_is_made_once(self, client, settings, monkeypatch):
        a_published_promise(slug="railway")
        before = client.get("/promises/railway/card.png").content
        [path] = settings.DATA_DIR.rglob("*.png")
        assert path.read_bytes() == before
        path.write_bytes(b"kept")
        assert client.get("/promises/railway/card.png").content == b"kept"

    def test_a_page_tells_the_card_in_words_with_its_version(self, client):
        a_published_promise(made(), broken("2023-10-04"), slug="railway", title="Build the railway")
        text = client.get("/promises/railway/").text
        assert 'content="Build the railway. Broken since 4 October 2023. Version 1, published 2 June 2025."' in text
        assert 'property="og:image" content="http://127.0.0.1:8000/promises/railway/card.png?version=1"' in text
        text = client.get("/themes/transport/?as_of=2021-01-01").text
        assert "As of 1 January 2021, edition 1." in text
        assert "/themes/transport/card.png?as_of=2021-01-01&amp;edition=1" in text

    def test_cards_of_asked_days_fill_no_disk(self, client, settings):
        a_published_promise(slug="railway")
        drawn(client.get("/promises/railway/card.png?as_of=2021-01-01").content)
        drawn(client.get("/card.png?as_of=2021-01-01").content)
        assert not list(settings.DATA_DIR.rglob("*.png"))

    def test_a_disk_that_cannot_be_written_is_no_fault(self, client, settings):
        settings.DATA_DIR = settings.DATA_DIR / "file"
        settings.DATA_DIR.write_text("no folder")
        a_published_promise(slug="railway")
        drawn(client.get("/promises/railway/card.png").content)

    @pytest.mark.parametrize(
        "path",
        [
            "/card.png",
            "/card.png?theme=transport&status=kept",
            "/themes/transport/card.png",
            "/places/north-west/card.png",
            "/promises/railway/updates/1/card.png",
            "/promises/railway/card.png?as_of=2001-01-01",
        ],
    )
    def test_everything_shared_has_one(self, client, path):
        a_published_promise(slug="railway")
        drawn(client.get(path).content)

    def test_it_repeats_no_words_of_a_reader(self, client):
        assert client.get("/card.png?q=buy+now").status_code == 400

    def test_what_is_gone_or_moved_says_so(self, client):
        promise = a_published_promise(slug="railway")
        promise.slug = "tramway"
        promise.save()
        publish(promise, at=NOON + timedelta(days=1))
        assert client.get("/promises/railway/card.png").status_code == 301
        publish(promise, at=NOON + timedelta(days=2), withdrawal="It was never made.")
        assert client.get("/promises/tramway/card.png").status_code == 410
        assert client.get("/promises/nowhere/card.png").status_code == 404
