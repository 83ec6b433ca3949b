"""Promises by theme and by place."""

import csv
import io

import pytest
from django.urls import reverse

from tests.factories import NOON, a_promise, broken, kept, made, publish, watered_down
from tests.public.test_lists import get, words_of


@pytest.fixture
def shelves(db):
    return publish(
        a_promise(made("2019-07-27"), kept("2022-03-01"), slug="ferry", regions=["yorkshire-and-the-humber"], places=["hull"]),
        a_promise(made("2019-11-24"), watered_down(), slug="tram", regions=["yorkshire-and-the-humber"], places=["leeds"]),
        a_promise(made("2019-11-24"), watered_down(), slug="moor", regions=["yorkshire-and-the-humber"]),
        a_promise(made("2019-12"), broken(), slug="clinic", theme="health", regions=["england"]),
        a_promise(made("2022-02-02"), slug="art", theme="culture-and-pride", regions=["uk"]),
        a_promise(made("2022-02-02"), slug="glen", regions=["scotland"]),
    )  # fmt: skip


def test_a_theme_lists_its_promises_and_keeps_filters(client, shelves):
    page = get(client, "/themes/transport/")
    assert page.slugs == ["ferry", "glen", "moor", "tram"]
    assert page.words("h1") == ["Transport"]
    assert "1 of 4 levelling-up promises on transport has been kept." in page.words("p", class_="lede")[1]
    chips = {words_of(node): node.get("href") for node in page.all("a", class_="ghost")}
    assert chips["Kept 1"] == "/themes/transport/?status=kept"
    assert get(client, "/themes/transport/?status=kept").slugs == ["ferry"]
    links = [node.get("href") for node in page.one("p", class_="count").iter("a")]
    assert links[:3] == ["/themes/transport.csv", "/themes/transport.xlsx", "/themes/transport.json"]
    assert [node.get("name") for node in page.one("form", class_="tools").iter("select")] == [
        "place",
        "by",
        "department",
        "reason",
        "sort",
    ]


@pytest.mark.parametrize("address", ["/themes/transport", "/places/hull", "/places/yorkshire-and-the-humber"])
def test_a_shelf_has_the_same_rows_in_every_format(client, shelves, address):
    own = get(client, f"{address}/?as_of=2022-01-18").all("table", class_="tracker")[0]
    slugs = [node.get("href").split("/")[2] for node in own.iter("a") if node.get("class") == "title"]
    lines = b"".join(client.get(f"{address}.csv?as_of=2022-01-18").streaming_content).decode()
    assert [line["slug"] for line in csv.DictReader(io.StringIO(lines))] == slugs
    answer = client.get(f"{address}.json?as_of=2022-01-18").json()
    assert [row["slug"] for row in answer["promises"]] == slugs
    assert answer["query"]["as_of"] == "2022-01-18"
    assert slugs


def test_every_theme_has_a_page_and_nothing_else(client, shelves):
    assert get(client, "/themes/crime/").words("h2")[0] == "No promise matches"
    response = client.get("/themes/trains/")
    assert response.status_code == 404
    assert "There is no theme “trains”." in response.content.decode()
    assert client.get("/themes/trains.json").json()["errors"]["address"]


def test_a_place_has_a_page_where_a_promise_names_it_or_it_is_a_region(client, shelves):
    for slug in ("hull", "leeds", "yorkshire-and-the-humber", "wales", "uk", "england"):
        assert client.get(f"/places/{slug}/").status_code == 200, slug
    for slug in ("bradford", "narnia"):
        assert client.get(f"/places/{slug}/").status_code == 404, slug


def test_promises_to_the_whole_country_stand_apart(client, shelves):
    page = get(client, "/places/leeds/")
    own, wide = page.all("table", class_="tracker")
    assert [node.get("href") for node in own.iter("a") if node.get("class") == "title"] == ["/promises/tram/"]
    assert sorted(node.get("href") for node in wide.iter("a") if node.get("class") == "title") == [
        "/promises/art/",
        "/promises/clinic/",
    ]
    section = page.one("section", id="whole-country")
    link = section.find("p/a")
    assert words_of(link) == "2 promises to the whole country"
    assert len(get(client, link.get("href")).slugs) == 2
    assert client.get("/places/leeds.json").json()["count"] == 1


