"""Workbooks and CSV: they hold the same records as YAML, and bad files say what is wrong and where."""

import csv
import io
import re
import struct
import zipfile
import zlib
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal

import openpyxl
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import settings as at_most
from hypothesis import strategies as st

from promises.dates import Day
from promises.desk.imports import records, table_form
from promises.desk.imports.records import CitationRecord, ReplyRecord, UpdateRecord, WordingRecord
from promises.desk.imports.table_form import csv_zip, nodes_of, workbook, yaml_zip

pytestmark = pytest.mark.same_on_both

TODAY = date(2026, 11, 25)
FORMS = {"records.xlsx": workbook, "records.zip": csv_zip, "yaml.zip": yaml_zip}


@pytest.fixture(scope="module")
def fixtures():
    read = records.read(settings.BASE_DIR / "fixtures" / "promises", today=TODAY)
    assert not read.problems
    return read.records


@pytest.fixture
def record(fixtures):
    """A record with one of everything."""
    whole = next(r for r in fixtures if r.targets and r.places and any(s.evidence for s in r.sources))
    first, key = whole.updates[0], whole.sources[0].id
    return replace(
        whole,
        slug="a-line",
        related=(),
        reply=ReplyRecord(date=Day("2024"), by="DfT", text="No.", source=key),
        wording_changes=(WordingRecord(date=Day("2021-11"), before="all of it", after="a part", source=key),),
        updates=(
            replace(first, sources=(CitationRecord(source=key, locator="page 2", quoted="“all”"),)),
            *whole.updates[1:],
        ),
    )


def reading(name, data, *, known=frozenset(), present=lambda slugs: {}):
    def read(name, data):
        return nodes_of(name, data, present=present)

    return records.read_files([(name, data)], today=TODAY, known_slugs=known, nodes_of=read)


def said(name, data, **more):
    """What is said against a file, in one text."""
    read = reading(name, data, **more)
    assert read.problems
    return "\n".join(map(str, read.problems))


def changed(data, table, row, column, value):
    """A workbook or a zip of CSV with one cell written anew; rows are those of the spreadsheet."""
    if b"xl/workbook.xml" in data:
        book = openpyxl.load_workbook(io.BytesIO(data))
        sheet = book[table]
        place = [cell.value for cell in sheet[1]].index(column) + 1
        if isinstance(value, tuple):
            value, sheet.cell(row, place).number_format = value
        sheet.cell(row, place).value = value
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()
    files = unzipped(data)
    rows = list(csv.reader(io.StringIO(files[f"{table}.csv"].decode("utf-8-sig"), newline="")))
    rows[row - 1][rows[0].index(column)] = value
    return zipped({**files, f"{table}.csv": as_csv(rows).encode()})


def as_csv(rows, **how):
    out = io.StringIO(newline="")
    csv.writer(out, **how).writerows(rows)
    return out.getvalue()


def unzipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


# Round trips


@pytest.mark.parametrize("name", FORMS)
def test_every_fixture_comes_back_as_it_went(fixtures, name):
    data = FORMS[name](fixtures)
    read = reading(name, data)
    assert read.problems == ()
    assert read.records == fixtures
    assert FORMS[name](read.records) == data


@pytest.mark.parametrize("name", FORMS)
def test_a_record_with_one_of_everything_comes_back(record, name):
    assert reading(name, FORMS[name]([record])).records == (record,)


@pytest.mark.parametrize("name", FORMS)
def test_updates_without_a_number_keep_their_citations(record, name):
    key, other = record.sources[0].id, record.sources[-1].id
    new = [
        UpdateRecord(
            date=Day("2025"),
            status="kept",
            headline=f"News {n}",
            explanation="It is so.",
            sources=(CitationRecord(source=other), CitationRecord(source=key, note=f"note {n}"))
            if n
            else (CitationRecord(source=key),),
        )
        for n in range(3)
    ]
    record = replace(record, updates=(*record.updates, *new))
    assert reading(name, FORMS[name]([record])).records == (record,)


HARD = [
    "=1+1",
    "+44",
    "-",
    "@x",
    "'",
    "''x",
    "'=x",
    "#N/A",
    "TRUE",
    "2024-02-29",
    "1e5",
    "007",
    "a;b",
    'say "no"',
    "two\nlines",
    "_x0041_",
    "�",
]


