"""What may be asked, and what is refused: in words, by name, never with another question's answer."""

from datetime import date
from urllib.parse import quote

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings, strategies
from hypothesis.extra.django import TestCase

from promises.public.asking import BadQuestion
from promises.public.counts import FACETS
from promises.public.filters import PromiseFilter
from promises.text import words as text_words
from tests.factories import NOON, a_promise, a_published_promise, broken, kept, made, publish, under_way, watered_down

TODAY = date(2025, 6, 2)


def asked(query="", **kwargs):
    return PromiseFilter(QueryDict(query), today=TODAY, **kwargs)


def slugs(query=""):
    return [listing.slug for listing in asked(query).qs]


def refused(query, **kwargs):
    with pytest.raises(BadQuestion) as error:
        asked(query, **kwargs)
    return error.value.errors


@pytest.fixture
def four(db):
    """A promise of each status, in different themes and places, by different people."""
    return publish(
        a_promise(made("2019-07-27"), kept("2022-03-01"), slug="ferry", title="Run a ferry", theme="transport", places=["hull"], regions=["yorkshire-and-the-humber"]),
        a_promise(made("2019-11-24"), watered_down("2021-11-18", "smaller", "later"), slug="tram", title="Build a tram", theme="transport", regions=["north-west"], made_by="Grant Shapps, Transport Secretary"),
        a_promise(made("2019-12"), broken("2023-10-04", "dropped"), slug="clinic", title="Open a clinic", theme="health", regions=["england"], department="DHSC"),
        a_promise(made("2022-02-02"), under_way("2022-06-30"), slug="art", title="Lend art", theme="culture-and-pride", regions=["uk"], department="DCMS"),
    )  # fmt: skip


BAD = {
    "status=won": ("status", "“won” is not a status we know. Known: kept, watered_down, broken, in_progress."),
    "status=kept&status=won": ("status", "“won” is not a status we know."),
    "reason=tired": ("reason", "“tired” is not a reason we know. Known: smaller,"),
    "theme=transpot": ("theme", "“transpot” is not a theme we know. Known: transport,"),
    "place=narnia": ("place", "“narnia” is not a place we know. They are listed at /places/."),
    "place=Leeds": ("place", "“Leeds” is not a place we know."),
    "department=magic": ("department", "“magic” is not a department we know."),
    "by=nobody-at-all": ("by", "“nobody-at-all” is not a person or body we know."),
    "as_of=soon": ("as_of", "Write the day as YYYY-MM-DD"),
    "as_of=2021-02-30": ("as_of", "Write the day as YYYY-MM-DD"),
    "as_of=2025-06-03": ("as_of", "3 June 2025 is still to come."),
    "as_of=2021-01-01&as_of=2022-01-01": ("as_of", "“as_of” may be given once only."),
    "edition=0": ("edition", "There is no edition 0. The latest is 1."),
    "edition=2": ("edition", "There is no edition 2. The latest is 1."),
    "edition=-1": ("edition", "There is no edition -1."),
    "edition=one": ("edition", "Write the edition as a whole number."),
    "edition=1&edition=1": ("edition", "“edition” may be given once only."),
    "sort=size": ("sort", "“size” is not an order we know. Known: changed, -changed, made,"),
    "sort=--made": ("sort", "“--made” is not an order we know."),
    "sort=made&sort=title": ("sort", "“sort” may be given once only."),
    "page=0": ("page", "“0” is not a page. Pages are numbered from 1."),
    "page=-1": ("page", "“-1” is not a page."),
    "page=two": ("page", "“two” is not a page."),
    "page=1.5": ("page", "“1.5” is not a page."),
    "page=99999999999": ("page", "“99999999999” is not a page."),
    "page=%D9%A2": ("page", "“٢” is not a page."),
    "page=1&page=2": ("page", "“page” may be given once only."),
    "q=!!!": ("q", "“!!!” holds no word to look for."),
    "q=" + "x" * 201: ("q", "That is 201 characters long. Write at most 200"),
    "q=bus&q=tram": ("q", "“q” may be given once only."),
    "status=%00": ("status", "“ ” is not a status we know."),
    "theme=" + "x" * 5000: ("theme", f"“{'x' * 40}…” is not a theme we know."),
    "by=%25": ("by", "“%” is not a person or body we know."),
    "department=%27%3B--": ("department", "“';--” is not a department we know."),
}


