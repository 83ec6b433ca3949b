"""The tracker as a reader sees it."""

import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import html5lib
import pytest
from django.utils import timezone

from promises.public import charts, sentences
from promises.public.filters import PromiseFilter
from promises.statuses import Status
from tests.factories import NOON, a_promise, a_published_promise, broken, kept, made, publish, under_way, watered_down


class Page:
    """A page as a parser that forgives nothing reads it."""

    def __init__(self, response):
        self.text = response.content.decode()
        parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=False)
        self.tree = parser.parse(self.text)
        self.mistakes = parser.errors

    def all(self, tag, **attributes):
        return [
            node
            for node in self.tree.iter()
            if _local(node) == tag
            and all(wanted in (node.get(name.rstrip("_")) or "").split() for name, wanted in attributes.items())
        ]

    def one(self, tag, **attributes):
        (node,) = self.all(tag, **attributes)
        return node

    def words(self, tag, **attributes):
        return [words_of(node) for node in self.all(tag, **attributes)]

    @property
    def slugs(self):
        return [node.get("href").split("/")[2] for node in self.all("a", class_="title")]


def _local(node):
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def words_of(node):
    return " ".join("".join(node.itertext()).split())


def get(client, address="/"):
    response = client.get(address)
    assert response.status_code == 200, response.content.decode()
    return Page(response)


@pytest.fixture
def four(db):
    return publish(
        a_promise(made("2019-07-27"), kept("2022-03-01"), slug="ferry", title="Run a ferry", regions=["yorkshire-and-the-humber"], places=["hull"]),
        a_promise(made("2019-11-24"), watered_down("2021-11-18", "smaller", "later"), slug="tram", title="Build a tram"),
        a_promise(made("2019-12"), broken("2023-10-04", "dropped"), slug="clinic", title="Open a clinic", theme="health", regions=["england"]),
        a_promise(made("2022-02-02"), under_way("2022-06-30"), slug="art", title="Lend art", theme="culture-and-pride", regions=["uk"]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "headline"),
    [
        ("", "1 of 4 levelling-up promises has been kept"),
        ("status=broken", "1 of 4 levelling-up promises has been kept"),
        ("theme=transport", "1 of 2 levelling-up promises on transport has been kept"),
        ("theme=transport&theme=health", "1 of 3 levelling-up promises on transport or health has been kept"),
        ("place=hull", "The only levelling-up promise for Hull has been kept"),
        ("place=uk", "The only levelling-up promise for the whole UK has no verdict yet"),
        ("place=north-west", "The only levelling-up promise for the North West has been watered down"),
        ("theme=crime", "No levelling-up promise on crime is on record"),
        (
            "by=boris-johnson&place=england",
            "The only levelling-up promise for England as a whole by Boris Johnson has been broken",
        ),
        ("q=art", "The only levelling-up promise matching “art” has no verdict yet"),
        ("as_of=2021-01-01", "By 1 January 2021, none of 3 levelling-up promises had been kept"),
        ("as_of=2022-04-01", "By 1 April 2022, 1 of 4 levelling-up promises had been kept"),
        (
            "as_of=2021-01-01&theme=health",
            "By 1 January 2021, the only levelling-up promise on health had no verdict yet",
        ),
        ("as_of=2019-08-01&theme=health", "On 1 August 2019, no levelling-up promise on health had been made"),
        ("as_of=2018-01-01", "On 1 January 2018, nothing had been promised yet"),
    ],
)
def test_the_headline_is_made_from_the_data(client, four, query, headline):
    page = get(client, f"/?{query}")
    assert page.words("h1") == [headline]
    assert page.words("title")[:1] == [f"{headline} · Levelling-up promises"]