def comes_back(*texts):
    texts = [
        part for text in texts if (part := text.strip()) and not records.rules.text_problem(part) and "\r" not in part
    ]
    given = tuple(
        replace(RECORD, slug=f"a-{n}", title=text, summary=text, made_in=text, department=text)
        for n, text in enumerate(texts)
    )
    for name, write in FORMS.items():
        read = reading(name, write(given))
        assert [record.title for record in read.records] == texts
        assert read.records == given


def test_hard_texts_come_back():
    comes_back(*HARD)


@at_most(deadline=None, max_examples=20)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=20))
def test_any_text_that_may_stand_in_a_record_comes_back(texts):
    comes_back(*texts)


RECORD = records.read_files(
    [
        (
            "a.yaml",
            b"""
slug: a-line
title: Build it
summary: Build it.
success_test: It runs.
theme: transport
regions: [uk]
made_by: A person
department: DfT
made_on: "2020"
made_in: A speech
updates:
- {date: "2020", status: in_progress, reason: [made], headline: Made, explanation: Made., sources: [a]}
sources:
- {id: a, title: A speech, publisher: A party, url: "https://example.org/a", kind: party}
targets:
- {measure: Length, unit: km, promised: 1.5, delivered: null, as_of: null, basis: "", source: a}
""",
        )
    ],
    today=TODAY,
).records[0]


@pytest.mark.parametrize("figure", ["0", "-2.5", "0.000001", "123456789012.123456", "999999999999", "0.1"])
@pytest.mark.parametrize("name", FORMS)
def test_figures_keep_every_digit(figure, name):
    given = replace(RECORD, targets=(replace(RECORD.targets[0], promised=Decimal(figure)),))
    assert reading(name, FORMS[name]([given])).records == (given,)


def test_what_a_spreadsheet_would_run_is_defused_and_numbers_are_not():
    given = replace(RECORD, title="=1+1", targets=(replace(RECORD.targets[0], promised=Decimal("-2.5")),))
    files = unzipped(csv_zip([given]))
    assert b",'=1+1," in files["promises.csv"]
    assert b",-2.5," in files["measures.csv"]
    book = openpyxl.load_workbook(io.BytesIO(workbook([given])))
    assert [cell.data_type for cell in book["promises"][2] if cell.value == "=1+1"] == ["s"]
    assert [cell.data_type for cell in book["measures"][2] if cell.value == -2.5] == ["n"]


def test_columns_have_the_names_of_the_yaml_keys():
    book = openpyxl.load_workbook(io.BytesIO(workbook([RECORD])), read_only=True)
    assert book.sheetnames == [
        "promises",
        "updates",
        "sources",
        "citations",
        "evidence",
        "measures",
        "wordings",
        "replies",
    ]
    header = {sheet.title: [cell.value for cell in next(sheet.iter_rows())] for sheet in book}
    assert header["updates"] == [
        "promise",
        "number",
        "date",
        "status",
        "reason",
        "headline",
        "explanation",
        "sources",
        "withdrawn",
    ]
    assert {"slug", "former_slugs", "quote_source", "due_on", "checked_on"} < set(header["promises"])


# What people do in spreadsheets


def as_excel_writes_it(data):
    """The workbook with its texts in a list of their own, as Excel has them."""
    files = unzipped(data)
    texts = []

    def moved(found):
        texts.append(found[2])
        return f'{found[1]} t="s"><v>{len(texts) - 1}</v></c>'

    for name in [name for name in files if name.startswith("xl/worksheets/")]:
        sheet = files[name].decode()
        files[name] = re.sub(
            r'(<c [^>]*?) t="inlineStr"[^>]*><is>(.*?)</is></c>', moved, sheet, flags=re.DOTALL
        ).encode()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    files["xl/sharedStrings.xml"] = (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<sst xmlns="{main}">'
        + "".join(f"<si>{text}</si>" for text in texts) + "</sst>"
    ).encode()  # fmt: skip
    strings = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    types = files["[Content_Types].xml"].decode()
    if "sharedStrings" not in types:
        types = types.replace(
            "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{strings}"/></Types>'
        )
    files["[Content_Types].xml"] = types.encode()
    return zipped(files)