@pytest.mark.parametrize("query", BAD)
def test_what_makes_no_sense_is_refused_by_name(four, query):
    name, sentence = BAD[query]
    errors = refused(query)
    assert list(errors) == [name]
    assert sentence in " ".join(errors[name])


def test_every_mistake_is_told_at_once(four):
    assert set(refused("status=won&as_of=soon&sort=size&page=x&edition=9")) == {
        "status",
        "as_of",
        "sort",
        "page",
        "edition",
    }


@pytest.mark.parametrize("format", ["csv", "xlsx", "atom", "chart.json"])
def test_only_what_has_pages_takes_a_page(four, format):
    assert refused("page=1", format=format) == {
        "page": ["This answer holds every row and has no pages. Leave “page” out."]
    }
    assert asked("page=", format=format).number == 1


@pytest.mark.parametrize("query", [f"{name}=" for name in PromiseFilter.NAMES] + ["q=+&theme=&status=+&page=+"])
def test_an_empty_value_is_not_given(four, query):
    assert slugs(query) == slugs()
    assert asked(query).parameters == {}


def test_names_we_do_not_know_change_nothing(four):
    assert asked("utm_source=x&fbclid=y&Status=kept&order=1").parameters == {}


def test_within_a_name_any_between_names_all(four):
    assert slugs("theme=transport&theme=health") == ["clinic", "ferry", "tram"]
    assert slugs("theme=transport&theme=health&status=kept&status=broken") == ["clinic", "ferry"]
    assert slugs("reason=later&reason=dropped") == ["clinic", "tram"]
    assert slugs("theme=transport&status=broken") == []


def test_a_known_key_without_rows_is_an_empty_list(four):
    assert slugs("theme=crime") == slugs("place=wales") == slugs("by=theresa-may") == slugs("reason=redefined") == []


def test_a_region_finds_places_within_and_a_country_only_itself(four):
    assert slugs("place=hull") == slugs("place=yorkshire-and-the-humber") == ["ferry"]
    assert slugs("place=england") == ["clinic"]
    assert slugs("place=uk") == ["art"]


def test_a_person_no_file_knows_is_found_by_the_spelling_as_key(db):
    a_published_promise(slug="lamps", made_by="The Mayor of Nowhere")
    assert slugs("by=the-mayor-of-nowhere") == ["lamps"]
    assert asked("by=the-mayor-of-nowhere").census.per_key["by"] == {"the-mayor-of-nowhere": 1}


def test_a_promise_by_two_is_found_under_both(db):
    a_published_promise(slug="clinics", made_by="Sajid Javid, Health Secretary, and Steve Barclay, Health Secretary")
    keys = list(asked().census.per_key["by"])
    assert all(slugs(f"by={key}") == ["clinics"] for key in keys)


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("changed", ["clinic", "art", "ferry", "tram"]),
        ("-changed", ["tram", "ferry", "art", "clinic"]),
        ("made", ["ferry", "tram", "clinic", "art"]),
        ("-made", ["art", "clinic", "tram", "ferry"]),
        ("title", ["tram", "art", "clinic", "ferry"]),
        ("-title", ["ferry", "clinic", "art", "tram"]),
        ("status", ["ferry", "tram", "clinic", "art"]),
        ("-status", ["art", "clinic", "tram", "ferry"]),
        ("", ["clinic", "art", "ferry", "tram"]),
    ],
)
def test_orders(four, sort, wanted):
    assert slugs(f"sort={sort}") == wanted


@pytest.mark.parametrize("sort", ["changed", "-changed", "made", "-made", "title", "-title", "status", "-status"])
def test_ties_go_by_slug_whatever_is_reversed(db, sort):
    publish(*[a_promise(slug=slug, title="Same") for slug in ("b", "c", "a", "a-b", "ab")])
    assert slugs(f"sort={sort}") == ["a", "a-b", "ab", "b", "c"]


def test_titles_sort_without_regard_to_case_or_accents(db):
    publish(
        *[
            a_promise(slug=f"n{place}", title=title)
            for place, title in enumerate(["électric", "Apple", "zoo", "Eager", "apple tree"])
        ]
    )
    assert [listing.title for listing in asked("sort=title").qs] == ["Apple", "apple tree", "Eager", "électric", "zoo"]