@pytest.mark.parametrize(
    ("numbers", "headline", "rest"),
    [
        ((1200, 0, 0, 0), "All 1,200 levelling-up promises have been kept", ""),
        (
            (0, 1, 0, 1),
            "None of 2 levelling-up promises has been kept",
            "1 was watered down; for 1 there is no verdict yet.",
        ),
        ((20, 40, 17, 0), "20 of 77 levelling-up promises have been kept", "40 were watered down and 17 broken."),
        ((20, 0, 2, 0), "20 of 22 levelling-up promises have been kept", "2 were broken."),
        ((1, 0, 0, 1900), "1 of 1,901 levelling-up promises has been kept", "For 1,900 there is no verdict yet."),
    ],
)
def test_sentences_fit_their_numbers(four, numbers, headline, rest):
    asked = PromiseFilter.of({}, today=timezone.localdate())
    asked.census.per_key["status"] = Counter(dict(zip(Status.values, numbers, strict=True)))
    assert (sentences.headline(asked), sentences.rest(asked)) == (headline, rest)


def test_the_lede_says_what_became_of_the_rest(client, four):
    page = get(client)
    assert page.words("p", class_="lede")[0].startswith(
        "1 was watered down and 1 broken; for 1 there is no verdict yet. Each"
    )
    page = get(client, "/?as_of=2021-12-01")
    assert page.words("p", class_="lede")[0].startswith("1 had been watered down; for 2 there was no verdict yet.")


def test_every_number_of_the_tally_links_to_the_rows_it_counts(client, four):
    for query in ("", "?theme=transport&status=kept", "?as_of=2022-01-18"):
        page = get(client, f"/{query}")
        items = page.all("div", class_="tally")[0].findall("ol/li")
        assert [node.get("class") for node in items] == ["kept", "watered_down", "broken", "in_progress"]
        for item in items:
            number = int(words_of(item).split()[0])
            assert len(get(client, item.find("a").get("href")).slugs) == number
        shares = [int(node.get("width")) for node in page.all("svg", class_="share")]
        assert sum(shares) == 10_000


def test_chips_count_what_they_show_and_keep_the_rest(client, four):
    page = get(client, "/?status=kept&theme=transport")
    chips = {words_of(node): node for node in page.all("a", class_="ghost")}
    assert list(chips) == ["Remove Transport ×", "All 2", "Kept 1", "Watered down 1", "Broken 0", "In progress 0"]
    assert chips["Kept 1"].get("aria-current") == "true"
    assert chips["Watered down 1"].get("href") == "/?status=watered_down&theme=transport"
    assert chips["Remove Transport ×"].get("href") == "/?status=kept"
    assert page.words("p", class_="count") == ["1 promise · CSV Excel JSON Feed"]


def test_downloads_are_of_these_rows_and_never_of_a_page(client, db):
    publish(*[a_promise() for _ in range(51)])
    page = get(client, "/?theme=transport&page=2&sort=title")
    links = [node.get("href") for node in page.one("p", class_="count").iter("a")]
    assert links == [f"/promises.{format}?theme=transport&sort=title" for format in ("csv", "xlsx", "json", "atom")]


def test_a_row_says_verdict_promise_news_and_history(client, four):
    page = get(client, "/?theme=transport&status=watered_down")
    cells = [words_of(node) for node in page.one("tbody").iter("td")]
    assert cells == [
        "Watered down since 18 November 2021 smaller, later",
        "Build a tramTransport · North West · Boris Johnson, 24 November 2019",
        "Watered down on 18 November 2021 1 source",
        "",
    ]
    strip = page.one("svg", class_="strip")
    assert strip.get("aria-label") == "In progress from 24 November 2019; Watered down from 18 November 2021"


def test_rows_of_a_past_day_lead_to_that_day(client, four):
    page = get(client, "/?theme=health&as_of=2022-01-18")
    assert page.one("a", class_="title").get("href") == "/promises/clinic/?as_of=2022-01-18"
    assert "since December 2019" in page.words("span", class_="since")[0]


def test_headings_sort_by_every_column_and_say_how_it_is_sorted(client, four):
    heads = get(client).one("thead").findall("tr/th")
    assert [words_of(node) for node in heads] == [
        "Verdict",
        "Promise",
        "What happened",
        f"2019 – {timezone.localdate().year}",
    ]
    assert [node.get("aria-sort") for node in heads] == [None, None, "descending", None]
    assert [node.find("a").get("href") for node in heads] == [
        "/?sort=status",
        "/?sort=title",
        "/?sort=-changed",
        "/?sort=made",
    ]
    heads = get(client, "/?sort=title&theme=transport").one("thead").findall("tr/th")
    assert heads[1].get("aria-sort") == "ascending"
    assert heads[1].find("a").get("href") == "/?theme=transport&sort=-title"
    assert [node.get("aria-sort") for node in get(client, "/?q=tram").one("thead").findall("tr/th")] == [None] * 4


