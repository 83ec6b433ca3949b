"""What each data format promises its readers."""

import csv
import io
import json

import pytest
from django.conf import settings
from openpyxl import load_workbook

from promises.public import responses
from promises.public.columns import COLUMNS
from tests.factories import NOON, a_promise, a_published_promise, kept, made, publish


def text(response):
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


def rows_of_csv(client, query):
    return list(csv.DictReader(io.StringIO(text(client.get(f"/promises.csv?{query}")))))


def test_a_row_says_what_the_record_says(client, db):
    promise = a_promise(
        made("2019-11"),
        kept("2022"),
        slug="hs2-east",
        title="Build the eastern leg",
        regions=["yorkshire-and-the-humber", "east-midlands"],
        places=["leeds"],
        due_on="2033",
        department="DfT",
    )
    edition = publish(promise)
    row = client.get("/promises.json?as_of=2023-01-01").json()["promises"][0]
    assert {name: row[name] for name in list(row)[:18]} == {
        "slug": "hs2-east",
        "title": "Build the eastern leg",
        "status": "kept",
        "since": "2022",
        "date": "2022",
        "headline": "Kept on 2022",
        "theme": "transport",
        "places": ["yorkshire-and-the-humber", "east-midlands", "leeds"],
        "department": "DfT",
        "made_by": "Boris Johnson, Prime Minister",
        "made_on": "2019-11",
        "due_on": "2033",
        "sources": 1,
        "version": 1,
        "url": f"{settings.PUBLIC_URL}/promises/hs2-east/",
        "reason": [],
        "since_from": "2022-12-31",
        "date_from": "2022-12-31",
    }
    assert row["edition"] == edition.number
    assert row["published_at"] == "2025-06-02T12:00:00Z"
    assert (row["as_of"], row["licence"]) == ("2023-01-01", "CC BY 4.0")
    (line,) = rows_of_csv(client, "as_of=2023-01-01")
    assert line["places"] == "yorkshire-and-the-humber;east-midlands;leeds"
    assert line["update"] == "2"


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_no_cell_runs_as_a_formula(client, db, begin):
    title = f'{begin}HYPERLINK("https://example.org")'
    a_published_promise(title=title)
    (line,) = rows_of_csv(client, "")
    assert line["title"] == f"'{title}"
    assert client.get("/promises.json").json()["promises"][0]["title"] == title
    book = load_workbook(io.BytesIO(client.get("/promises.xlsx").content))
    cell = book["Promises"]["B2"]
    assert (cell.value, cell.data_type) == (title, "s")


def test_numbers_and_quiet_texts_stay_as_they_are():
    chunks = responses.csv_chunks(["n"], [[-5], ["\tx"], ["\rx"], ["x=1"], [None], [["a", "b"]]])
    assert list(csv.reader(io.StringIO(b"".join(chunks).decode(), newline=""))) == [
        *(["n"], ["-5"], ["'\tx"], ["'\rx"], ["x=1"], [""], ["a;b"]),
    ]


def test_csv_is_sent_in_chunks():
    chunks = list(responses.csv_chunks(["text"], ([f"{number} {'x' * 1000}"] for number in range(300))))
    assert len(chunks) == 5
    assert all(len(chunk) >= responses.CHUNK for chunk in chunks[:-1])


def test_json_comes_in_pages_that_lead_to_each_other(client, db):
    publish(*[a_promise(slug=f"promise-{number:03}") for number in range(201)])
    first = client.get("/promises.json?theme=transport").json()
    assert (first["count"], len(first["promises"]), first["previous"]) == (201, 100, None)
    assert first["next"] == f"{settings.PUBLIC_URL}/promises.json?theme=transport&page=2"
    third = client.get("/promises.json?theme=transport&page=3").json()
    assert (len(third["promises"]), third["next"]) == (1, None)
    assert third["previous"] == first["next"]
    assert third["query"] == {"theme": ["transport"], "page": 3}
    second = client.get(first["next"].removeprefix(settings.PUBLIC_URL)).json()
    assert second["previous"] == f"{settings.PUBLIC_URL}/promises.json?theme=transport"
    assert len({row["slug"] for answer in (first, second, third) for row in answer["promises"]}) == 201
    assert len(rows_of_csv(client, "theme=transport")) == 201