def test_the_question_as_understood_is_canonical(four):
    query = "page=2&sort=title&theme=transport&theme=transport&status=kept&as_of=2022-3-1&edition=1&q=+a++ferry+&x=y"
    assert asked(query).parameters == {
        "q": "a ferry",
        "status": ["kept"],
        "theme": ["transport"],
        "as_of": "2022-03-01",
        "edition": 1,
        "sort": "title",
        "page": 2,
    }
    assert asked(query).address() == "/?q=a+ferry&status=kept&theme=transport&as_of=2022-03-01&edition=1&sort=title"


def test_addresses_keep_the_question_and_drop_the_page(four):
    question = asked("theme=transport&status=kept&page=3")
    assert question.address(status=None) == "/?theme=transport"
    assert question.address(status=["broken", "kept"]) == "/?status=broken&status=kept&theme=transport"
    assert question.data_address("csv") == "/promises.csv?status=kept&theme=transport"
    assert question.chart_address() == "/chart/?theme=transport"
    assert asked().address() == "/"


def test_a_shelf_gives_its_own_key_by_its_path(four):
    question = asked("status=kept", shelf=("theme", "transport"))
    assert [listing.slug for listing in question.qs] == ["ferry"]
    assert question.address(sort="title") == "/themes/transport/?status=kept&sort=title"
    assert question.data_address("csv") == "/themes/transport.csv?status=kept"
    assert question.tracker_address() == "/?status=kept&theme=transport"
    assert "theme" in refused("theme=health", shelf=("theme", "transport"))


QUESTIONS = [
    "",
    "status=kept",
    "theme=transport",
    "theme=transport&status=kept&place=north-west",
    "reason=later",
    "q=build",
    "as_of=2020-01-01",
]


@pytest.mark.parametrize("query", QUESTIONS)
def test_each_facet_counts_what_its_value_alone_would_give(four, query):
    question = asked(query)
    for facet in FACETS:
        for key, number in question.census.per_key[facet.name].items():
            assert question.otherwise(**{facet.name: [key]}).qs.count() == number, (facet.name, key)
        if question.chosen[facet.name]:
            assert question.otherwise(**{facet.name: None}).qs.count() == question.census.without[facet.name]
    assert question.count == question.qs.count()


def test_counts_ignore_the_status_asked_for_and_keep_the_rest(four):
    assert asked("status=kept&theme=transport").counts == asked("theme=transport").counts
    assert asked("theme=transport").counts == {"kept": 1, "watered_down": 1, "broken": 0, "in_progress": 0}


def test_a_day_shows_how_things_stood(four):
    assert asked("as_of=2021-01-01").counts == {"kept": 0, "watered_down": 0, "broken": 0, "in_progress": 3}
    assert slugs("as_of=2019-12-01") == ["tram", "ferry"]
    assert slugs("as_of=2018-01-01") == []


def test_an_edition_shows_what_had_been_published(four):
    later = publish(a_promise(slug="late"), at=NOON.replace(hour=14))
    assert "late" in slugs()
    assert "late" in slugs(f"edition={later.number}")
    assert slugs(f"edition={four.number}") == ["clinic", "art", "ferry", "tram"]


def test_a_withdrawn_promise_is_in_no_list_but_of_earlier_editions(db):
    promise = a_promise(slug="gone")
    first = publish(promise)
    publish(promise, at=NOON.replace(hour=14), withdrawal="Recorded twice.")
    assert slugs() == []
    assert asked().count == 0
    assert slugs(f"edition={first.number}") == ["gone"]


# Words


def test_every_word_must_be_found_somewhere(db):
    publish(
        a_promise(slug="one", title="Run trams in Leeds"),
        a_promise(slug="two", title="Run buses", summary="For the people of Leeds."),
    )
    assert sorted(slugs("q=leeds")) == ["one", "two"]
    assert slugs("q=leeds+tram") == ["one"]
    assert slugs("q=LEEDS+trams!") == ["one"]