def test_pages_hold_fifty_rows_and_end(client, db):
    publish(*[a_promise(slug=f"promise-{number:03}") for number in range(101)])
    first, second, third = (get(client, f"/?theme=transport&page={number}") for number in (1, 2, 3))
    assert [len(page.slugs) for page in (first, second, third)] == [50, 50, 1]
    assert sorted(first.slugs + second.slugs + third.slugs) == [f"promise-{number:03}" for number in range(101)]
    assert words_of(second.one("nav", class_="pager")) == "Previous pagePage 2 of 3Next page"
    assert second.one("a", rel="next").get("href") == "/?theme=transport&page=3"
    assert second.one("a", rel="prev").get("href") == "/?theme=transport"
    assert not third.all("a", rel="next")
    assert client.get("/?theme=transport&page=4").status_code == 404
    assert "There is no page 4: this list ends with page 3." in client.get("/?page=4").content.decode()


LISTS = ["/", "/?q=railway", "/?q=railwya", "/?theme=transport&sort=title", "/?as_of=2021-01-01&edition=1"]
LISTS += ["/promises.json", "/promises.csv", "/chart/", "/chart.csv?q=railway"]
LISTS += ["/themes/", "/themes/transport/", "/places/", "/places/north-west/"]


def test_an_answer_costs_the_same_queries_for_any_number_of_rows(client, db, django_assert_max_num_queries):
    def costs():
        for address in LISTS:
            b"".join(client.get(address))  # the first of an edition also brings the register to it
        found = {}
        for address in LISTS:
            with django_assert_max_num_queries(15) as counted:
                response = client.get(address)
                if response.streaming:
                    b"".join(response.streaming_content)
            assert response.status_code == 200
            found[address] = len(counted)
        return found

    publish(a_promise(made("2020-01-31"), places=["manchester"]))
    publish(a_promise(made("2020-01-31"), places=["manchester"], regions=["uk"]), at=NOON.replace(hour=13))
    few = costs()
    many = [a_promise(made("2020-01-31"), kept(), places=["leeds"], regions=["uk"]) for _ in range(55)]
    publish(*many, at=NOON.replace(hour=14))
    more = {address: cost - few[address] for address, cost in costs().items()}
    assert set(more.values()) <= {0, 1}, more
    assert more["/"] == more["/promises.csv"] == 0  # a small part of all promises is looked up by one query more


def test_an_empty_list_says_what_to_loosen_and_what_that_gives(client, four):
    page = get(client, "/?theme=transport&place=england&q=clinic&status=broken")
    links = {words_of(node): node for node in page.one("div", class_="empty").iter("li")}
    assert list(links) == ["all themes: 1 promise"]
    assert get(client, links["all themes: 1 promise"].find("a").get("href")).slugs == ["clinic"]


def test_every_link_that_loosens_gives_the_number_it_says(client, four):
    page = get(client, "/?as_of=2021-01-01&status=kept&theme=transport&q=ferry")
    links = [(words_of(node), node.find("a").get("href")) for node in page.one("div", class_="empty").iter("li")]
    assert [words for words, _ in links] == ["any verdict: 1 promise", "as it stands today: 1 promise"]
    for words, address in links:
        assert len(get(client, address).slugs) == int(re.search(r"(\d+) promise", words)[1])


def test_a_day_before_the_first_promise_is_answered_in_words(client, four):
    page = get(client, "/?as_of=2018-01-01")
    assert page.words("h2")[0] == "Nothing had been promised yet"
    assert "made on 27 July 2019" in page.text
    assert page.all("div", class_="tally") == page.all("svg", class_="stack") == []


def test_nothing_published_is_said(client, db):
    page = get(client)
    assert page.words("h1") == ["Nothing has been published yet"]


