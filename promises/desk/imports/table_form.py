"""Workbooks, zips of CSV and single CSVs to the same trees as YAML, and records back to them; knows no database.

Eight tables, whose columns have the names of the YAML keys. `promise` names the promise of a row; in
`citations`, `update` names an update by its number (`new-1`, `new-2` … where it has none yet).
"""

import csv
import io
import re
import warnings
import zipfile
from copy import copy
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from xml.parsers import expat

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.datetime import from_excel, from_ISO8601
from openpyxl.writer.excel import ExcelWriter

from promises.desk.imports.records import (
    MOST_BYTES,
    NAMES,
    CitationRecord,
    EvidenceRecord,
    MeasureRecord,
    Record,
    ReplyRecord,
    SourceRecord,
    UpdateRecord,
    WordingRecord,
    as_fields,
    dump,
    name_of,
    yaml_nodes,
)
from promises.desk.imports.yaml_form import Fields, FormError, Items, Row, Text, Unreadable, number_text

if not openpyxl.DEFUSEDXML:  # it would read workbooks that unfold to gigabytes
    raise ImportError("defusedxml is not installed, or OPENPYXL_DEFUSEDXML turns it off. Workbooks are not safe then.")

MOST_UNPACKED = 160 * 1024 * 1024
MOST_PARTS = 20_000
MOST_ROWS = 250_000
MOST_COLUMNS = 32
"""What a file may unfold to; looked at before it is opened."""
MOST_CELLS = 20_000
"""More than a row of any spreadsheet has."""
CHUNK = 1024 * 1024


class Table(NamedTuple):
    """A table: the kind of record its rows are, its columns, and the field of the record above that holds them."""

    name: str
    kind: type
    columns: tuple[str, ...]
    field: str = ""


def _table(name, kind, *above, field="", leave_out=()):
    own = (column for column in NAMES[kind] if column not in leave_out)
    return Table(name, kind, (*above, *own), field)


NESTED = ("targets", "wording_changes", "updates", "sources", "reply")
PROMISES = _table("promises", Record, leave_out=NESTED)
UPDATES = _table("updates", UpdateRecord, "promise", field="updates")
SOURCES = _table("sources", SourceRecord, "promise", field="sources", leave_out=("evidence",))
CITATIONS = _table("citations", CitationRecord, "promise", "update")
EVIDENCE = _table("evidence", EvidenceRecord, "promise", "source")
MEASURES = _table("measures", MeasureRecord, "promise", field="targets")
WORDINGS = _table("wordings", WordingRecord, "promise", field="wording_changes")
REPLIES = _table("replies", ReplyRecord, "promise", field="reply")
TABLES = (PROMISES, UPDATES, SOURCES, CITATIONS, EVIDENCE, MEASURES, WORDINGS, REPLIES)
BY_NAME = {table.name: table for table in TABLES}

BASED_ON = "based_on"
"""A column of `promises` that may be left out: what the desk's copy was when the file was written."""

LISTS = {"former_slugs", "regions", "places", "related", "reason", "sources"}
DAYS = {
    column.name
    for table in TABLES
    for column in fields(table.kind)
    if "Day" in str(column.type) and column.name in table.columns
}
NUMBERS = {"number", "promised", "delivered"}
YAML = {"yaml", "yml"}
NEW = re.compile(r"new(-[0-9]+)?")


# Reading: any file to nodes


