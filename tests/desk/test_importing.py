"""Import and export as people meet them: a file in, looked at, confirmed; drafts at the desk, nothing public."""

import io
import re
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from html import unescape

import html5lib
import openpyxl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from promises.dates import Day
from promises.desk import audit, importing, workflow
from promises.desk.admin import importing as screens
from promises.desk.imports import records, table_form
from promises.desk.imports.records import CitationRecord, EvidenceRecord, MeasureRecord, UpdateRecord
from promises.desk.imports.store import store
from promises.desk.models import Citation, Measure, Promise, Submission, Update
from promises.desk.models.submission import State
from promises.publishing import loading
from promises.publishing.snapshot import snapshot_of
from promises.record.edition import Edition
from tests.factories import a_promise, a_published_promise, a_source, an_update, kept, made, publish, under_way

pytestmark = pytest.mark.django_db
IMPORT = "/admin/promises/promise/import/"
EXPORT = "/admin/promises/promise/export/"
WRITERS = {"records.xlsx": table_form.workbook, "records.zip": table_form.csv_zip, "yaml.zip": table_form.yaml_zip}
PUBLIC = [
    "/",
    "/promises.csv",
    "/promises.json",
    "/promises.atom",
    "/changes/",
    "/promises/a-line/",
    "/promises/a-line.json",
    "/sitemap.xml",
]


@pytest.fixture
def line():
    return a_published_promise(made(), under_way(), slug="a-line", places=["leeds"])


def as_published():
    return list(loading.export())


def the_record(slug="a-line", **fields):
    return replace(next(record for record in as_published() if record.slug == slug), **fields)


def written(*given, name="records.xlsx"):
    return WRITERS[name](given)


def upload(desk, data, name="records.xlsx"):
    """Choose a file; returns the page that says what it would do."""
    response = desk.client.post(IMPORT, {"file": SimpleUploadedFile(name, data)}, follow=True)
    assert response.status_code == 200
    return response


def confirm(desk, page, **changed):
    """Press the button of that page."""
    fields = dict(re.findall(r'<input type="hidden" name="(file|seen)" value="([^"]*)"', page.content.decode()))
    return desk.client.post(f"{IMPORT}confirm/", {**fields, **changed}, follow=True)


def import_it(desk, data, name="records.xlsx", **changed):
    return confirm(desk, upload(desk, data, name), **changed)


def text(response):
    """What a page says, in one line."""
    tree = html5lib.parse(response.content.decode(), namespaceHTMLElements=False)
    main = next(e for e in tree.iter() if e.get("id") in ("content", "main"))
    notes = [e for e in tree.iter("ul") if "messagelist" in (e.get("class") or "")]
    return " ".join(" ".join(part for e in (*notes, main) for part in e.itertext()).split())