def test_a_past_day_and_an_edition_say_so_with_a_way_back(client, four):
    publish(a_promise(), at=NOON.replace(hour=14))
    page = get(client, "/?as_of=2022-01-18&edition=1&theme=transport")
    banner = page.one("p", class_="banner")
    assert "18 January 2022" in words_of(banner)
    assert "edition 1" in words_of(banner)
    assert banner.find("a").get("href") == "/?theme=transport"
    assert not get(client, f"/?as_of={timezone.localdate()}").all("p", class_="banner")


def test_matches_are_marked_and_a_corrected_word_is_told(client, four):
    page = get(client, "/?q=clinci")
    assert page.words("mark") == ["clinic"]
    assert page.words("p", class_="notice") == ["Nothing matches “clinci”. Shown is what matches clinic."]
    assert page.slugs == ["clinic"]


def test_a_match_in_the_summary_shows_it(client, db):
    a_published_promise(title="Carry people", summary="By tram to the sea.")
    page = get(client, "/?q=tram")
    assert "By tram to the sea." in page.words("p", class_="meta")
    assert page.words("mark") == ["tram"]


def test_the_form_keeps_the_question(client, four):
    page = get(
        client,
        "/?q=a+ferry&theme=transport&theme=health&place=hull&status=kept&as_of=2022-04-01&edition=1&sort=title&reason=",
    )
    form = page.one("form", class_="tools")
    chosen = {
        node.get("name"): [option.get("value") for option in node.iter("option") if option.get("selected") is not None]
        for node in form.iter("select")
    }
    assert chosen["theme"] == ["transport", "health"]
    assert (chosen["place"], chosen["sort"], chosen["reason"]) == (["hull"], ["title"], [""])
    given = {(node.get("name"), node.get("value")) for node in form.iter("input")}
    assert given == {("q", "a ferry"), ("as_of", "2022-04-01"), ("status", "kept"), ("edition", "1")}


def test_the_day_field_is_empty_unless_asked(client, four):
    assert get(client).one("input", name="as_of").get("value") == ""


def test_options_say_what_choosing_them_would_show(client, four):
    page = get(client, "/?status=kept")
    options = [words_of(node) for node in page.one("select", id="theme").iter("option")]
    assert options[:3] == ["All themes", "Transport (1)", "Local funding (0)"]
    assert [words_of(node) for node in page.one("select", id="place").iter("option")] == [
        "All places",
        "Yorkshire and the Humber (1)",
        "Hull (1)",
    ]


def scripts(page):
    """The scripts of a page that run: data for search engines does not."""
    return [node for node in page.all("script") if node.get("type") != "application/ld+json"]


def test_a_script_in_a_title_is_only_words(client, db):
    title = "<script>alert(1)</script> & <b>tram</b>"
    a_published_promise(title=title, summary=title, made_by='"><img src=x>', slug="script")
    for address in ("/", "/?q=tram", "/?q=alert", "/?by=img-srcx", "/places/north-west/"):
        page = Page(client.get(address))
        assert len(scripts(page)) == 1
        assert not page.all("img")
    assert title in get(client, "/?q=tram").words("a", class_="title")[0]


def test_what_a_reader_types_is_only_words(client, four):
    typed = '"><script>alert(1)</script>'
    for address in (f"/?q={typed}", f"/?theme={typed}", f"/?as_of={typed}", f"/?sort={typed}", f"/?edition={typed}"):
        page = Page(client.get(address))
        assert [node.get("src") is not None for node in scripts(page)] == [True]


@pytest.mark.parametrize("address", ["/", "/?q=clinci", "/?theme=crime", "/?status=won&place=leeds", "/themes/", "/themes/transport/", "/places/", "/places/hull/", "/chart/", "/nothing/"])  # fmt: skip
def test_pages_are_well_formed_with_no_style_or_script_of_their_own(client, four, address):
    page = Page(client.get(address))
    assert page.mistakes == []
    ids = [node.get("id") for node in page.tree.iter() if node.get("id")]
    assert len(set(ids)) == len(ids)
    assert not page.all("style")
    for node in page.tree.iter():
        assert not [name for name in node.attrib if name == "style" or name.startswith("on")]
    assert all(node.get("src") for node in scripts(page))
    labels = {node.get("for") for node in page.all("label")}
    assert all(
        node.get("id") in labels
        for tag in ("input", "select")
        for node in page.all(tag)
        if node.get("type") != "hidden"
    )