def nodes_of(name, data, *, present=lambda slugs: {}):
    """Return the promises of a file of any form as (name, node), as `records.read_files` takes them.

    `present(slugs)` gives the records of promises that the desk has: a file of the table `promises`
    alone changes only the columns it has, and the rest is taken from there.
    """
    try:
        if len(data) > MOST_BYTES:
            raise FormError(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it.", 0)
        suffix = name.rpartition(".")[2].lower()
        if suffix in YAML:
            return yaml_nodes(name, data)
        if suffix == "csv":
            return [(name, node) for node in _nodes({PROMISES.name: _csv(PROMISES, "", data)}, present)]
        if suffix == "xlsx":
            return [(name, node) for node in _nodes(_workbook(data), present)]
        if suffix == "zip":
            return _nodes_of_zip(name, data, present)
        raise FormError("The name of a file ends in .yaml, .xlsx, .zip or .csv.", 0)
    except FormError as error:
        return [(name, Unreadable(str(error), error.line))]


def _nodes_of_zip(name, data, present):
    files = _unzipped(data)
    forms = {inner.rpartition(".")[2].lower() for inner, _ in files}
    if forms and forms <= YAML:
        return [pair for inner, text in files for pair in yaml_nodes(f"{name}, {inner}", text)]
    if forms == {"csv"}:
        return [(name, node) for node in _nodes(_csvs(files), present)]
    raise FormError("The zip does not hold .yaml files alone, or .csv files alone.", 0)


# Tables: rows of cells, each a text or the reason why it is none


class Why(str):
    """In place of a cell's text: why there is none. The name of the column goes before it."""

    __slots__ = ()


class Dated(str):
    """The day of a cell that the spreadsheet keeps as a date."""

    __slots__ = ()


class Cells(NamedTuple):
    """What a file holds of one table: the line of its header, its columns, and each row's filled cells by column."""

    line: Row
    columns: list[str]
    rows: list[tuple[Row, dict[str, str]]]


def _cells(table, label, rows):
    """Return the Cells of a table, given its rows as (number, [(place, text), …]); FormError where it is no such table."""
    order = TABLES.index(table)
    columns, first, found = None, None, []
    for number, cells in rows:
        filled = [(place, text) for place, text in cells if text and not text.isspace()]
        if not filled:
            continue
        line = Row(order, number, label)
        if columns is None:
            columns, first = [""] * min(filled[-1][0] + 1, MOST_COLUMNS), line
            for place, text in filled[:MOST_COLUMNS]:
                columns[min(place, MOST_COLUMNS - 1)] = text.strip()
            _check_columns(table, columns, line)
        elif filled[-1][0] >= len(columns):
            raise FormError(
                "The row has more cells than the first row names columns. Are quotation marks missing?", line
            )
        elif len(found) == MOST_ROWS:
            raise FormError(f"The table has more than {MOST_ROWS} rows. Split the file.", line)
        else:
            found.append((line, {columns[place]: text for place, text in filled}))
    if columns is None:
        raise FormError(f"The table is empty. Its first row is: {', '.join(table.columns)}.", Row(order, 1, label))
    return Cells(first, columns, found)


def _check_columns(table, columns, line):
    names = ", ".join(table.columns)
    for column in columns:
        if not column:
            raise FormError(f"A column has no name. Its columns are: {names}.", line)
        if column not in table.columns and not (column == BASED_ON and table is PROMISES):
            raise FormError(f"“{column[:40]}” is no column of {table.name}. Its columns are: {names}.", line)
        if columns.count(column) > 1:
            raise FormError(f"The column “{column}” is there twice. Keep one.", line)
    if columns[0] not in table.columns or table.columns[0] not in columns:
        raise FormError(f"There is no column “{table.columns[0]}”. The columns of {table.name} are: {names}.", line)


def _meant(text):
    """A text as the file means it: one apostrophe before it only kept a spreadsheet from running it."""
    return text[1:] if text[:1] == "'" else text


# CSV


def _csvs(files):
    tables = {}
    for inner, data in files:
        table = BY_NAME.get(inner.rpartition(".")[0])
        if table is None:
            known = ", ".join(f"{name}.csv" for name in BY_NAME)
            raise FormError(f"The zip holds “{inner[:60]}”. It may hold: {known}.", 0)
        try:
            tables[table.name] = _csv(table, f"{inner}, ", data)
        except FormError as error:
            raise FormError(str(error) if error.line else f"{inner}: {error}", error.line) from None
    return tables


def _csv(table, label, data):
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(table, text), strict=True)
    number = 0

    def rows():
        nonlocal number
        for number, texts in enumerate(reader, start=1):
            if len(texts) > MOST_CELLS:
                line = Row(TABLES.index(table), number, label)
                raise FormError(f"The row has {len(texts):,} cells; at most {MOST_CELLS:,} are read.", line)
            yield number, [(place, _meant(text)) for place, text in enumerate(texts)]

    try:
        return _cells(table, label, rows())
    except csv.Error as error:
        raise FormError(f"This is not CSV: {error}.", Row(TABLES.index(table), number + 1, label)) from None