def test_a_workbook_saved_by_another_program_reads_the_same(record):
    out = io.BytesIO()
    openpyxl.load_workbook(io.BytesIO(workbook([record]))).save(out)
    assert reading("a.xlsx", out.getvalue()).records == (record,)
    data = as_excel_writes_it(workbook([record]))
    assert b"inlineStr" not in unzipped(data)["xl/worksheets/sheet1.xml"]
    assert reading("a.xlsx", data).records == (record,)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_csv_may_be_cut_by_comma_semicolon_or_tab(record, delimiter, end):
    files = {
        name: as_csv(
            csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")), delimiter=delimiter, lineterminator=end
        ).encode()
        for name, data in unzipped(csv_zip([record])).items()
    }
    assert reading("a.zip", zipped(files)).records == (record,)
    assert reading(
        "a.zip", zipped({f"export/{name}": data for name, data in files.items()} | {"__MACOSX/._a.csv": b"x"})
    ).records


@pytest.mark.parametrize(
    ("value", "shown", "day"),
    [
        (datetime(2020, 2, 29), "yyyy-mm-dd", "2020-02-29"),
        (date(2020, 2, 1), "dd/mm/yyyy", "2020-02-01"),
        (date(2020, 2, 1), "mmm-yy", "2020-02"),  # what Excel makes of a typed 2020-02
        (date(2020, 2, 3), "mmm-yy", "2020-02-03"),
        (date(2020, 1, 1), "yyyy", "2020"),
        (2020, "General", "2020"),
        ("2020-02", "@", "2020-02"),
    ],
)
def test_days_may_be_dates_of_the_spreadsheet(value, shown, day):
    book = openpyxl.load_workbook(io.BytesIO(workbook([RECORD])))
    cell = book["promises"]["O2"]
    assert book["promises"]["O1"].value == "due_on"
    cell.value, cell.number_format = value, shown
    out = io.BytesIO()
    book.save(out)
    assert reading("a.xlsx", out.getvalue()).records[0].due_on == day