def test_every_data_answer_is_open_says_its_licence_and_its_address(client, db):
    a_published_promise()
    for format in ("csv", "json", "xlsx"):
        response = client.get(f"/promises.{format}?utm_source=x&status=in_progress&theme=")
        assert response["Access-Control-Allow-Origin"] == "*"
        assert response["Link"] == (
            f'<{settings.PUBLIC_URL}/promises.{format}?status=in_progress>; rel="canonical", '
            '<https://creativecommons.org/licenses/by/4.0/>; rel="license"'
        )


def test_downloads_are_named_by_their_day(client, db):
    a_published_promise()
    response = client.get("/promises.csv?as_of=2021-11-17")
    assert response["Content-Disposition"] == 'attachment; filename="promises-2021-11-17.csv"'
    response = client.get("/themes/transport.xlsx?as_of=2021-11-17")
    assert response["Content-Disposition"] == 'attachment; filename="promises-transport-2021-11-17.xlsx"'


def test_generated_at_is_the_moment_of_the_edition(client, db):
    a_published_promise()
    assert client.get("/promises.json").json()["generated_at"] == "2025-06-02T12:00:00Z"


def test_nothing_published_is_answered_all_the_same(client, db):
    answer = client.get("/promises.json").json()
    assert (answer["edition"], answer["generated_at"], answer["count"]) == (0, None, 0)
    assert rows_of_csv(client, "") == []
    assert client.get("/promises.xlsx").status_code == 200


def test_the_same_question_gives_the_same_bytes(client, db, monkeypatch):
    publish(a_promise(), a_promise())
    for format in ("csv", "json", "xlsx"):
        first = client.get(f"/promises.{format}")
        before = text(first) if first.streaming else first.content
        with monkeypatch.context() as later:
            later.setattr("time.time", lambda: 2_000_000_000.0)
            second = client.get(f"/promises.{format}?as_of=")
        assert (text(second) if second.streaming else second.content) == before


def test_a_list_too_long_for_a_spreadsheet_says_what_to_take(client, db, monkeypatch):
    publish(a_promise(), a_promise())
    monkeypatch.setattr(responses, "MOST_XLSX_ROWS", 1)
    response = client.get("/promises.xlsx")
    assert response.status_code == 400
    assert "Take the CSV" in response.json()["errors"]["query"][0]


def test_an_earlier_edition_gives_the_rows_of_then_with_their_slugs(client, db):
    promise = a_promise(slug="old-name")
    first = publish(promise)
    promise.slug = "new-name"
    promise.save()
    publish(promise, at=NOON.replace(hour=13))
    assert [row["slug"] for row in rows_of_csv(client, "")] == ["new-name"]
    assert [row["slug"] for row in rows_of_csv(client, f"edition={first.number}")] == ["old-name"]
    answer = client.get(f"/promises.json?edition={first.number}").json()
    assert (answer["edition"], answer["query"]) == (first.number, {"edition": first.number})


def test_every_column_is_in_the_data_dictionary():
    dictionary = (settings.BASE_DIR / "docs" / "data.md").read_text()
    assert [column.name for column in COLUMNS if f"`{column.name}`" not in dictionary] == []


def test_the_chart_has_month_ends_from_the_first_promise_and_the_asked_day(client, db):
    publish(a_promise(made("2020-11-17"), kept("2021-01-31")))
    answer = client.get("/chart.json?as_of=2021-03-15").json()
    assert [(point["date"], point["in_progress"], point["kept"]) for point in answer["points"]] == [
        ("2020-11-30", 1, 0),
        ("2020-12-31", 1, 0),
        ("2021-01-31", 0, 1),
        ("2021-02-28", 0, 1),
        ("2021-03-15", 0, 1),
    ]
    lines = list(csv.DictReader(io.StringIO(text(client.get("/chart.csv?as_of=2021-03-15")))))
    assert [line["date"] for line in lines] == [point["date"] for point in answer["points"]]
    assert lines[0]["licence"] == "CC BY 4.0"
    page = text(client.get("/chart/?as_of=2021-03-15"))
    assert "31 January 2021" in page
    assert 'href="/?status=kept&amp;as_of=2021-01-31"' in page


def test_json_is_utf8_as_written(client, db):
    a_published_promise(title="Spend £5bn on “buses”")
    body = client.get("/promises.json").content.decode()
    assert "£5bn on “buses”" in body
    assert json.loads(body)["promises"][0]["title"] == "Spend £5bn on “buses”"