def _decoded(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:1000]:
        raise FormError("This is not UTF-8 but UTF-16 (“Unicode text”). In Excel, save it as “CSV UTF-8”.", 0)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = data[error.start : error.start + 1]
        where = f"byte 0x{byte.hex().upper()} in line {data.count(bytes([10]), 0, error.start) + 1} of the file"
    looks = f"; in Windows-1252 it would be “{told}”" if (told := byte.decode("cp1252", "ignore")) else ""
    raise FormError(f"This is not UTF-8 ({where}{looks}). In Excel, save it as “CSV UTF-8”.", 0)


def _delimiter(table, text):
    """The one of comma, semicolon and tab that cuts the first line into the most columns of the table."""
    first = text.lstrip().partition("\n")[0]
    return max(",;\t", key=lambda mark: sum(part.strip(' "\r') in table.columns for part in first.split(mark)))


# Zips and workbooks

PROLOG = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^<>]*\?>\s*)?(<!--.*?-->\s*)*<[A-Za-z_]", re.DOTALL)
"""How the XML of a workbook begins; a list of definitions, which could unfold, comes nowhere in it."""


def _opened(data, what):
    """Open a zip that cannot unfold to more than we bear."""
    if data[:4] == b"\xd0\xcf\x11\xe0":
        raise FormError("This is an old or a locked workbook. Save it as .xlsx, without a password.", 0)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise FormError(f"This is not {what}.", 0) from None
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise FormError("The file is locked with a password. Save it without one.", 0)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise FormError(f"Unpacked, the file is larger than {MOST_UNPACKED // 1024 // 1024} MB. Split it.", 0)
    for part in parts:
        try:
            is_honest = _length(archive, part) == part.file_size
        except Exception as error:  # whatever a broken zip may raise
            raise FormError(f"The zip is broken at “{part.filename[:60]}”: {error}.", 0) from None
        if not is_honest:
            raise FormError(f"The zip is broken at “{part.filename[:60]}”: it unfolds to more than it says.", 0)
    return archive


def _length(archive, part):
    """How many bytes a part unfolds to, read in pieces; no more than one beyond what the zip says of it."""
    part = copy(part)
    part.file_size += 1  # zipfile reads no further than this
    with archive.open(part) as file:
        return sum(len(piece) for piece in iter(lambda: file.read(CHUNK), b""))


def _unzipped(data):
    """Return the files of a zip as (name, bytes), without folders and what macOS adds."""
    archive = _opened(data, "a zip file")
    files = []
    for part in archive.infolist():
        *folders, inner = part.filename.split("/")
        if not inner or inner.startswith(".") or "__MACOSX" in folders:
            continue
        try:
            files.append((inner, archive.read(part)))
        except Exception as error:  # whatever a broken zip may raise
            raise FormError(f"The zip is broken at “{inner[:60]}”: {error}.", 0) from None
    if len(dict(files)) < len(files):
        raise FormError("The zip holds two files of one name. Keep one.", 0)
    return files


