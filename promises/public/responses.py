"""One question, one answer, in the format the address names; and the frame of every page."""

import csv
import io
import json
import re
import zipfile
from datetime import UTC

from django.conf import settings
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.template.loader import get_template

from promises.public.asking import BadQuestion
from promises.public.columns import COLUMNS, LICENCE, SHOWN, Row, rows_between, rows_of
from promises.public.listpage import ListPage, SeriesTable
from promises.public.shelves import Shelves
from promises.record.edition import moment as moment_text

LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"
CHUNK = 64 * 1024
"""The least that a streamed answer sends at once: a line at a time costs three times as much."""
RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
MOST_XLSX_ROWS = 20_000
LONGEST_CELL = 32_767
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def public(path):
    """The address of a path of ours as readers elsewhere know it; never taken from the request."""
    return settings.PUBLIC_URL + path


# Pages


def page(request, template, context=None, *, moment=None, status=200):
    """Render a page of the reading room.

    Beside its own context a template gets `request` (for its path alone), `moment`, `edition` and
    `canonical`. No context processor runs: a page knows nothing of who asks.
    """
    frame = {
        "request": request,
        "moment": moment,
        "edition": moment and moment.edition,
        "canonical": public(request.path),
    }
    content = get_template(template).render({**frame, **(context or {})})
    return HttpResponse(content, status=status)


# The list of promises


def answer(request, asked, *, format="html", template="promises/list.html", context=None):
    """Answer a question about the list of promises in that format."""
    return ANSWERS[format](request, asked, template, context or {})


def rows_of_page(asked, fields=Row._fields):
    """The rows of the page asked for, with these fields; 404 beyond the last."""
    if asked.number > asked.pages:
        raise Http404(f"There is no page {asked.number}: this list ends with page {asked.pages}.")
    begin = (asked.number - 1) * asked.rows_a_page
    return rows_between(asked, begin, begin + asked.rows_a_page, fields)


def _as_page(request, asked, template, context):
    from promises.public import citations, offers, structured

    shown = ListPage(asked, rows_of_page(asked, SHOWN))
    canonical = public(asked.address(page=asked.number if asked.number > 1 else None))
    beside = {
        "cite": citations.offer_of_list(asked),
        "offers": offers.of_list(asked),
        "structured": structured.of_list(asked),
    }
    return page(request, template, {"list": shown, "canonical": canonical, **beside, **context}, moment=asked.moment)


def _as_json(request, asked, template, context):
    rows = rows_of_page(asked)
    following = {"next": asked.number + 1, "previous": asked.number - 1}
    payload = {
        **about(asked),
        "count": asked.count,
        "counts": asked.counts,
        "promises": [{column.name: column.value(row, asked.moment) for column in COLUMNS} for row in rows],
        **{
            name: public(asked.data_address("json", page=number if number > 1 else None))
            if 1 <= number <= asked.pages
            else None
            for name, number in following.items()
        },
    }
    return json_data(payload, canonical=asked.data_address("json", page=asked.parameters.get("page")))


def _as_csv(request, asked, template, context):
    lines = ([column.value(row, asked.moment) for column in COLUMNS] for row in rows_of(asked.qs))
    return csv_data(
        [column.name for column in COLUMNS], lines, name=file_name(asked, "csv"), canonical=asked.data_address("csv")
    )


def _as_xlsx(request, asked, template, context):
    if asked.count > MOST_XLSX_ROWS:
        sentence = f"A spreadsheet holds up to {MOST_XLSX_ROWS:,} rows here, and this list has {asked.count:,}. Take the CSV, or ask for fewer."
        raise BadQuestion({"query": [sentence]}, asked=asked)
    lines = ([column.value(row, asked.moment) for column in COLUMNS] for row in rows_of(asked.qs))
    return xlsx_data(
        [column.name for column in COLUMNS],
        lines,
        name=file_name(asked, "xlsx"),
        canonical=asked.data_address("xlsx"),
        moment=asked.moment,
    )


def _as_feed(request, asked, template, context):
    from promises.public import feeds

    return feeds.answer(feeds.of_list(asked), format=asked.format)


def _as_calendar(request, asked, template, context):
    from promises.public import calendar

    return calendar.answer(asked)


def _as_card(request, asked, template, context):
    from promises.public import cards

    return cards.answer_list(asked)


ANSWERS = {
    "html": _as_page,
    "json": _as_json,
    "csv": _as_csv,
    "xlsx": _as_xlsx,
    "atom": _as_feed,
    "feed.json": _as_feed,
    "ics": _as_calendar,
    "png": _as_card,
}


# The numbers of its chart, and of shelves


def answer_with_series(request, asked, *, format, template):
    """Answer with the counts of a question month by month."""
    if format == "html":
        return page(request, template, {"table": SeriesTable(asked), "section": "tracker"}, moment=asked.moment)
    if format in ("svg", "png"):
        from promises.public import pictures

        return pictures.answer_chart(asked, format=format)
    rows = [{"date": point.day.isoformat(), **point.counts} for point in asked.series]
    return _figures(asked, rows, "points", format=format, of="chart", canonical=asked.chart_address(format))


