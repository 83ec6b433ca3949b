"""The figures that frame the promises: each with its source, drawn as its data are, and as a file."""

import csv
import re
from datetime import date
from decimal import Decimal

import html5lib
import pytest

from promises import reference
from promises.public import context, plots

EMPLOYMENT = "central-local-government-employment"


@pytest.fixture
def page(client, db):
    return client.get("/context/").content.decode()


def figure(slug):
    return context.figures()[slug]


def test_every_figure_stands_on_the_page_once_with_source_table_and_files(page):
    for slug, indicator in reference.indicators().items():
        assert page.count(f'id="{slug}"') == 1
        section = re.search(f'<section class="figure[^>]*id="{slug}">.*?</section>', page, re.S).group()
        assert section.count("<li><a href=") == 1 + len(indicator.more_sources)
        assert f'href="/context/{slug}.csv"' in section
        assert f'href="/context/{slug}.json"' in section
        assert section.count("<table") == 1


def test_the_page_says_what_places_did_for_themselves(page):
    for action in reference.local_action():
        assert action.name in page
        assert f'href="/?place={action.place.slug}"' in page


def test_the_page_is_sound_and_styles_nothing_itself(page):
    document = html5lib.HTMLParser(strict=True)
    document.parse(page)
    assert "style=" not in page
    assert "<style" not in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_page_asks_no_more_of_the_database_than_which_edition_is_latest(client, django_assert_num_queries, db):
    with django_assert_num_queries(1):
        client.get("/context/")


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("slug", "form"),
    [
        ("levelling-up-fund-per-head-2021-north", "number"),
        ("council-service-spending-fall-per-head", "bars"),
        ("in-work-poverty-north", "bars"),
        ("levelling-up-fund-round-2-by-region", "bars"),
        ("public-health-grant-cut-per-person", "bars"),
        ("government-employment-change-since-2010", "lines"),
        ("disposable-household-income-per-head", "lines"),
        (EMPLOYMENT, "lines"),
    ],
)
def test_each_figure_takes_the_form_of_its_data(slug, form):
    assert figure(slug).form == form


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("council-service-spending-fall-per-head", ["−£413", "−£388"]),
        ("levelling-up-fund-round-2-by-region", ["£354.0m", "£210.5m"]),
        ("tax-taken-by-whitehall", ["95p", "96p"]),
        ("rd-spending-by-region-2022", ["£12,746m", "£12,400m"]),
        ("government-revenue-collected-centrally-oecd", ["91.8%", "53.2%"]),
        ("jobs-created-ratio", ["1", "3"]),
    ],
)
def test_figures_are_told_as_their_source_wrote_them(slug, words):
    assert [bar.figure for bar in figure(slug).bars][:2] == words


@pytest.mark.same_on_both
def test_bars_are_as_long_as_their_figures():
    assert [bar.length for bar in figure("jobs-created-ratio").bars] == [333, 1000]


@pytest.mark.same_on_both
def test_government_employment_is_two_lines_with_the_break_as_a_gap():
    drawn = figure(EMPLOYMENT).chart
    central, local = re.findall(r'<path class="line [ab]" d="([^"]+)"', drawn)
    assert central.count("M") == 2  # 1999 to June 2014, and what other releases say
    # A figure of 2021 stands alone: what local government employed between was not read.
    assert local.count("M") == 2
    assert len(re.findall('class="dot b"', drawn)) == len(re.findall("[ML]", local.rpartition("M")[2])) + 2
    assert "other releases from here" in drawn
    assert "Central government: 2.340m in March 1999, 3.500m in September 2021." in drawn


@pytest.mark.same_on_both
def test_a_scale_that_does_not_begin_at_nought_says_so():
    assert figure(EMPLOYMENT).scale_begins_at == "2m"
    assert figure("disposable-household-income-per-head").scale_begins_at == ""


@pytest.mark.same_on_both
def test_of_many_lines_the_highest_the_lowest_and_the_country_are_named():
    assert [line.name for line in figure("disposable-household-income-per-head-1997-2012").key] == [
        "London",
        "UK",
        "Northern Ireland",
    ]


@pytest.mark.same_on_both
def test_a_figure_that_stands_in_no_group_comes_last(monkeypatch):
    monkeypatch.setattr(context, "GROUPS", context.GROUPS[1:])
    context.groups.cache_clear()
    try:
        *_, last = context.groups()
    finally:
        context.groups.cache_clear()
    assert last.title == "Other figures"
    assert EMPLOYMENT in {each.slug for each in last.figures}


@pytest.mark.same_on_both
def test_an_axis_takes_round_steps():
    assert [str(mark) for mark in plots.scale_for([Decimal(0), Decimal("9.7")]).marks] == [
        "0",
        "2",
        "4",
        "6",
        "8",
        "10",
    ]
    assert plots.scale_for([Decimal(-31), Decimal(23)]).marks[0] == -40
    assert len(plots.scale_for([Decimal(5), Decimal(5)]).marks) > 1


@pytest.mark.same_on_both
def test_a_drawing_escapes_the_words_it_is_given():
    line = plots.Line("<b>", ((date(2019, 12, 31), Decimal(1)), (date(2021, 12, 31), Decimal(2))), "a", "<i>2</i>")
    drawn = plots.lines([line], title="<u>", description="&", key="k", words=str)
    assert not re.search("<[biu]>", drawn)
    assert "&lt;u&gt;" in drawn


def test_a_file_has_a_row_for_each_point_and_says_what_it_is(client, settings):
    settings.PUBLIC_URL = "https://tracker.example"
    for slug, indicator in reference.indicators().items():
        answer = client.get(f"/context/{slug}.csv")
        rows = list(csv.DictReader(answer.getvalue().decode().splitlines()))
        points = [(line.name, x, str(y)) for line in indicator.series for x, y in line.points]
        assert [(row["series"], row["place"] or row["period"], row["value"]) for row in rows] == points
        assert {row["unit"] for row in rows} == {indicator.unit}
        assert {row["dated"] for row in rows} == {reference.dated("indicators.yaml")}
        assert {row["url"] for row in rows} == {f"https://tracker.example/context/{slug}.csv"}
        assert (
            answer["Content-Disposition"] == f'attachment; filename="{slug}-{reference.dated("indicators.yaml")}.csv"'
        )


def test_a_file_tells_the_releases_of_a_series_apart(client):
    rows = client.get(f"/context/{EMPLOYMENT}.json").json()["points"]
    assert {row["part"] for row in rows if row["period"] <= "2014-06"} == {1}
    assert {row["part"] for row in rows if row["period"] > "2014-06"} == {2}


def test_json_gives_numbers_as_numbers_and_every_source(client):
    told = client.get(f"/context/{EMPLOYMENT}.json").json()
    assert told["points"][0] == {
        "series": "Central government", "place": "", "name": "March 1999", "period": "1999-03", "value": 2.34, "part": 1,
    }  # fmt: skip
    assert len(told["sources"]) == 12
    assert told["licence"] == "CC BY 4.0"
    assert client.get("/context/rd-spending-by-region-2022.json").json()["points"][0]["value"] == 12746


def test_an_unknown_figure_is_not_found(client, db):
    answer = client.get("/context/nothing.csv")
    assert answer.status_code == 404
    assert "/context/" in answer.json()["errors"]["address"][0]
