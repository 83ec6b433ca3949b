"""Charts to take away: standalone, with their source, drawn as the page draws them."""

import io
import re
from xml.etree import ElementTree

import pytest
from PIL import Image

from promises.public import context, pictures
from tests.factories import NOON, a_promise, kept, made, publish, under_way

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def edition(db):
    return publish(
        a_promise(made("2019-07-27"), kept("2022-03-01"), slug="ferry", title="Run a ferry", places=["hull"]),
        a_promise(made("2019-11-24"), under_way("2021-11-18"), slug="tram", title="Build a tram"),
    )


def texts(content):
    root = ElementTree.fromstring(content)  # noqa: S314
    assert root.tag == f"{SVG}svg"
    return [node.text for node in root.iter(f"{SVG}text")]


def foot(content):
    return "".join(texts(content)[-2:])


def test_the_chart_says_what_it_shows_and_where_it_is_from(client, edition):
    answer = client.get("/chart.svg?as_of=2022-04-01")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert 'rel="license"' in answer["Link"]
    assert answer["Content-Disposition"] == 'attachment; filename="chart-2022-04-01.svg"'
    words = texts(answer.content)
    assert words[:3] == [
        "By 1 April 2022, 1 of 2 levelling-up promises had",
        "been kept",
        "Promises by status, month by month",
    ]
    assert {"1 kept", "1 in progress", "2020", "2019 election"} <= set(words)
    assert f"Levelling-up promises, edition {edition.number}, as of 1 April 2022 · CC BY 4.0 · " in foot(answer.content)
    assert f"/?as_of=2022-04-01&edition={edition.number}" in foot(answer.content)


def test_a_picture_needs_nothing_else(client, edition):
    addresses = ["/chart.svg", "/chart.svg?q=ferry&place=hull", *(f"/context/{slug}.svg" for slug in context.figures())]
    for address in addresses:
        content = client.get(address).content.decode()
        texts(content)
        assert not re.search(r"\b(class|style|href|src)=|<style|<image|<use|url\(", content), address


def test_the_picture_has_the_shapes_of_the_page(client, edition):
    page = client.get("/").content.decode()
    drawn = re.search(r'<path class="kept area" d="([^"]*)"', page)[1]
    ((left, _), *_) = pictures._runs(drawn)[0]
    assert left == 0
    shapes = [shape for shape in pictures.of_chart(_asked()).drawn if isinstance(shape, pictures.Path)]
    areas = [shape for shape in shapes if shape.fill == pictures.FILLS["kept"]]
    assert [len(shape.runs[0]) for shape in areas] == [len(pictures._runs(drawn)[0])]


def _asked():
    from django.utils import timezone

    from promises.public.filters import PromiseFilter

    return PromiseFilter.of({}, today=timezone.localdate(), format="chart.svg")


def test_words_of_the_reader_are_no_markup(client, edition):
    content = client.get("/chart.svg", {"q": "<b>&\"'ferry"}).content
    assert any("<b>&" in text for text in texts(content))


@pytest.mark.parametrize("ending", ["svg", "png"])
@pytest.mark.parametrize(
    ("query", "status"), [("theme=zz", 400), ("as_of=soon", 400), ("edition=99", 400), ("page=2", 400)]
)
def test_what_is_not_understood_is_refused_as_elsewhere(client, edition, ending, query, status):
    assert client.get(f"/chart.{ending}?{query}").status_code == client.get(f"/chart.csv?{query}").status_code
    assert client.get(f"/chart.{ending}?{query}").status_code == status


@pytest.mark.parametrize("address", ["/chart.png", "/context/jobs-created-ratio.png"])
def test_a_png_is_1600_dots_wide_and_always_the_same(client, edition, address):
    one, other = client.get(address), client.get(address)
    assert one["Content-Type"] == "image/png"
    assert one["Access-Control-Allow-Origin"] == "*"
    assert one.content == other.content
    image = Image.open(io.BytesIO(one.content))
    assert (image.format, image.width) == ("PNG", 1600)
    assert image.convert("RGB").getpixel((5, image.height - 5)) > (250, 250, 250)


def test_earlier_editions_are_drawn_as_they_were(client, edition):
    before = client.get(f"/chart.png?edition={edition.number}&as_of=2022-04-01").content
    publish(a_promise(made("2020-01-01"), slug="bus", title="Run a bus"), at=NOON)
    assert client.get(f"/chart.png?edition={edition.number}&as_of=2022-04-01").content == before
    assert client.get("/chart.png?as_of=2022-04-01").content != before


def test_with_nothing_to_draw_the_picture_says_so(client, db):
    assert "Nothing has been published yet" in texts(client.get("/chart.svg").content)
    assert client.get("/chart.png").status_code == 200


@pytest.mark.parametrize("slug", context.figures())
def test_every_figure_is_drawn_with_its_source(client, db, slug):
    figure = context.figures()[slug]
    content = client.get(f"/context/{slug}.svg").content
    whole = "".join(texts(content)).replace(" ", "")
    assert figure.title.replace(" ", "") in whole
    assert figure.sources[0].publisher.replace(" ", "") in whole
    assert f"/context/#{slug}" in whole
    for shape in pictures.of_figure(figure).drawn:
        if isinstance(shape, pictures.Words):
            width = shape.font.width(shape.text) / pictures.LARGER
            left = shape.x - {"start": 0, "middle": width / 2, "end": width}[shape.anchor]
            assert 0 <= left <= left + width <= pictures.WIDTH, shape.text
    assert client.get(f"/context/{slug}.png").content.startswith(b"\x89PNG")


def test_an_unknown_figure_is_not_found(client, db):
    assert client.get("/context/nothing.svg").status_code == 404
    assert client.get("/promises/ferry.svg").status_code == 404


def test_pages_link_to_their_pictures(client, edition):
    page = client.get("/?theme=transport&as_of=2022-04-01").content.decode()
    for ending in ("svg", "png"):
        assert f'href="/chart.{ending}?theme=transport&amp;as_of=2022-04-01"' in page
        assert f'href="/chart.{ending}"' in client.get("/chart/").content.decode()
        assert f'href="/context/jobs-created-ratio.{ending}"' in client.get("/context/").content.decode()
    assert "chart.svg" not in client.get("/embed/chart/").content.decode()


def test_a_long_text_breaks_into_lines_that_fit():
    font = pictures.Words(0, 0, "", 13).font
    text = "a " * 200 + "x" * 400 + " tracker.example/?" + "&".join(f"name{n}=value" for n in range(30))
    lines = pictures._lines(text, font)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(font.width(line) <= pictures.COLUMN * pictures.LARGER for line in lines)


def test_a_dashed_line_covers_what_its_dashes_do():
    parts = list(pictures._dashed([(0, 0), (9, 0), (9, 10)], (4, 2)))
    assert parts == [[(0, 0), (4, 0)], [(6, 0), (9, 0), (9, 1)], [(9, 3), (9, 7)], [(9, 9), (9, 10)]]
