"""A file in, looked at, confirmed: in a real browser."""

import io
from dataclasses import replace

import openpyxl

from promises.desk.imports.table_form import workbook
from promises.desk.models import Promise
from promises.publishing import loading
from tests.browser.test_desk import desk_of  # noqa: F401  (a fixture)
from tests.factories import a_person, a_published_promise


def a_workbook():
    """One promise changed, one new, one as it was."""
    for slug in ("a-line", "b-line"):
        a_published_promise(slug=slug, title=f"Build {slug}")
    first, second = loading.export()
    return workbook(
        [replace(first, summary="Another summary."), second, replace(first, slug="c-line", title="Build c-line")]
    )


def spoilt(data):
    book = openpyxl.load_workbook(io.BytesIO(data))
    book["updates"]["C2"] = "soon"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_file_is_looked_at_and_becomes_drafts(desk_of, assert_accessible):  # noqa: F811
    data = a_workbook()
    page = desk_of(a_person("rita"), "/admin/promises/promise/", java_script_enabled=True)
    page.get_by_role("link", name="Export").click()
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Excel workbook").first.click()
    assert download.value.suggested_filename.endswith("-xlsx.xlsx")
    page.get_by_role("link", name="Promises", exact=True).first.click()
    page.get_by_role("link", name="Import").click()
    assert_accessible(page)

    def choose(name, data):
        page.get_by_label("File").set_input_files({"name": name, "mimeType": "", "buffer": data})
        page.get_by_role("button", name="Look at it first").click()

    choose("bad.xlsx", spoilt(data))
    page.get_by_text("bad.xlsx, sheet updates, row 2: a-line, update 1: date: “soon” is not a day.").wait_for()
    assert_accessible(page)
    page.get_by_role("link", name="choose it again").click()
    choose("good.xlsx", data)
    assert page.get_by_text("3 promises: 0 refused, 1 changed, 1 new, 1 unchanged.").is_visible()
    assert page.locator("ins", has_text="Another").is_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Import 2 as drafts").click()
    page.get_by_text("Imported good.xlsx: 1 new, 1 changed, 1 unchanged").wait_for()
    assert Promise.objects.get(slug="c-line").title == "Build c-line"