def test_every_page_names_its_own_address(client, four, settings):
    page = get(client, "/?utm_source=x&theme=transport&theme=")
    assert page.one("link", rel="canonical").get("href") == f"{settings.PUBLIC_URL}/?theme=transport"


# The chart


def test_the_chart_says_its_numbers_and_leads_to_them(client, four):
    page = get(client, "/?theme=transport&status=kept")
    assert page.one("figure", class_="chart").find("figcaption//a").get("href") == "/chart/?theme=transport"
    assert page.words("text", class_="name") == ["1 watered down", "1 kept"]
    assert "1 kept, 1 watered down, 0 broken, 0 in progress" in page.words("desc")[0]
    areas = [node.get("class") for node in page.all("path", class_="area")]
    assert areas == ["in_progress area", "kept area", "watered_down area", "broken area"]


def test_labels_of_events_keep_apart_and_are_cut_by_no_line(client, four):
    page = get(client)
    lines = {}
    for node in page.all("path", class_="event"):
        x, top = re.match(r"M([\d.]+) (-?\d+)V", node.get("d")).groups()
        lines[float(x)] = int(top)
    boxes = []
    for node in page.all("text", class_="event"):
        x, y, width = float(node.get("x")), int(node.get("y")), len(words_of(node)) * charts.LETTER
        boxes.append((y, x - width, x) if node.get("text-anchor") == "end" else (y, x, x + width))
    assert len(boxes) == len(lines) == 6
    for number, (row, left, right) in enumerate(boxes):
        assert left >= 0
        assert right <= 676
        assert not [
            1
            for its_row, its_left, its_right in boxes[:number]
            if row == its_row and left < its_right and its_left < right
        ]
        assert not [x for x, top in lines.items() if top < row - 12 and left < x < right]


def test_names_at_the_edge_keep_apart(db):
    counts = {"kept": 1, "watered_down": 1, "broken": 1, "in_progress": 200}
    heights = [float(y) for y in re.findall(r'y="([\d.]+)"', charts._names(counts, 203))]
    assert all(before - after >= charts.NAMES_APART for before, after in pairwise(heights))


def test_strips_lie_within_their_axis():
    today = timezone.localdate()
    drawn = charts.strip([("in_progress", today - timedelta(400), today - timedelta(100)), ("kept", today - timedelta(100), today)], (today - timedelta(500), today))  # fmt: skip
    assert 'd="M32 3h96v8h-96z"' in drawn
    assert 'd="M128 3h32v8h-32z"' in drawn


def test_shares_add_up():
    for counts in ({"a": 1, "b": 1, "c": 1}, {"a": 0, "b": 7, "c": 13}, {"a": 106, "b": 0, "c": 1}):
        assert sum(charts.shares(counts).values()) == 10_000
    assert charts.shares({"a": 0, "b": 0}) == {"a": 0, "b": 0}


# Places and themes that the words name


@pytest.fixture
def named(db):
    return publish(
        a_promise(made("2019-07-27"), slug="ferry", title="Run a ferry", places=["hull"], regions=["yorkshire-and-the-humber"]),
        a_promise(made("2019-11-24"), slug="tram", title="Build a tram", places=["leeds"], regions=["yorkshire-and-the-humber"]),
        a_promise(made("2021-12-01"), slug="clinic", title="Open a clinic", theme="health", regions=["north-west"], places=[]),
        a_promise(made("2022-02-02"), slug="art", title="Lend art", theme="culture-and-pride", regions=["north-east"], places=[]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "also"),
    [
        ("q=leeds", "Leeds (1)"),
        ("q=Leeds+transport", "Transport (2) · Leeds (1)"),
        ("q=north+west", "North West (1)"),
        ("q=north", "North East (1) · North West (1)"),
        ("q=yorkshire", "Yorkshire and the Humber (2)"),
        ("q=culture+and+the", "Culture and pride (1)"),
        ("q=kingston+upon+hull", "Hull (1)"),
        ("q=leeds&place=leeds", ""),
        ("q=leeds&status=kept", "Leeds (1)"),
        ("q=sunderland", ""),
        ("q=health&as_of=2021-01-01", ""),
        ("q=and+the", ""),
        ("place=leeds", ""),
        ("", ""),
    ],
)
def test_words_that_name_a_place_or_theme_lead_to_its_page(client, named, query, also):
    said = get(client, f"/?{query}").words("p", class_="also")
    assert said == ([f"Also look at: {also}"] if also else [])


