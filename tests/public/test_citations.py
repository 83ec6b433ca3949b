"""Citations are read back by the programs they are for."""

import json
from datetime import date, timedelta

import bibtexparser
import pytest
import rispy
from bibtexparser import middlewares
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON

from promises.public import citations
from promises.public.citations import Cited
from tests.factories import NOON, a_published_promise, an_update, broken, kept, made, publish

AWKWARD = "Spend £5bn: 100% of {it} on “R&D”_now | [then] ~10^2 \\ #1"


def cited(**fields):
    given = {
        "title": "Build the railway in full",
        "standing": "broken since 18 November 2021",
        "pin": "version",
        "number": 3,
        "published": date(2026, 3, 31),
        "accessed": date(2026, 11, 25),
        "address": "https://tracker.example/promises/railway/versions/3/",
        "key": "railway-v3",
    }
    return Cited(**given | fields)


def test_the_styles_read_as_their_guides_have_them():
    written = {style.label: style.write(cited()) for style in citations.STYLES}
    assert written == {
        "In a sentence": (
            "“Build the railway in full”: broken since 18 November 2021. Levelling-up promises, version 3, "
            "published 31 March 2026, https://tracker.example/promises/railway/versions/3/"
        ),
        "Harvard": (
            "Levelling-up promises (2026) ‘Build the railway in full: broken since 18 November 2021’, version 3, "
            "31 March. Available at: https://tracker.example/promises/railway/versions/3/ (Accessed: 25 November 2026)."
        ),
        "APA": (
            "Levelling-up promises. (2026, March 31). Build the railway in full: broken since 18 November 2021 "
            "(Version 3). https://tracker.example/promises/railway/versions/3/"
        ),
        "Chicago, note": (
            "“Build the railway in full: broken since 18 November 2021,” Levelling-up promises, version 3, "
            "March 31, 2026, https://tracker.example/promises/railway/versions/3/."
        ),
        "Wikipedia": (
            "{{cite web |title=Build the railway in full: broken since 18 November 2021 "
            "|url=https://tracker.example/promises/railway/versions/3/ |website=Levelling-up promises "
            "|type=Version 3 |date=31 March 2026 |access-date=25 November 2026 |language=en-GB}}"
        ),
    }


@pytest.mark.parametrize("title", ["Build the railway in full", AWKWARD])
def test_a_bibtex_parser_reads_what_we_meant(title):
    library = bibtexparser.parse_string(
        citations.bibtex(cited(title=title)), append_middleware=[middlewares.LatexDecodingMiddleware()]
    )
    assert not library.failed_blocks
    [entry] = library.entries
    assert (entry.entry_type, entry.key) == ("online", "railway-v3")
    fields = {field.key: field.value for field in entry.fields}
    read = fields["title"].strip("{}").replace("ˆ", "^")  # the parser's name for TeX's own circumflex
    assert read == f"{title}: broken since 18 November 2021"
    assert fields["author"].strip("{}") == "Levelling-up promises"
    assert (fields["date"], fields["urldate"], fields["version"]) == ("2026-03-31", "2026-11-25", "3")
    assert fields["url"] == "https://tracker.example/promises/railway/versions/3/"


@pytest.mark.parametrize("title", ["Build the railway in full", AWKWARD])
def test_a_ris_parser_reads_what_we_meant(title):
    [entry] = rispy.loads(citations.ris(cited(title=title)))
    assert entry["type_of_reference"] == "ELEC"
    assert entry["title"] == f"{title}: broken since 18 November 2021"
    assert entry["authors"] == ["Levelling-up promises"]
    assert (entry["date"], entry["access_date"], entry["edition"]) == ("2026/03/31", "2026/11/25", "Version 3")
    assert entry["urls"] == ["https://tracker.example/promises/railway/versions/3/"]


def test_a_citation_processor_makes_a_reference_of_it():
    source = CiteProcJSON(json.loads(citations.csl(cited())))
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    bibliography = CitationStylesBibliography(style, source, formatter.plain)
    bibliography.register(Citation([CitationItem("railway-v3")]))
    [reference] = map(str, bibliography.bibliography())
    assert reference.startswith("Levelling-up promises (2026) Build the railway in full: broken since 18 November 2021")
    assert "https://tracker.example/promises/railway/versions/3/" in reference
    assert "(Accessed: November 25, 2026)" in reference


def test_what_is_pinned_to_an_edition_says_so_in_every_form():
    numbers = cited(pin="edition", number=12)
    assert all("edition 12" in style.write(numbers).lower() for style in citations.STYLES)
    assert "edition = {12}" in citations.bibtex(numbers)
    assert json.loads(citations.csl(numbers))[0]["edition"] == "12"


def test_a_template_of_wikipedia_cannot_be_broken_out_of():
    written = citations.wikipedia(cited(title=AWKWARD, address="https://tracker.example/?q=a|b}}"))
    inside = written.removeprefix("{{cite web ").removesuffix("}}")
    assert "}}" not in inside.replace("{{!}}", "")
    assert inside.count(" |") == 6


def test_quotation_marks_within_quotation_marks_are_single():
    assert "“Build ‘it’ now”" in citations.sentence(cited(title="Build “it” now"))


