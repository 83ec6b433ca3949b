"""One question of the real record: the same rows, in the same order, in every format, as its files say."""

import csv
import io
import re
from datetime import date

import pytest
from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from openpyxl import load_workbook

from tests.public.real_record import STATUSES, counted, expected, published_record, record  # noqa: F401

DAYS = ["2020-01-01", "2022-09-06", "2024-07-04", "2025-12-31"]
QUESTIONS = [
    "",
    *(f"status={status}" for status in STATUSES),
    "status=kept&status=broken",
    "theme=transport",
    "theme=transport&theme=health&status=watered_down",
    "place=north-east",
    "place=leeds",
    "place=uk",
    "place=england&status=broken",
    "place=leeds&place=bradford&theme=transport",
    "reason=later",
    "reason=smaller&reason=dropped&status=watered_down",
    "department=dft",
    "by=boris-johnson",
    "by=boris-johnson&department=dft&theme=transport",
    "sort=title",
    "sort=-title&theme=transport",
    "sort=made",
    "sort=-made&status=broken",
    "sort=status",
    "sort=-status",
    "sort=-changed",
    "q=bradford&sort=changed",
    "q=mayor&sort=title",
    "q=bus+fare&sort=changed",
    "theme=crime&place=wales",
]


def text(response):
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


def with_day(question, day):
    return "&".join(part for part in (question, f"as_of={day}" if day else "") if part)


def slugs_of_page(client, query):
    """The slugs of every page of the tracker, in order."""
    found, address = [], f"/?{query}"
    while address:
        page = text(client.get(address))
        table = page.partition('id="results"')[2]
        found += re.findall(r'class="title" href="/promises/([a-z0-9-]+)/', table)
        following = re.search(r'<a rel="next" href="([^"]+)"', page)
        address = following and following[1].replace("&amp;", "&")
    return found


def rows_of_json(client, query):
    """The rows of every page of the JSON, in order."""
    found, address = [], f"/promises.json?{query}"
    while address:
        answer = client.get(address.removeprefix(settings.PUBLIC_URL)).json()
        found += answer["promises"]
        address = answer["next"]
    return found


def rows_of_csv(client, query):
    return list(csv.DictReader(io.StringIO(text(client.get(f"/promises.csv?{query}")))))


CONTRACT = [
    *("slug", "title", "status", "since", "date", "headline", "theme", "places", "department"),
    *("made_by", "made_on", "due_on", "sources", "version", "url"),
]
CASES = [(question, day) for question in QUESTIONS for day in ("", "2022-01-18")]
CASES += [(question, day) for question in QUESTIONS[:7] for day in DAYS]


@pytest.mark.parametrize(("question", "day"), CASES)
def test_page_csv_and_json_give_what_the_files_say(client, record, question, day):  # noqa: F811
    query = with_day(question, day)
    asked = QueryDict(question)
    chosen = {name: asked.getlist(name) for name in asked if name not in ("q", "sort")}
    on = date.fromisoformat(day) if day else timezone.localdate()
    wanted = expected(on, q=asked.get("q", ""), sort=asked.get("sort", "changed"), **chosen)
    assert slugs_of_page(client, query) == wanted
    assert [row["slug"] for row in rows_of_csv(client, query)] == wanted
    assert [row["slug"] for row in rows_of_json(client, query)] == wanted
    answer = client.get(f"/promises.json?{query}").json()
    chosen.pop("status", None)
    assert answer["count"] == len(wanted)
    if "q" not in asked:
        assert answer["counts"] == counted(on, **chosen)


def test_xlsx_gives_the_same_cells_as_csv(client, record):  # noqa: F811
    query = "status=broken&as_of=2024-07-04"
    book = load_workbook(io.BytesIO(client.get(f"/promises.xlsx?{query}").content))
    cells = [
        ["" if value is None else str(value) for value in row] for row in book["Promises"].iter_rows(values_only=True)
    ]
    lines = list(csv.reader(io.StringIO(text(client.get(f"/promises.csv?{query}")))))
    assert cells == [[cell.removeprefix("'") for cell in line] for line in lines]
    assert dict(book["About"].iter_rows(values_only=True))["as_of"] == "2024-07-04"


def test_json_keys_are_those_of_csv_and_begin_as_the_contract_says(client, record):  # noqa: F811
    header = next(csv.reader(io.StringIO(text(client.get("/promises.csv")))))
    assert header[:15] == CONTRACT
    assert header[15:18] == ["reason", "since_from", "date_from"]
    answer = client.get("/promises.json").json()
    assert list(answer["promises"][0]) == header
    assert list(answer) == [
        *("licence", "generated_at", "edition", "as_of", "query", "looked_for"),
        *("count", "counts", "promises", "next", "previous"),
    ]
    assert list(answer["counts"]) == STATUSES


@pytest.mark.parametrize(
    "query", ["", "theme=transport", "place=north-east&status=broken", "reason=later", "q=bradford", "q=hs2+leeds"]
)
def test_each_point_of_the_chart_is_the_count_of_that_day(client, record, query):  # noqa: F811
    points = client.get(f"/chart.json?{query}").json()["points"]
    assert points[-1]["date"] == timezone.localdate().isoformat()
    assert len(points) > 24
    for point in points[::9] + points[-1:]:
        counts = client.get(f"/promises.json?{query}&as_of={point['date']}").json()["counts"]
        assert {status: point[status] for status in STATUSES} == counts