def test_a_place_outside_england_has_no_share_in_promises_to_england(client, shelves):
    link = get(client, "/places/scotland/").one("section", id="whole-country").find("p/a")
    assert words_of(link) == "1 promise to the whole country"
    assert link.get("href") == "/?place=uk"


def test_a_country_has_no_second_heading(client, shelves):
    assert not get(client, "/places/uk/").all("section", id="whole-country")


def test_a_region_leads_to_the_places_within(client, shelves):
    page = get(client, "/places/yorkshire-and-the-humber/?as_of=2022-01-18")
    assert sorted(page.slugs[:3]) == ["ferry", "moor", "tram"]
    within = page.one("ul", class_="places")
    assert [(words_of(node), node.find("a").get("href")) for node in within.findall("li")] == [
        ("Hull 1", "/places/hull/?as_of=2022-01-18"),
        ("Leeds 1", "/places/leeds/?as_of=2022-01-18"),
    ]


def test_the_map_has_twelve_tiles_with_number_and_bar(client, shelves):
    page = get(client, "/places/")
    tiles = {node.get("class").split("at-")[1]: node for node in page.all("li", class_="tile")}
    assert len(tiles) == 12
    assert words_of(tiles["yorkshire-and-the-humber"]).startswith(
        "Yorkshire and the Humber 3 promises: 1 kept, 2 watered down"
    )
    assert tiles["wales"].find("a").get("href") == "/places/wales/"
    assert [
        rect.get("width") for rect in tiles["yorkshire-and-the-humber"].iter("{http://www.w3.org/2000/svg}rect")
    ] == ["1", "2"]
    assert words_of(page.all("ul", class_="places")[0]) == "United Kingdom 1England 1"


def test_each_number_of_a_shelf_is_that_of_its_own_page(client, shelves):
    for name in ("themes", "places"):
        for query in ("", "as_of=2022-01-18", "theme=transport" if name == "places" else "place=england"):
            for row in client.get(f"/{name}.json?{query}").json()[name]:
                counts = client.get(f"/{name}/{row['slug']}.json?{query}").json()["counts"]
                assert {status: row[status] for status in counts} == counts
                assert row["promises"] == sum(counts.values())


def test_the_numbers_of_shelves_as_csv_say_what_they_are(client, shelves):
    lines = b"".join(client.get("/places.csv?as_of=2022-01-18").streaming_content).decode()
    row = next(line for line in csv.DictReader(io.StringIO(lines)) if line["slug"] == "hull")
    assert row["name"] == "Hull"
    assert (row["in_progress"], row["as_of"], row["licence"]) == ("1", "2022-01-18", "CC BY 4.0")


def test_themes_link_each_number_to_its_rows(client, shelves):
    page = get(client, "/themes/")
    rows = page.one("table", class_="matrix").find("tbody").findall("tr")
    assert len(rows) == 12
    assert words_of(rows[0].find("th")) == "Transport"
    for cell in rows[0].findall("td")[:5]:
        if cell.find("a") is not None:
            assert len(get(client, cell.find("a").get("href")).slugs) == int(words_of(cell))


def test_shelves_of_an_earlier_edition(client, shelves):
    publish(a_promise(regions=["wales"]), at=NOON.replace(hour=14))
    counted = {edition: client.get(f"/places.json?edition={edition}").json()["places"] for edition in (1, 2)}
    wales = [next((row["promises"] for row in counted[edition] if row["slug"] == "wales"), 0) for edition in (1, 2)]
    assert wales == [0, 1]


def test_addresses_have_names():
    assert reverse("theme_detail", args=["transport"]) == "/themes/transport/"
    assert reverse("place_detail_data", args=["hull", "csv"]) == "/places/hull.csv"
    assert reverse("promise_list_data", args=["json"]) == "/promises.json"