def test_the_closest_match_comes_first(db):
    publish(
        a_promise(made(), kept("2024-01-01", headline="A tram runs"), slug="in-update", title="Move people"),
        a_promise(made("2020-02-02"), slug="in-summary", title="Carry people", summary="By tram, and soon."),
        a_promise(made("2019-01-01"), slug="in-title", title="Build a tramway"),
    )
    assert slugs("q=tram") == ["in-title", "in-summary", "in-update"]
    assert slugs("q=tram&sort=changed") == ["in-update", "in-summary", "in-title"]


def test_a_word_is_found_only_from_the_day_that_shows_it(db):
    a_published_promise(made("2020-01-31"), kept("2022-03-01", headline="A velodrome opens"), slug="sport")
    assert slugs("q=velodrome") == ["sport"]
    assert slugs("q=velodrome&as_of=2022-02-28") == []


def test_a_mistyped_word_still_finds_its_promise(db):
    publish(a_promise(slug="sport", title="Build a velodrome"), a_promise(slug="other"))
    question = asked("q=velodrmoe")
    assert [listing.slug for listing in question.qs] == ["sport"]
    assert (question.words, question.looked_for) == ("velodrmoe", "velodrome")
    assert question.parameters == {"q": "velodrmoe"}


def test_spelling_is_forgiven_only_where_nothing_matches_as_typed(db):
    publish(a_promise(slug="fare", title="Cap the fares"), a_promise(slug="farm", title="Help the farms"))
    assert asked("q=farm").looked_for == ""
    assert slugs("q=farm") == ["farm"]
    assert asked("q=farm&theme=crime").looked_for == ""
    assert slugs("q=farm&theme=crime") == []


def test_no_word_is_looked_for_that_the_day_does_not_show(db):
    a_published_promise(made("2020-01-31"), kept("2022-03-01", headline="A velodrome opens"), slug="sport")
    assert asked("q=velodrmoe").looked_for == "velodrome"
    assert asked("q=velodrmoe&as_of=2021-01-01").looked_for == ""
    assert slugs("q=velodrmoe&as_of=2021-01-01") == []


def test_the_first_twelve_words_count(db):
    a_published_promise(slug="long", title="one two three four five six seven eight nine ten eleven twelve")
    many = "one two three four five six seven eight nine ten eleven twelve thirteen"
    question = asked(f"q={quote(many)}")
    assert [listing.slug for listing in question.qs] == ["long"]
    assert question.has_too_many_words


@pytest.mark.parametrize(
    "words",
    [
        "%",
        "_",
        "tram%",
        "'",
        '"tram"',
        "tram*",
        "tram OR bus",
        "NEAR(tram)",
        "tram\x00",
        "-tram",
        "tram:*",
        "(((",
        "\\",
        "𝐭𝐫𝐚𝐦",
    ],
)
def test_signs_that_databases_know_are_only_signs(db, words):
    a_published_promise(slug="tram", title="Build a tram")
    if text_words(words):
        assert slugs(f"q={quote(words)}") in ([], ["tram"])
    else:
        assert list(refused(f"q={quote(words)}")) == ["q"]


class TestNonsense(TestCase):
    """Whatever stands in the address, it is answered or refused, and never breaks."""

    names = strategies.sampled_from([*PromiseFilter.NAMES, "version", "x"])
    values = strategies.one_of(
        strategies.text(max_size=30),
        strategies.sampled_from(
            ["kept", "transport", "leeds", "uk", "2021-01-01", "1", "-made", "later", "dft", "bus"]
        ),
        strategies.integers().map(str),
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(pairs=strategies.lists(strategies.tuples(names, values), max_size=5), path=strategies.sampled_from(["/", "/promises.csv", "/promises.json", "/chart.json", "/themes/transport/", "/places/north-east/", "/places/"]))  # fmt: skip
    def test_no_query_breaks_an_answer(self, pairs, path):
        query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in pairs)
        response = self.client.get(f"{path}?{query}")
        assert response.status_code in (200, 400, 404)
        if response.status_code == 400 and path.endswith(("csv", "json")):
            assert all(sentences and all(sentences) for sentences in response.json()["errors"].values())

    @settings(max_examples=80, deadline=None)
    @given(raw=strategies.binary(max_size=40))
    def test_no_bytes_break_an_answer(self, raw):
        response = self.client.get("/promises.json", QUERY_STRING=raw.decode("latin-1"))
        assert response.status_code in (200, 400)