def answer_with_shelves(request, asked, facet, *, format, template):
    """Answer with every theme or place, and how its promises stand."""
    shelves = Shelves(asked, facet)
    names = f"{facet.name}s"
    if format == "html":
        context = {"shelves": shelves, "list": ListPage(asked, ()), "section": names}
        return page(request, template, context, moment=asked.moment)
    rows = [
        {
            "slug": shelf.key,
            "name": shelf.name,
            "promises": shelf.total.number,
            **{cell.status.value: cell.number for cell in shelf.cells},
            "url": public(f"/{names}/{shelf.key}/"),
        }
        for shelf in shelves
    ]
    return _figures(asked, rows, names, format=format, of=names, canonical=shelves.data_address(format))


def _figures(asked, rows, name, *, format, of, canonical):
    if format == "json":
        return json_data({**about(asked), name: rows}, canonical=canonical)
    told = {
        "as_of": asked.moment.day.isoformat(),
        "edition": asked.moment.number,
        "published_at": published_at(asked.moment),
        "licence": LICENCE,
        "address": public(canonical),
    }
    if of == "chart":
        del told["as_of"]
    header = [*(rows[0] if rows else ["date" if of == "chart" else "slug"]), *told]
    lines = ([*row.values(), *told.values()] for row in rows)
    return csv_data(header, lines, name=file_name(asked, "csv", of=of), canonical=canonical)


def about(asked):
    """What every JSON answer to a question says of itself."""
    return {
        "licence": LICENCE,
        "generated_at": published_at(asked.moment),
        "edition": asked.moment.number,
        "as_of": asked.moment.day.isoformat(),
        "query": asked.parameters,
        "looked_for": asked.looked_for or None,
    }


def published_at(moment):
    """When the edition answered from was published; None before the first."""
    return moment_text(moment.edition.published_at) if moment.edition else None


def head_of(edition):
    """The head of the chain as data: whoever keeps its digest can prove that nothing before it was altered since."""
    return edition and {
        "edition": edition.number,
        "published_at": moment_text(edition.published_at),
        "digest": edition.digest,
    }


def file_name(asked, ending, *, of="promises"):
    """The name under which a download is kept: `promises-2021-11-17.csv`."""
    shelf = f"-{asked.shelf[1]}" if asked.shelf else ""
    return f"{of}{shelf}-{asked.moment.day.isoformat()}.{ending}"


# Any data


def json_data(payload, *, canonical="", status=200):
    """Answer with JSON that any page may read; `canonical` is the path (with query) of this answer."""
    content = json.dumps(payload, ensure_ascii=False).encode() + b"\n"
    return open_to_all(HttpResponse(content, content_type="application/json", status=status), canonical=canonical)


def csv_data(header, lines, *, name, canonical=""):
    """Answer with CSV, streamed: lines of texts, whole numbers, lists of keys and None."""
    response = StreamingHttpResponse(csv_chunks(header, lines), content_type="text/csv; charset=utf-8")
    return open_to_all(response, canonical=canonical, name=name)


def csv_chunks(header, lines):
    """CSV as bytes, in chunks; no cell runs as a formula."""
    buffer = io.StringIO()
    write = csv.writer(buffer).writerow
    write(header)
    for line in lines:
        write([_csv_cell(value) for value in line])
        if buffer.tell() >= CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _csv_cell(value):
    if isinstance(value, list):
        value = ";".join(value)
    if isinstance(value, str) and value.startswith(RUNS_AS_FORMULA):
        return f"'{value}"
    return value


def xlsx_data(header, lines, *, name, moment, canonical=""):
    """Answer with a workbook: one sheet of the rows, one that says what they are; texts are never formulas."""
    from openpyxl import Workbook  # ten megabytes in memory, for a format that few ask for

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Promises")
    sheet.freeze_panes = "B2"
    sheet.append([_xlsx_cell(sheet, value) for value in header])
    for line in lines:
        sheet.append([_xlsx_cell(sheet, value) for value in line])
    told = book.create_sheet("About")
    for pair in (
        ("address", public(canonical)),
        ("licence", f"{LICENCE}, {LICENCE_URL}"),
        ("edition", moment.number),
        ("published_at", published_at(moment)),
        ("as_of", moment.day.isoformat()),
    ):
        told.append([_xlsx_cell(told, value) for value in pair])
    file = io.BytesIO()
    book.save(file)
    content = _without_clock(file, moment)
    return open_to_all(HttpResponse(content, content_type=XLSX), canonical=canonical, name=name)


def _xlsx_cell(sheet, value):
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, list):
        value = ";".join(value)
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet)
    cell.value = NOT_IN_XML.sub("", str(value))[:LONGEST_CELL]
    cell.data_type = "s"  # else a text that begins with = is a formula
    return cell


def _without_clock(file, moment):
    """The workbook with the moment of the edition in place of now: the same question gives the same bytes."""
    at = moment.edition.published_at.astimezone(UTC) if moment.edition else None
    stamp = at.timetuple()[:6] if at else (1980, 1, 1, 0, 0, 0)
    told = moment_text(at) if at else "1980-01-01T00:00:00Z"
    content = io.BytesIO()
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            data = before.read(part)
            if part == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*(<)", rb"\g<1>" + told.encode() + rb"\2", data)
            after.writestr(zipfile.ZipInfo(part, stamp), data, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def open_to_all(response, *, canonical="", name=""):
    """Give a data answer what all of them carry: readable from any page, licence, own address, file name."""
    response["Access-Control-Allow-Origin"] = "*"
    links = [f'<{LICENCE_URL}>; rel="license"']
    if canonical:
        links.insert(0, f'<{public(canonical)}>; rel="canonical"')
    response["Link"] = ", ".join(links)
    if name:
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