def _workbook(data):
    archive = _opened(data, "an Excel workbook (.xlsx)")
    try:
        for part in archive.infolist():
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as file:
                    if not PROLOG.match(file.read(4096)):
                        raise FormError(
                            f"The workbook is refused: “{part.filename[:60]}” does not begin as its XML does.", 0
                        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it leaves out: we want the cells only
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
            return _sheets(workbook)
    except FormError:
        raise
    except Exception as error:  # openpyxl raises whatever it stumbles over
        raise FormError(f"This workbook cannot be read: {str(error)[:200] or type(error).__name__}.", 0) from None


def _sheets(workbook):
    tables = {}
    for sheet in workbook.worksheets:
        table = BY_NAME.get(sheet.title.strip().lower())
        if table:
            tables[table.name] = _cells(table, f"sheet {sheet.title}, ", _rows_of(sheet))
        elif any(text for _, cells in _rows_of(sheet) for _, text in cells):
            raise FormError(f"The workbook has a sheet “{sheet.title}”. It may have: {', '.join(BY_NAME)}.", 0)
    return tables


class _Sheet:
    """Reads the rows of a sheet, several times as fast as openpyxl does; knows of a cell no more than what it says."""

    def __init__(self, sheet):
        self.sheet = sheet
        self.book = sheet.parent
        self.number, self.place = 0, -1
        self.done, self.cells, self.pieces = [], [], []
        self.told_aloud = False  # how a text is pronounced, which is no part of it
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse

    def rows(self, file):
        while chunk := file.read(1 << 16):
            self.parser.Parse(chunk)
            yield from self.done
            self.done.clear()
        self.parser.Parse(b"", True)

    def refuse(self, *definition):
        raise FormError("The workbook defines entities of its own.", 0)

    def start(self, name, given):
        tag = name.rpartition(" ")[2]
        if tag == "c":
            self.given, self.pieces, self.is_formula = given, [], False
            self.place = _place_in(given["r"]) if "r" in given else self.place + 1
        elif tag in ("v", "t") and not self.told_aloud:
            self.parser.CharacterDataHandler = self.pieces.append
        elif tag == "row":
            self.number = int(given.get("r", self.number + 1))
            self.place, self.cells = -1, []
        elif tag == "f":
            self.is_formula = True
        elif tag == "rPh":
            self.told_aloud = True

    def end(self, name):
        tag = name.rpartition(" ")[2]
        if tag == "c":
            text = self.text()
            if text:
                self.cells.append((self.place, text))
        elif tag in ("v", "t"):
            self.parser.CharacterDataHandler = None
        elif tag == "row":
            self.done.append((self.number, self.cells))
        elif tag == "rPh":
            self.told_aloud = False

    def text(self):
        """What the cell says; a Why where it says nothing fit to be read."""
        if self.is_formula:
            return Why("is a formula. Put its value into the cell instead.")
        text = "".join(self.pieces)
        kind = self.given.get("t", "n")
        if not text or kind in ("inlineStr", "str"):
            return _meant(text)
        if kind == "s":
            return _meant(self.sheet._shared_strings[int(text)])
        if kind == "d":
            return self.dated(from_ISO8601(text))
        if kind != "n":
            shown = text if kind == "e" else bool(int(text))
            return Why(f"holds {'an error' if kind == 'e' else 'a yes or no'} ({shown}). Write the text itself.")
        style = int(self.given.get("s", 0))
        if style in self.book._date_formats:
            try:
                return self.dated(from_excel(float(text), self.book.epoch, style in self.book._timedelta_formats))
            except (OverflowError, ValueError):
                return Why(f"holds a date that does not exist ({text}). Write a day as text, YYYY-MM-DD.")
        return number_text(Decimal(repr(float(text))) if "." in text or "e" in text.lower() else Decimal(text))

    def dated(self, moment):
        if not isinstance(moment, datetime) or moment.hour or moment.minute or moment.second:
            return Why(f"holds a time of day ({moment}). Write a day as text, YYYY-MM-DD.")
        style = int(self.given.get("s", 0))
        return Dated(_known_as(moment, ReadOnlyCell(self.sheet, 1, 1, moment, "d", style).number_format))


@lru_cache(maxsize=4096)
def _column(letters):
    return column_index_from_string(letters) - 1


def _place_in(address):
    """The place of a column in the address of a cell: 27 for AB7."""
    return _column(address.rstrip("0123456789"))


def _rows_of(sheet):
    with sheet._get_source() as file:
        yield from _Sheet(sheet).rows(file)


def _known_as(moment, shown):
    """The day of a date cell, as far as it shows: Excel makes the first of a month of “2024-02”, and shows no day."""
    letters = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", shown.lower())
    if "d" in letters or "y" not in letters or moment.day != 1:
        return f"{moment:%Y-%m-%d}"
    return f"{moment:%Y-%m}" if "m" in letters or moment.month != 1 else f"{moment:%Y}"


# Tables to trees


def _nodes(tables, present):
    """Return the nodes of all promises in these tables."""
    if set(tables) == {PROMISES.name}:
        return _completed(tables[PROMISES.name], present)
    for table in TABLES:
        if table.name not in tables:
            raise FormError(
                f"The table “{table.name}” is missing. Keep all of {', '.join(BY_NAME)}, each with its first row; "
                "or give promises alone, to change nothing but what stands there.",
                0,
            )
        if missing := [column for column in table.columns if column not in tables[table.name].columns]:
            raise FormError(
                f"The table {table.name} has no column “{missing[0]}”. Keep all columns; cells may be empty.",
                tables[table.name].line,
            )
    return _joined(tables)


def _node(column, text, line):
    if type(text) is Why:
        return Unreadable(text, line)
    if type(text) is Dated and column not in DAYS:
        return Unreadable(f"is a date ({text}) in the spreadsheet. Write it as text.", line)
    if column in LISTS:
        items = Items(line)
        items.value = [Text(part.strip(), line) for part in text.split(";")]
        return items
    return Text(text, line)


def _fields(line, cells, leave_out=()):
    fields = Fields(line)
    fields.value = {column: _node(column, text, line) for column, text in cells.items() if column not in leave_out}
    return fields


def _key(cells, column):
    """The text of a cell that names something, "" where there is none to go by."""
    text = cells.get(column, "")
    return "" if type(text) in (Why, Dated) else text.strip()


class _Strays:
    """Rows that belong to nothing in the file, each with its sentence."""

    def __init__(self):
        self.nodes = []

    def add(self, line, sentence, where=""):
        self.nodes.append(Unreadable(sentence, line, where))


def _joined(tables):
    """Put the rows of all tables together."""
    strays = _Strays()
    nodes = [_fields(line, cells) for line, cells in tables[PROMISES.name].rows]
    owners = {}
    for node, (_, cells) in zip(nodes, tables[PROMISES.name].rows, strict=True):
        if slug := _key(cells, "slug"):
            owners.setdefault(slug, node)

    def owned(table):
        for line, cells in tables[table.name].rows:
            slug = _key(cells, "promise")
            if slug in owners:
                yield slug, owners[slug], line, cells
            elif slug:
                strays.add(line, f"promise is “{slug[:40]}”, which the table promises does not have.")
            else:
                strays.add(line, "promise is empty. Write the slug of the promise that the row belongs to.")

    parts = {}
    for table in (UPDATES, SOURCES, MEASURES, WORDINGS):
        for slug, owner, line, cells in owned(table):
            part = _fields(line, cells, leave_out=("promise",))
            if table is UPDATES:
                key = _key(cells, "number")
                if NEW.fullmatch(key):
                    del part.value["number"]
            else:
                key = _key(cells, "id")
            if key:
                parts.setdefault((table, slug, key), []).append(part)
            owner.value.setdefault(table.field, Items(line)).value.append(part)
    for _, owner, line, cells in owned(REPLIES):
        if "reply" in owner.value:
            owner.twice.append(("reply", line))
        owner.value["reply"] = _fields(line, cells, leave_out=("promise",))

    def part_of(table, slug, line, cells, column):
        key = _key(cells, column)
        found = parts.get((table, slug, key), [])
        if len(found) == 1:
            return found[0]
        what = f"{column} is “{key[:40]}”" if key else f"{column} is empty"
        among = f"which {len(found)} rows of {table.name} are" if found else f"which no row of {table.name} is"
        strays.add(line, f"{what}, {among} for this promise.", slug)
        return None

    for slug, _, line, cells in owned(EVIDENCE):
        if source := part_of(SOURCES, slug, line, cells, "source"):
            claim = _fields(line, cells, leave_out=("promise", "source"))
            source.value.setdefault("evidence", Items(line)).value.append(claim)
    for slug, _, line, cells in owned(CITATIONS):
        if update := part_of(UPDATES, slug, line, cells, "update"):
            _cite(update, slug, line, cells, strays)
    return strays.nodes + nodes


def _cite(update, slug, line, cells, strays):
    """Put what is said of a citation in the place of its bare key among the update's sources."""
    sources, key = update.value.get("sources"), _key(cells, "source")
    for place, item in enumerate(sources.value if type(sources) is Items else ()):
        if type(item) is Text and item.value == key:
            sources.value[place] = _fields(line, cells, leave_out=("promise", "update"))
            return
        if type(item) is Fields and item.value["source"].value == key:
            strays.add(line, f"source is “{key[:40]}”, of which an earlier row speaks for this update. Keep one.", slug)
            return
    strays.add(line, f"source is “{key[:40]}”, which the sources of this update do not name. Add it there.", slug)


def _completed(cells, present):
    """Take everything that the table does not have from the promises at the desk."""
    slugs = [_key(row, "slug") for _, row in cells.rows]
    records = present([slug for slug in slugs if slug])
    nodes = []
    for slug, (line, row) in zip(slugs, cells.rows, strict=True):
        if slug not in records:
            why = (
                "There is no such promise at the desk. The table promises alone changes those that are there; a new one "
                "comes with its updates and sources, as a workbook, a zip or YAML."
            )
            nodes.append(Unreadable(why if slug else "slug is empty.", line, slug))
            continue
        node = _tree(as_fields(records[slug]), line)
        for column in cells.columns:
            node.value.pop(column, None)
        node.value |= _fields(line, row).value
        nodes.append(node)
    return nodes


def _tree(value, line):
    """Plain fields, as a file would hold them, as a tree whose every node stands on one line."""
    if isinstance(value, dict):
        node = Fields(line)
        node.value = {name: _tree(inner, line) for name, inner in value.items()}
    elif isinstance(value, list):
        node = Items(line)
        node.value = [_tree(inner, line) for inner in value]
    else:
        node = Text(_plain(value) or None, line)
    return node


# Writing


def _plain(value):
    """A value in words and digits; "" where there is none."""
    if isinstance(value, Decimal | int):
        return number_text(Decimal(value))
    return "" if value is None else str(value)


def rows_of(records, based_on=None):
    """Return the rows of every table, by its name, header first; cells are None, str, int or Decimal.

    `based_on` says by slug what the desk's copies are; with it the table promises has that column.
    """
    rows = {table.name: [list(table.columns)] for table in TABLES}
    if based_on is not None:
        rows[PROMISES.name][0].append(BASED_ON)
    for record in records:
        slug = record.slug
        rows[PROMISES.name].append(_row(PROMISES, record))
        if based_on is not None:
            rows[PROMISES.name][-1].append(based_on.get(slug))
        new = 0
        for update in record.updates:
            told = [cited for cited in update.sources if cited != CitationRecord(source=cited.source)]
            number = update.number
            if number is None and told:
                new += 1
                number = f"new-{new}"
            rows[UPDATES.name].append(_row(UPDATES, update, promise=slug, number=number))
            rows[CITATIONS.name] += [_row(CITATIONS, cited, promise=slug, update=number) for cited in told]
        for source in record.sources:
            rows[SOURCES.name].append(_row(SOURCES, source, promise=slug))
            rows[EVIDENCE.name] += [_row(EVIDENCE, claim, promise=slug, source=source.id) for claim in source.evidence]
        rows[MEASURES.name] += [_row(MEASURES, measure, promise=slug) for measure in record.targets]
        rows[WORDINGS.name] += [_row(WORDINGS, wording, promise=slug) for wording in record.wording_changes]
        rows[REPLIES.name] += [_row(REPLIES, record.reply, promise=slug)] if record.reply else []
    return rows


def _row(table, record, **more):
    cells = []
    for column in table.columns:
        value = more[column] if column in more else getattr(record, column)
        if isinstance(value, tuple):
            value = ";".join(item.source if type(item) is CitationRecord else item for item in value)
        cells.append(value if isinstance(value, int | Decimal) else value or None)
    return cells


def _escaped(text, dangerous):
    return f"'{text}" if text[:1] in dangerous else text


def csv_zip(records, based_on=None):
    """Return the records as a zip of CSV, the same bytes for the same records."""
    return zipped((f"{name}.csv", _csv_text(rows)) for name, rows in rows_of(records, based_on).items())


def yaml_zip(records):
    """Return the records as a zip of YAML files, the same bytes for the same records."""
    return zipped((name_of(record), dump(record)) for record in records)


RUN_BY_SPREADSHEETS = frozenset("=+-@\t\r'")


def _csv_text(rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow(
            [_escaped(str(cell), RUN_BY_SPREADSHEETS) if isinstance(cell, str) else _plain(cell) for cell in row]
        )
    return "\ufeff" + out.getvalue()


def zipped(files):
    """Return a zip of files, given as (name, text), that tells nothing of when and where it was made."""
    out = io.BytesIO()
    with Timeless(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files:
            archive.writestr(name, text)
    return out.getvalue()


class Timeless(zipfile.ZipFile):
    """A zip whose files are all of one moment."""

    def writestr(self, name, data):
        part = zipfile.ZipInfo(name)  # of 1980, when zips begin
        part.compress_type = zipfile.ZIP_DEFLATED
        part.external_attr = 0o644 << 16
        super().writestr(part, data)

    def write(self, path, name):
        with open(path, "rb") as file:
            self.writestr(name, file.read())


def workbook(records, based_on=None):
    """Return the records as an Excel workbook, the same bytes for the same records."""
    book = openpyxl.Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(1980, 1, 1)
    for name, rows in rows_of(records, based_on).items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        size = f"A1:{get_column_letter(len(rows[0]))}{len(rows)}"
        sheet.calculate_dimension = lambda size=size: size  # readers need not look for the end
        text, number = WriteOnlyCell(sheet), WriteOnlyCell(sheet)
        text.number_format = "@"  # what is typed into it stays as typed
        for row in rows:
            sheet.append(_excel_cells(row, text, number))
    out = io.BytesIO()
    with Timeless(out, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).write_data()
    return out.getvalue()


def _excel_cells(row, text, number):
    """Yield a row's cells: one of these two each time, as making them costs more than writing them."""
    for value in row:
        if isinstance(value, Decimal) and not _is_exact(value):
            value = number_text(value)
        if value is None:
            yield None
        elif isinstance(value, str):
            text.value = _escaped(str(value), "'")
            text.data_type = "s"  # also of what looks like a formula or an error
            yield text
        else:
            number.value = float(value) if isinstance(value, Decimal) else value
            yield number


def _is_exact(value):
    """Whether a spreadsheet keeps all digits of a number: it has room for fifteen."""
    return len(value.as_tuple().digits) <= 15