# What pages offer


@pytest.mark.django_db
class TestOffered:
    """Addresses answer with what they cite, pinned for good."""

    def test_a_promise_is_cited_by_its_version(self, client, settings):
        settings.PUBLIC_URL = "https://tracker.example"
        promise = a_published_promise(made(), broken("2023-10-04"), slug="railway", title="Build the railway")
        answer = client.get("/promises/railway/cite.txt")
        assert answer.status_code == 200
        assert (
            "“Build the railway”: broken since 4 October 2023. Levelling-up promises, version 1, published 2 June 2025, "
            "https://tracker.example/promises/railway/versions/1/" in answer.text
        )
        publish(an_update(promise, kept("2025-07-01")).promise, at=NOON + timedelta(days=60))
        assert "version 2" in client.get("/promises/railway/cite.txt").text
        assert client.get("/promises/railway/cite.txt?version=1").text == answer.text

    def test_what_a_citation_points_to_never_changes(self, client, settings):
        settings.PUBLIC_URL = "https://tracker.example"
        promise = a_published_promise(made(), slug="railway", summary="Ten miles.")
        address = json.loads(client.get("/promises/railway/cite.csl.json").content)[0]["URL"]
        cited = address.removeprefix("https://tracker.example").rstrip("/")
        before = client.get(f"{cited}.json").content
        promise.summary = "Twelve miles."
        promise.save()
        publish(an_update(promise, kept("2025-06-03")).promise, at=NOON + timedelta(days=9))
        assert client.get(f"{cited}.json").content == before
        page = client.get(f"{cited}/").text.partition('<section class="part" id="changed"')[0]
        assert "Ten miles." in page
        assert "Twelve miles." not in page

    def test_a_past_day_is_part_of_what_is_cited(self, client):
        a_published_promise(made(), broken("2023-10-04"), slug="railway")
        answer = client.get("/promises/railway/cite.txt?as_of=2022-01-01").text
        assert "in progress since 31 January 2020, as of 1 January 2022" in answer
        assert "/promises/railway/versions/1/?as_of=2022-01-01" in answer

    def test_an_update_is_cited_with_its_promise(self, client):
        a_published_promise(made(), broken("2023-10-04"), slug="railway", title="Build the railway")
        answer = client.get("/promises/railway/updates/2/cite.txt").text
        assert "“Broken on 4 October 2023”: broken, 4 October 2023, on the promise “Build the railway”." in answer
        assert "/promises/railway/updates/2/?version=1" in answer

    def test_a_list_is_cited_with_its_numbers_and_both_clocks(self, client):
        for what in (kept(), broken(), broken()):
            a_published_promise(made(), what)
        a_published_promise(made(), kept(), theme="schools")
        answer = client.get("/cite.txt?theme=transport&as_of=2024-01-01").text
        assert (
            "“Levelling-up promises on transport”: 1 kept, 0 watered down, 2 broken and 0 in progress, "
            "as of 1 January 2024. Levelling-up promises, edition 4, published 2 June 2025, " in answer
        )
        assert "/?theme=transport&as_of=2024-01-01&edition=4" in answer
        assert "2 of 3 broken" in client.get("/cite.txt?theme=transport&status=broken").text

    def test_every_form_of_every_thing_answers_and_says_what_it_is(self, client):
        a_published_promise(slug="railway")
        for where in ("/cite", "/promises/railway/cite", "/promises/railway/updates/1/cite"):
            for ending, file in citations.FILES.items():
                answer = client.get(f"{where}.{ending}")
                assert answer.status_code == 200, f"{where}.{ending}"
                assert answer["Content-Type"] == file.content_type
                assert answer["Content-Disposition"].endswith(f'.{ending}"')
                assert answer["Access-Control-Allow-Origin"] == "*"
            page = client.get(f"{where}/")
            assert page.status_code == 200
            assert 'name="citation_public_url"' in page.text
            assert "{{cite web" in page.text

    def test_what_is_gone_or_moved_says_so(self, client):
        promise = a_published_promise(slug="railway")
        assert client.get("/promises/nowhere/cite.bib").status_code == 404
        assert client.get("/promises/railway/updates/7/cite.bib").status_code == 404
        promise.slug = "tramway"
        promise.save()
        publish(promise, at=NOON + timedelta(days=1))
        moved = client.get("/promises/railway/cite.bib?version=1")
        assert (moved.status_code, moved["Location"]) == (301, "/promises/tramway/cite.bib?version=1")
        publish(promise, at=NOON + timedelta(days=2), withdrawal="It was never made.")
        assert client.get("/promises/tramway/cite.bib").status_code == 410
        assert client.get("/promises/tramway/cite.bib?version=1").status_code == 200

    def test_a_question_that_makes_no_sense_is_refused(self, client):
        a_published_promise(slug="railway")
        assert client.get("/cite.bib?status=lost").status_code == 400
        assert client.get("/promises/railway/cite.bib?version=9").status_code == 400

    def test_it_costs_few_queries_whatever_is_listed(self, client, django_assert_max_num_queries):
        for _ in range(5):
            a_published_promise(made(), kept())
        with django_assert_max_num_queries(6):
            client.get("/cite.bib")