@pytest.mark.parametrize(
    ("table", "column", "value", "sentence"),
    [
        ("promises", "title", "=1+1", "a.xlsx, sheet promises, row 2: a-line: title is a formula."),
        ("updates", "headline", '=HYPERLINK("http://x")', "a.xlsx, sheet updates, row 2: a-line, update 1: headline is a formula."),
        ("promises", "regions", "=A1", "row 2: a-line: regions is a formula."),
        ("promises", "title", date(2020, 2, 29), "title is a date (2020-02-29) in the spreadsheet. Write it as text."),
        ("promises", "due_on", datetime(2020, 2, 29, 12, 30), "due_on holds a time of day (2020-02-29 12:30:00)."),
        ("promises", "due_on", time(12, 30), "due_on holds a time of day (12:30:00)."),
        ("promises", "due_on", (99999999, "yyyy-mm-dd"), "due_on holds a date that does not exist (99999999)."),
        ("promises", "due_on", 43890, "due_on: “43890” is not a day."),
        ("promises", "due_on", "03/04/2024", "due_on: “03/04/2024” is not a day. Write YYYY-MM-DD"),
        ("promises", "title", True, "title holds a yes or no (True)."),
        ("promises", "title", "#N/A", "title holds an error (#N/A)."),
        ("measures", "promised", "1,5", "row 2: a-line, target 1: promised is “1,5”."),
        ("promises", "slug", "=A1", "row 2: promise 1: slug is a formula."),
        ("updates", "promise", "b-line", "row 2: promise is “b-line”, which the table promises does not have."),
        ("updates", "sources", "a;b", "a-line, update 1: sources names “b”, which is not among the record's sources."),
        ("updates", "sources", "a;", "sources holds something that is no source."),
        ("updates", "number", "new-1x", "number is “new-1x”. Write 1, 2, 3"),
        ("promises", "regions", "uk;;london", "regions holds something that is no text."),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_read_is_named_by_sheet_row_and_column(table, column, value, sentence):
    assert sentence in said("a.xlsx", changed(workbook([RECORD]), table, 2, column, value))


def test_every_problem_of_a_file_is_said_at_once_and_in_order():
    data = changed(workbook([RECORD]), "promises", 2, "title", "=1")
    data = changed(data, "sources", 2, "url", "nowhere")
    data = changed(data, "updates", 2, "date", "soon")
    problems = reading("a.xlsx", data).problems
    assert [str(p).partition(":")[0] for p in problems] == [
        f"a.xlsx, sheet {table}, row 2" for table in ("promises", "updates", "sources")
    ]


def test_a_citation_speaks_for_a_source_that_its_update_names(record):
    data = csv_zip([record])
    assert "update is “9”, which no row of updates is" in said("a.zip", changed(data, "citations", 2, "update", "9"))
    assert "which the sources of this update do not name. Add it there." in said(
        "a.zip", changed(data, "citations", 2, "source", "none")
    )
    rows = unzipped(data)["citations.csv"].decode("utf-8-sig")
    twice = rows + rows.partition("\n")[2]
    assert "citations.csv, row 3: a-line: source is “" in said(
        "a.zip", zipped({**unzipped(data), "citations.csv": twice.encode()})
    )
    assert "source is empty, which no row of sources is" in said("a.zip", changed(data, "evidence", 2, "source", ""))
    replies = unzipped(data)["replies.csv"].decode("utf-8-sig")
    twice = {**unzipped(data), "replies.csv": (replies + replies.partition("\n")[2]).encode()}
    assert "a-line: reply is given twice" in said("a.zip", zipped(twice))


# Files that are not what they should be


def test_a_missing_table_or_column_is_not_taken_for_an_empty_one(record):
    files = unzipped(csv_zip([record]))
    less = {name: data for name, data in files.items() if name != "measures.csv"}
    assert "The table “measures” is missing. Keep all of promises, updates" in said("a.zip", zipped(less))
    assert "It may hold: promises.csv" in said("a.zip", zipped({**files, "notes.csv": b"x"}))
    rows = [row[:-1] for row in csv.reader(io.StringIO(files["sources.csv"].decode("utf-8-sig")))]
    assert "sources.csv, row 1: The table sources has no column “archived_on”. Keep all columns" in said(
        "a.zip", zipped({**files, "sources.csv": as_csv(rows).encode()})
    )
    assert "wordings.csv, row 1: The table is empty. Its first row is: promise, date" in said(
        "a.zip", zipped({**files, "wordings.csv": b""})
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("slug,titel\na,b\n", "a.csv, row 1: “titel” is no column of promises."),
        ("slug,title,title\na,b,c\n", "The column “title” is there twice."),
        ("title\nb\n", "There is no column “slug”."),
        ("slug,title\na,b,c\n", "a.csv, row 2: The row has more cells than the first row names columns."),
        ('slug,title\na,"b\n', "This is not CSV: unexpected end of data."),
        ("", "The table is empty."),
        ("slug,title\nnone,b\n", "a.csv, row 2: none: There is no such promise at the desk."),
        ("slug,title\n,b\n", "a.csv, row 2: slug is empty."),
        ("slug,title\na-line,=b\na-line,c\n", "The key “a-line” is used already in a.csv, row 2."),
    ],
)
def test_a_csv_says_what_is_wrong_with_it(text, sentence):
    assert sentence in said("a.csv", text.encode(), present=lambda slugs: {"a-line": RECORD})


def test_another_encoding_is_named():
    told = said("a.csv", "slug,title\na-line,Café “x”\n".encode("cp1252"))
    assert "a.csv: This is not UTF-8 (byte 0xE9 in line 2 of the file; in Windows-1252 it would be “é”)" in told
    assert "CSV UTF-8" in told
    assert "UTF-16" in said("a.csv", "slug,title\na-line,é\n".encode("utf-16"))
    assert "is not UTF-8" in said(
        "a.zip",
        changed(csv_zip([RECORD]), "updates", 2, "headline", "x").replace(b"", b"")[:0]
        + zipped({**unzipped(csv_zip([RECORD])), "updates.csv": "promise,é".encode("cp1252")}),
    )


def test_the_promises_alone_change_only_the_columns_that_are_there(record):
    present = {"a-line": record}.copy
    read = reading("a.csv", b"slug,title,due_on\r\na-line,'=New,\r\n", present=lambda slugs: present())
    assert read.problems == ()
    assert read.records == (replace(record, title="=New", due_on=None),)
    book = openpyxl.Workbook()
    book.active.title = "Promises"
    book.create_sheet("Sheet2")  # empty: Excel adds them
    for row in (["slug", "regions"], ["a-line", "uk"]):
        book["Promises"].append(row)
    out = io.BytesIO()
    book.save(out)
    read = reading("a.xlsx", out.getvalue(), present=lambda slugs: present())
    assert read.records == (replace(record, regions=("uk",)),)
    book["Sheet2"]["A1"] = "a note"
    out = io.BytesIO()
    book.save(out)
    assert "The workbook has a sheet “Sheet2”." in said("a.xlsx", out.getvalue())


def test_files_of_another_kind_are_refused():
    assert "ends in .yaml, .xlsx, .zip or .csv" in said("a.doc", b"x")
    assert "This is not an Excel workbook" in said("a.xlsx", b"slug,title")
    assert "This is not a zip file" in said("a.zip", b"x")
    assert "old or a locked workbook" in said("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert "This workbook cannot be read" in said("a.xlsx", zipped({"a.txt": b"x"}))
    assert "not hold .yaml files alone" in said("a.zip", zipped({"a.txt": b"x"}))
    assert "not hold .yaml files alone" in said("a.zip", zipped({}))
    assert "two files of one name" in said("a.zip", zipped({"a/b.yaml": b"x", "b.yaml": b"x"}))
    assert "a.zip, b.yaml, line 1: This is not YAML" in said("a.zip", zipped({"b.yaml": b"- ]"}))
    data = csv_zip([RECORD])
    at = data.index(b"PK\x03\x04") + 60
    assert "The zip is broken at “promises.csv”" in said("a.zip", data[:at] + b"\xff\xff\xff" + data[at + 3 :])


BOMB = (
    '<?xml version="1.0"?>{comment}<!DOCTYPE x [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(b)} "{f"&{chr(b - 1)};" * 10}">' for b in range(ord("b"), ord("k"))
    ) + "]>"
)  # fmt: skip


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "docProps/core.xml"]
)
@pytest.mark.parametrize("comment", ["", "<!-- a -->", "<!--" + "a" * 10_000 + "-->"])
def test_a_workbook_that_would_unfold_is_refused(part, comment):
    files = unzipped(as_excel_writes_it(workbook([RECORD])))
    text = files[part].decode().partition("?>")[2] or files[part].decode()
    files[part] = (BOMB.format(comment=comment) + text.replace("a-line", "&j;")).encode()
    assert f"“{part}” does not begin as its XML does" in said("a.xlsx", zipped(files))