def test_what_is_suggested_is_there_and_of_the_same_day(client, named):
    (also,) = get(client, "/?q=leeds&as_of=2020-01-01").all("p", class_="also")
    (link,) = also.findall("a")
    assert link.get("href") == "/places/leeds/?as_of=2020-01-01"
    assert len(get(client, link.get("href")).slugs) == 1
    assert get(client, "/places/leeds/?q=transport").all("p", class_="also") == []


def test_at_most_five_are_suggested_and_none_costs_a_query(client, named, django_assert_max_num_queries):
    names = "leeds hull transport health culture north yorkshire"
    get(client, "/?q=ferry")
    with django_assert_max_num_queries(99) as plain:
        get(client, "/?q=build")
    with django_assert_max_num_queries(99) as suggesting:
        get(client, "/?q=leeds")
    assert len(suggesting) <= len(plain)
    (also,) = get(client, f"/?q={names}").all("p", class_="also")
    assert len(also.findall("a")) == 5


# What changed lately


@pytest.fixture
def changing(db):
    return publish(
        a_promise(made("2019-07-27"), kept("2022-03-01"), slug="ferry", title="Run a ferry"),
        a_promise(made("2019-11-24"), watered_down("2021-11-18", "later"), broken("2023-10"), slug="tram", title="Build a tram"),
        a_promise(made("2019-12"), broken("2020-05-01"), broken("2024-05-05"), slug="clinic", title="Open a clinic"),
        a_promise(made("2024-02-02"), slug="art", title="Lend <art>"),
    )  # fmt: skip


def lately(client, address="/"):
    return [words_of(item) for section in get(client, address).all("section", class_="lately") for item in section.findall("ol/li")]  # fmt: skip


def test_the_front_page_tells_the_latest_changes_of_status(client, changing):
    assert lately(client) == [
        "October 2023 Build a tram was watered down, now Broken",
        "1 March 2022 Run a ferry was in progress, now Kept",
        "18 November 2021 Build a tram was in progress, now Watered down",
    ]
    page = get(client)
    section = page.one("section", class_="lately")
    links = [node.get("href") for node in section.iter() if _local(node) == "a"]
    assert links[:3] == ["/promises/tram/updates/3/", "/promises/ferry/updates/2/", "/promises/tram/updates/2/"]
    assert links[3:] == ["/changes/", "/promises.atom"]
    assert {client.get(link).status_code for link in links} == {200}
    assert page.text.index('class="lately"') < page.text.index('role="search"')
    text = page.text[page.text.index('<section class="lately"') :]
    assert len(text[: text.index("</section>")].encode()) < 1500


@pytest.mark.parametrize(
    "address", ["/?q=tram", "/?status=kept", "/?as_of=2023-12-01", "/?edition=1", "/?sort=title", "/themes/transport/"]
)
def test_it_does_so_only_where_nothing_is_asked(client, changing, address):
    assert lately(client, address) == []


def test_first_news_and_news_of_the_same_status_are_no_change(client, db):
    publish(a_promise(made("2019-07-27"), slug="ferry"), a_promise(made("2020-01-01"), under_way(), slug="tram"))
    assert get(client).all("section", class_="lately") == []


def test_what_changed_lately_costs_one_query(client, changing, django_assert_max_num_queries):
    get(client)
    with django_assert_max_num_queries(99) as asked:
        get(client, "/?sort=status")
    with django_assert_max_num_queries(99) as front:
        get(client)
    assert sum("listing__" in query["sql"] or '"since_from" = ' in query["sql"] for query in front) == 1
    assert len(front) <= len(asked) + 1