def everything():
    """All rows of the desk."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Promise, Update, Citation, Measure, *(r.related_model for r in Promise._meta.related_objects))
    ]


def public(client):
    return [(path, (answer := client.get(path)).status_code, answer.getvalue()) for path in PUBLIC]


# A good file


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_becomes_drafts_and_the_public_sees_nothing_of_it(rita, client, line, name):
    before = public(client)
    assert before[0][1] == 200
    other = replace(the_record(), slug="b-line", title="Build line B")
    news = UpdateRecord(
        date=Day("2024-03"),
        status="kept",
        headline="Trains run",
        explanation="They do.",
        sources=(CitationRecord(source=the_record().sources[0].id, locator="page 3"),),
    )
    changed = the_record(title="Build the new railway", updates=(*the_record().updates, news))
    page = upload(rita, written(changed, other, name=name), name)
    said = text(page)
    assert "2 promises: 0 refused, 1 changed, 1 new, 0 unchanged." in said
    assert "<del>" in page.content.decode()
    assert "<ins>the new railway</ins>" in page.content.decode()
    assert "Update of March 2024: headline added Trains run" in said
    assert not Promise.objects.filter(slug="b-line").exists()
    done = confirm(rita, page)
    assert f"Imported {name}: 1 new, 1 changed, 0 unchanged, in" in text(done)
    line.refresh_from_db()
    assert line.title == "Build the new railway"
    assert line.updates.get(number=None).citations.get().locator == "page 3"
    assert Promise.objects.get(slug="b-line").identity is None
    assert public(client) == before
    assert client.get("/promises/b-line/").status_code == 404
    assert Edition.objects.count() == 1


def test_the_histories_say_who_imported_what(rita, line):
    record = the_record()
    target = MeasureRecord(
        measure="Length", unit="km", promised=None, delivered=None, as_of=None, basis="", source=None
    )
    import_it(rita, written(replace(record, title="Another title", targets=(target,)), replace(record, slug="b-line")))
    told = audit.changes(audit.of_promise(line))
    assert {(c.what, c.verb) for c in told if c.by == rita.person} == {("measure", "added"), ("promise", "changed")}
    change = next(c for c in told if c.by == rita.person and c.verb == "changed")
    assert ("title", record.title, "Another title") in change.fields
    assert change.reason == "imported from records.xlsx"
    fresh = Promise.objects.get(slug="b-line")
    whose = {c.by for c in audit.changes(audit.of_promise(fresh)) if c.what != "source"}
    assert whose == {rita.person}
    assert audit.authors([line, fresh]) == {line.pk: {rita.person.pk}, fresh.pk: {rita.person.pk}}


def test_who_imported_does_not_publish(at_desk, edwin, line):
    edith = at_desk("Editor", name="edith")
    import_it(edith, written(the_record(title="Another title")))
    submission = workflow.submit(workflow.fresh(line.pk), by=edith.person, at=timezone.now())
    promise = workflow.fresh(line.pk)
    assert not workflow.may_publish(submission, promise, edith.person)
    assert workflow.may_publish(submission, promise, edwin.person)


def test_what_a_file_does_not_change_keeps_its_rows(rita, line):
    an_update(line, kept())
    publish(line, at=timezone.now())
    before = everything()
    import_it(rita, written(the_record(summary="Another summary.")))
    after = everything()
    for rows in before[0]:
        rows["summary"] = "Another summary."
    assert after == before


def test_parts_that_a_file_leaves_out_go_and_published_updates_stay(rita, line):
    measures = [
        MeasureRecord(measure=n, unit="km", promised=None, delivered=None, as_of=None, basis="", source=None)
        for n in ("Length", "Trains")
    ]
    import_it(rita, written(the_record(targets=tuple(measures), regions=("north-east", "uk"), places=())))
    assert [m.measure for m in line.measures.all()] == ["Length", "Trains"]
    publish(line, at=timezone.now())
    import_it(rita, written(the_record(targets=(replace(measures[1], unit="a day"),), regions=("uk",))))
    assert [(m.measure, m.unit) for m in line.measures.all()] == [("Trains", "a day")]
    gone = {(c.what, c.verb) for c in audit.changes(audit.of_promise(line)) if c.by == rita.person}
    assert {("measure", "deleted"), ("measure", "changed"), ("promise place", "deleted")} <= gone
    refused = upload(rita, written(the_record(updates=the_record().updates[:1])))
    assert "update 2 (“In progress on 30 June 2020”) was published and is missing." in text(refused)


def test_sources_may_change_keys_and_places(rita, line):
    record = the_record()
    one = record.sources[0]
    two = replace(one, id="two", title="Another", url="https://example.org/two")
    import_it(rita, written(replace(record, sources=(one, two))))
    publish(line, at=timezone.now())
    swapped = (
        replace(two, id=one.id),
        replace(one, id="two", evidence=(EvidenceRecord(claim="It is so", read="page 1"),)),
    )
    import_it(rita, written(replace(the_record(), sources=swapped)))
    assert [(t.key, t.source.title) for t in line.promise_sources.all()] == [(one.id, "Another"), ("two", one.title)]
    publish(line, at=timezone.now())
    assert the_record().sources == swapped


def test_a_record_may_take_away_a_source_that_nothing_cites(rita, line):
    record = the_record()
    two = replace(record.sources[0], id="two", title="Another", url="https://example.org/two")
    import_it(rita, written(replace(record, sources=(*record.sources, two), quote="We will", quote_source="two")))
    publish(line, at=timezone.now())
    import_it(rita, written(record))
    assert line.promise_sources.count() == 1
    line.refresh_from_db()
    assert line.quote_source is None
    publish(line, at=timezone.now())
    assert the_record() == record


def test_a_rename_keeps_the_promise(rita, line):
    import_it(rita, written(replace(the_record(), slug="the-line", former_slugs=("a-line",))))
    assert Promise.objects.get().slug == "the-line"
    page = upload(rita, written(the_record()))
    assert "0 refused, 0 changed, 0 new, 1 unchanged" in text(page)


# Round trip


@pytest.fixture
def all_fixtures():
    call_command("load_records", str(settings.BASE_DIR / "fixtures"), stdout=io.StringIO())


@pytest.mark.parametrize("form", importing.FORMS)
@pytest.mark.parametrize("of", ["published", "drafts"])
@pytest.mark.usefixtures("all_fixtures")
def test_what_is_exported_can_be_imported_and_changes_nothing(rita, form, of):
    answer = rita.get(EXPORT, format=form, of=of)
    name = re.search(r'filename="([^"]+)"', answer.headers["Content-Disposition"])[1]
    assert "no-store" in answer.headers["Cache-Control"]
    assert rita.get(EXPORT, format=form, of=of).content == answer.content
    page = upload(rita, answer.content, name)
    assert "106 promises: 0 refused, 0 changed, 0 new, 106 unchanged." in text(page)
    assert "The desk says all this already." in text(page)


@pytest.mark.usefixtures("all_fixtures")
def test_a_record_is_the_document_that_it_becomes():
    given = {record.slug: record for record in as_published()}
    for promise in Promise.objects.with_everything():
        copy = snapshot_of(promise)
        assert loading.document_of(given[promise.slug], copy) == copy


def test_an_export_of_a_draft_may_be_changed_and_imported(rita, line):
    line.title = "A draft of a title"
    line.save()
    draft = a_promise(slug="a-draft")
    data = rita.get(EXPORT, format="xlsx", of="drafts").content
    assert "0 refused, 0 changed, 0 new, 2 unchanged" in text(upload(rita, data))
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["promises"]
    place = [cell.value for cell in sheet[1]].index("title") + 1
    for row in (2, 3):
        sheet.cell(row, place).value += ", changed"
    out = io.BytesIO()
    book.save(out)
    page = upload(rita, out.getvalue())
    assert "0 refused, 2 changed" in text(page)
    line.summary = "Somebody else was quicker."
    line.save()
    late = text(confirm(rita, page))
    assert "The desk has changed since" in late
    assert "a-line: was changed after the file was written. Export it again" in late
    line.refresh_from_db()
    draft.refresh_from_db()
    assert line.title == "A draft of a title"
    assert draft.title.endswith("1") or "changed" not in draft.title


def test_the_list_gives_out_what_is_chosen_there(rita, line):
    other = a_published_promise(slug="b-line")
    a_published_promise(slug="c-line")
    answer = rita.client.post(
        "/admin/promises/promise/",
        {"action": "export_published_csv", "_selected_action": [line.pk, other.pk]},
    )
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        rows = archive.read("promises.csv").decode("utf-8-sig").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["slug", "a-line", "b-line"]
    answer = rita.client.post(
        "/admin/promises/promise/?q=c-line",
        {"action": "export_published_yaml", "_selected_action": [other.pk], "select_across": "1"},
    )
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["c-line.yaml"]


def test_a_withdrawn_promise_is_in_no_export_of_what_is_published(rita, line):
    publish(line, at=timezone.now(), withdrawal="It was none.")
    a_published_promise(slug="b-line", at=timezone.now())
    with zipfile.ZipFile(io.BytesIO(rita.get(EXPORT, format="yaml").content)) as archive:
        assert archive.namelist() == ["b-line.yaml"]


# A file that is refused


def test_one_bad_row_changes_nothing_and_is_named(rita, line):
    good, bad = replace(the_record(), slug="good"), replace(the_record(), slug="bad")
    data = written(good, bad, the_record(title="New title"))
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["promises"]
    place = [cell.value for cell in sheet[1]].index("theme") + 1
    sheet.cell(3, place).value = "trains"
    out = io.BytesIO()
    book.save(out)
    before = everything()
    page = upload(rita, out.getvalue())
    said = text(page)
    assert "3 promises: 1 refused, 1 changed, 1 new, 0 unchanged." in said
    assert "bad records.xlsx, sheet promises, row 3: bad: theme is “trains”. Known: transport," in said
    assert "Nothing can be imported while anything is refused." in said
    assert "as drafts" not in said
    plan = importing.plan(importing.read("records.xlsx", out.getvalue(), today=timezone.localdate()))
    token = re.search(r"file=([^&]+)", page.redirect_chain[-1][0])[1]
    answer = rita.client.post(f"{IMPORT}confirm/", {"file": token, "seen": plan.digest})
    assert answer.status_code == 200
    assert "The desk has changed since the file was looked at." in text(answer)
    assert everything() == before


BROKEN = {
    "a formula": ("a.xlsx", lambda data: with_cell(data, "title", "=1+1"), "row 2: a-line: title is a formula."),
    "no workbook": ("a.xlsx", lambda data: b"slug,title", "a.xlsx: This is not an Excel workbook (.xlsx)."),
    "cp1252": ("a.csv", lambda data: "slug,title\na-line,Café".encode("cp1252"), "in Windows-1252 it would be “é”"),
    "no such form": ("a.pdf", lambda data: b"%PDF", "The name of a file ends in .yaml, .xlsx, .zip or .csv."),
    "nothing": ("a.yaml", lambda data: b"", "The file is empty."),
    "a bomb": ("a.zip", lambda data: bomb(), "Unpacked, the file is larger than"),
}  # fmt: skip


def with_cell(data, column, value):
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["promises"]
    sheet.cell(2, [cell.value for cell in sheet[1]].index(column) + 1).value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("promises.csv", b"0" * (table_form.MOST_UNPACKED + 1))
    return out.getvalue()


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_is_refused_with_a_sentence(rita, line, what):
    name, spoil, sentence = BROKEN[what]
    before = everything()
    page = upload(rita, spoil(written(the_record())), name)
    assert sentence in text(page)
    assert "as drafts" not in text(page)
    assert everything() == before


def test_a_draft_is_not_overwritten_by_a_file_that_does_not_know_of_it(rita, line):
    record = the_record()
    line.title = "A draft of a title"
    line.save()
    a_promise(slug="a-draft")
    page = upload(rita, written(replace(record, summary="From a file."), replace(record, slug="a-draft")))
    assert "2 refused" in text(page)
    for slug in ("a-line", "a-draft"):
        assert f"{slug}: has a draft at the desk, which this file does not know of." in text(page)
    assert "1 unchanged" in text(upload(rita, written(record)))
    one_column = upload(rita, b"slug,title\na-line,From a file\n", "a.csv")
    assert "a-line: has a draft at the desk" in text(one_column)
    stale = rita.get(EXPORT, format="xlsx").content
    assert "1 unchanged" in text(upload(rita, stale))
    assert "has a draft at the desk" in text(upload(rita, with_cell(stale, "summary", "From a file.")))


def test_a_draft_renamed_at_the_desk_is_still_that_promise(rita, line):
    data = rita.get(EXPORT, format="xlsx").content
    line.slug = "the-line"
    line.save()
    assert "0 refused, 0 changed, 0 new, 1 unchanged" in text(upload(rita, data))
    assert "a-line: has a draft at the desk" in text(upload(rita, with_cell(data, "title", "From a file")))


def test_a_key_that_belonged_to_another_promise_is_not_taken(rita, line):
    line.slug = "the-line"
    line.save()
    publish(line, at=timezone.now())
    page = upload(rita, written(replace(the_record("the-line"), slug="a-line", former_slugs=())))
    assert "a-line: The key “a-line” belonged to another promise" in text(page)
    record = the_record("the-line")
    twice = upload(rita, written(record, replace(record, slug="x-line", former_slugs=("a-line",))))
    assert "2 refused" in text(twice) or "1 refused" in text(twice)


def test_withdrawing_many_updates_has_to_be_confirmed_in_words(rita):
    promises = [a_published_promise(made(), under_way(), slug=f"line-{n}") for n in range(4)]
    given = [
        replace(record, updates=(record.updates[0], replace(record.updates[1], withdrawn="It was none.")))
        for record in as_published()
    ]
    few = upload(rita, written(*given[:3]))
    assert "withdraws many" not in text(few)
    many = upload(rita, written(*given))
    assert "type “withdraw 4 updates”" in text(many)
    assert "To confirm that so many updates are withdrawn, type: withdraw 4 updates" in text(confirm(rita, many))
    assert not Update.objects.exclude(withdrawn="").exists()
    confirm(rita, many, words="withdraw 4 updates")
    assert Update.objects.exclude(withdrawn="").count() == len(promises)


def test_what_was_approved_for_a_time_and_is_changed_by_a_file_waits_again(rita, edwin, line):
    now = timezone.now()
    line.title = "A better title"
    line._history_user = rita.person
    line.save()
    submission = workflow.submit(workflow.fresh(line.pk), by=rita.person, at=now)
    seen = workflow.digest_of(workflow.fresh(line.pk))
    seen = getattr(workflow, "document_digest", lambda s, p: seen)(submission, workflow.fresh(line.pk))
    workflow.approve(submission, by=edwin.person, at=now, seen=seen, publish_at=now + timedelta(days=1))
    data = with_cell(rita.get(EXPORT, format="xlsx", of="drafts").content, "title", "The best title")
    import_it(rita, data)
    assert Submission.objects.get().state == State.IN_REVIEW


# One table alone


def test_a_csv_of_promises_changes_the_columns_it_has(rita, line):
    before = the_record()
    done = import_it(rita, b"slug;due_on;title\r\na-line;2030;'+1 railway\r\n", "due.csv")
    assert "Imported due.csv: 0 new, 1 changed, 0 unchanged" in text(done)
    publish(line, at=timezone.now())
    assert the_record() == replace(before, title="+1 railway", due_on=Day("2030"))
    unknown = upload(rita, b"slug,title\nnone,x\n", "due.csv")
    assert "due.csv, row 2: none: There is no such promise at the desk." in text(unknown)


# The file between looking and confirming


def test_the_file_is_kept_for_its_person_alone_and_only_once(rita, at_desk, line):
    page = upload(rita, written(the_record(title="New title")))
    other = at_desk()
    assert "The file is not here any more" in text(confirm(other, page))
    assert "The file is not here any more" in text(confirm(rita, page, file="nonsense"))
    assert Promise.objects.get().title != "New title"
    assert "Imported" in text(confirm(rita, page))
    assert "The file is not here any more" in text(confirm(rita, page))
    assert Promise.history.filter(title="New title").count() == 1


def test_a_file_that_was_altered_or_lies_too_long_is_not_imported(rita, line, monkeypatch):
    page = upload(rita, written(the_record(title="New title")))
    file = max((settings.DATA_DIR / "imports").iterdir(), key=lambda f: f.stat().st_mtime)
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0
    data = file.read_bytes()
    file.write_bytes(written(the_record(title="Another title")))
    assert "The file is not here any more" in text(confirm(rita, page))
    file.write_bytes(data)
    monkeypatch.setattr(screens, "KEPT_FOR", timedelta(0))
    assert "The file is not here any more" in text(confirm(rita, page))
    upload(rita, written(the_record()))
    assert not file.exists()


def test_only_who_may_write_drafts_imports(at_desk, line):
    nobody = at_desk(None)
    for path in (IMPORT, f"{IMPORT}preview/", EXPORT):
        assert nobody.get(path).status_code == 403, path
    assert nobody.client.post(IMPORT, {}).status_code == 403
    assert nobody.client.post(f"{IMPORT}confirm/", {}).status_code == 403
    for role in ("Researcher", "Editor", "Administrator"):
        desk = at_desk(role)
        assert desk.get(IMPORT).status_code == desk.get(EXPORT).status_code == 200
        assert "as drafts" in text(upload(desk, written(the_record(title=f"By {role}"))))
    assert "Choose a file." in text(desk.client.post(IMPORT, {}))


def test_the_list_leads_to_import_and_export(rita):
    page = rita.get("/admin/promises/promise/").content.decode()
    assert f'href="{IMPORT}"' in page
    assert f'href="{EXPORT}"' in page


def test_no_style_or_script_stands_in_the_pages(rita, line):
    pages = [
        rita.get(IMPORT),
        rita.get(EXPORT),
        upload(rita, written(the_record(title="<b>&"), replace(the_record(), slug="b"))),
    ]
    pages += [upload(rita, b"slug,title\na-line,<script>alert(1)</script>\n", "a.csv")]
    for page in pages:
        assert b"style=" not in page.content
        assert b"<script>" not in page.content
    assert "holds markup" in unescape(text(pages[-1]))


# Many


def many(count):
    base = replace(the_record(), former_slugs=(), related=())
    return [replace(base, slug=f"line-{n}", title=f"Build line {n}") for n in range(count)]


def test_five_thousand_rows_are_looked_at_and_imported(rita, line):
    data = table_form.csv_zip(many(5000))
    page = upload(rita, data, "records.zip")
    assert "5000 promises: 0 refused, 0 changed, 5000 new, 0 unchanged. Looked at in" in text(page)
    assert "Page 1 of 50" in text(page)
    second = rita.get(re.search(r'href="([^"]*page=2)"', page.content.decode())[1].replace("&amp;", "&"))
    assert "Page 2 of 50" in text(second)
    done = confirm(rita, page)
    assert "5000 new, 0 changed, 0 unchanged" in text(done)
    assert Promise.objects.filter(identity=None).count() == 5000
    assert Promise.history.filter(history_user=rita.person, history_type="+").count() == 5000
    assert Edition.objects.count() == 1


def test_looking_asks_the_database_no_more_for_more_rows(rita, line, django_assert_max_num_queries):
    for n in range(30):
        a_published_promise(slug=f"old-{n}", at=timezone.now())
    given = [replace(record, summary="Another.") for record in as_published()]
    reading = importing.read("a.xlsx", written(*given), today=date.today())
    with django_assert_max_num_queries(30):
        assert importing.plan(reading).counts["changed"] == 31


# Commands


@pytest.mark.parametrize("suffix", [".xlsx", ".zip"])
def test_commands_read_and_write_tables(tmp_path, line, suffix):
    file = tmp_path / f"records{suffix}"
    out = io.StringIO()
    call_command("export_records", str(file), stdout=out)
    assert out.getvalue() == f"Wrote 1 promises to {file}.\n"
    out = io.StringIO()
    call_command("load_records", str(file), stdout=out)
    assert out.getvalue() == "Nothing to publish: 0 new, 0 changed, 1 unchanged.\n"
    (tmp_path / "a.csv").write_text("slug,title\na-line,A new title\n")
    out = io.StringIO()
    call_command("load_records", str(tmp_path / "a.csv"), stdout=out)
    assert out.getvalue() == "Published 0 new, 1 changed, 0 unchanged.\n"
    (tmp_path / "a.csv").write_text("slug,titel\na-line,A new title\n")
    with pytest.raises(CommandError):
        call_command("load_records", str(tmp_path / "a.csv"), stdout=out, stderr=out)
    assert "a.csv, row 1: “titel” is no column of promises." in out.getvalue()


def test_a_source_told_in_two_ways_in_one_file_is_refused(rita, line):
    record = the_record()
    told_otherwise = replace(record.sources[0], publisher="Another")
    page = upload(rita, written(record, replace(record, slug="b-line", sources=(told_otherwise,))))
    assert "b-line: The source “" in text(page)
    assert "publisher" in text(page)


def test_a_plain_load_writes_no_history():
    before = Promise.history.count()
    source = a_source()
    given = records.read(settings.BASE_DIR / "fixtures" / "promises", today=timezone.localdate()).records[:2]
    store([replace(record, related=()) for record in given])
    assert Promise.history.count() == before
    assert source.history.count() == 1