@pytest.mark.parametrize("name", ["a.zip", "a.xlsx"])
def test_a_zip_that_unfolds_to_more_than_it_says_is_refused_before_it_does(name):
    short, rest = b"a" * 10, b"a" * 50_000_000
    data = table_form.zipped([("promises.csv", (short + rest).decode())])
    for mark, place in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        at = data.rfind(mark) + place
        said_of_it = struct.pack("<I", zlib.crc32(short)), data[at + 4 : at + 8], struct.pack("<I", len(short))
        data = data[:at] + b"".join(said_of_it) + data[at + 12 :]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None  # nothing that zipfile itself finds
    assert "The zip is broken at “promises.csv”" in said(name, data)


def test_a_row_of_more_cells_than_any_spreadsheet_has_is_refused():
    assert "The row has 30,001 cells" in said("a.csv", b"slug,title\n" + b"," * 30_000)


def test_a_zip_that_would_unfold_is_refused_before_it_is_opened():
    huge = zipped({"promises.csv": b"0" * (table_form.MOST_UNPACKED + 1)})
    assert len(huge) < 1_000_000
    assert "Unpacked, the file is larger than" in said("a.zip", huge)
    assert "Unpacked, the file is larger than" in said("a.xlsx", huge)
    assert "larger than 32 MB" in said("a.csv", b"0" * (records.MOST_BYTES + 1))


def test_a_sheet_that_is_far_and_wide_is_refused_quickly():
    files = unzipped(workbook([RECORD]))
    sheet = files["xl/worksheets/sheet2.xml"].decode()

    def told(more):
        assert "</sheetData>" in sheet
        spoilt = sheet.replace("</sheetData>", f"{more}</sheetData>").encode()
        return said("a.xlsx", zipped({**files, "xl/worksheets/sheet2.xml": spoilt}))

    far = '<row r="99999999"><c r="A99999999" t="n"><v>1</v></c></row>'
    assert "sheet updates, row 99999999: promise is “1”, which the table promises does not have." in told(far)
    wide = '<row r="3"><c r="XFD3" t="n"><v>1</v></c></row>'
    assert "sheet updates, row 3: The row has more cells than the first row names columns." in told(wide)
    assert "cannot be read" in told('<row r="3"><c r="A3" t="s"><v>99</v></c></row>')
    assert "cannot be read" in told('<row r="3"><c r="A3"')
