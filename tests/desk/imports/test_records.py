"""Files to records and back: every fixture reads and writes the same, and bad files say what is wrong and where."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from promises.dates import Day
from promises.desk import models
from promises.desk.imports import records
from promises.desk.imports.records import CitationRecord, EvidenceRecord, dump, read, read_files

pytestmark = pytest.mark.same_on_both

TODAY = date(2026, 11, 25)
FIXTURES = settings.BASE_DIR / "fixtures" / "promises"

GOOD = """\
slug: hs2-east
title: Build the eastern leg
summary: >-
  A railway to Leeds was to be built, so that the trip from London and from Birmingham would be much shorter.
quote: We will build it in full
quote_source: speech-2020
success_test: Trains run to Leeds.
theme: transport
regions:
  - yorkshire-and-the-humber
places:
  - Leeds
made_by: Boris Johnson, Prime Minister
department: DfT
made_on: "2020-02-11"
made_in: Statement to the Commons
due_on: "2040"

targets:
  - measure: Length
    unit: miles
    promised: 120.5
    delivered: 0
    as_of: "2023-10"
    basis: route as planned in 2020
    source: speech-2020

wording_changes:
  - date: "2021-11"
    before: build it in full
    after: build a part of it
    source: plan-2021

updates:
  - number: 1
    date: "2020-02-11"
    status: in_progress
    reason:
      - made
    headline: The line is promised
    explanation: The Prime Minister told the Commons so.
    sources:
      - speech-2020

  - number: 2
    date: "2021-11"
    status: broken
    reason:
      - dropped
    headline: The line is dropped
    explanation: The plan leaves it out.
    sources:
      - source: plan-2021
        locator: page 12
        quoted: we will not build it
      - speech-2020

sources:
  - id: speech-2020
    title: "Statement: HS2"
    publisher: UK Parliament
    url: https://example.org/speech
    published: "2020-02-11"
    kind: parliament

  - id: plan-2021
    title: The plan
    publisher: Department for Transport
    url: https://example.org/plan?part=1
    published: null
    kind: official
    archived_url: https://archive.example.org/plan
    archived_on: "2024-02-29"
    evidence:
      - claim: The plan leaves the line out
        read: Page 12 says so.
        how: search
      - claim: It does so in November 2021

related: []
checked_on: "2026-11-23"
reply:
  date: "2021-12"
  by: Department for Transport
  text: It would have cost too much.
  source: plan-2021
"""


def reading(*texts, known_slugs=frozenset()):
    """Read texts as files one.yaml, two.yaml, …"""
    names = ["one.yaml", "two.yaml", "three.yaml"]
    files = [
        (name, text if isinstance(text, bytes) else text.encode()) for name, text in zip(names, texts, strict=False)
    ]
    return read_files(files, today=TODAY, known_slugs=known_slugs)


def good_record():
    (record,) = reading(GOOD).records
    return record


# What reads well


def test_every_fixture_reads():
    result = read(FIXTURES, today=TODAY)
    assert result.problems == ()
    assert len(result.records) == 106


def test_every_fixture_is_written_as_it_stands():
    for record in read(FIXTURES, today=TODAY).records:
        file = Path(record.file)
        assert file.name == records.name_of(record)
        assert dump(record) == file.read_text(encoding="utf-8")


def test_every_fixture_reads_back_as_it_was():
    found = read(FIXTURES, today=TODAY).records
    again = read_files([(record.slug, dump(record).encode()) for record in found], today=TODAY)
    assert again.problems == ()
    assert set(again.records) == set(found)


def test_every_fixture_numbers_its_updates_in_the_order_in_which_they_count():
    for record in read(FIXTURES, today=TODAY).records:
        counting = sorted(record.updates, key=lambda update: (min(update.date.last_day, TODAY), update.number))
        assert [update.number for update in counting] == list(range(1, len(counting) + 1))


def test_the_whole_of_a_record_is_read():
    record = good_record()
    assert (record.file, record.line) == ("one.yaml", 1)
    assert record.made_on == Day("2020-02-11")
    assert record.targets[0].promised == Decimal("120.5")
    assert record.targets[0].as_of.precision == "month"
    assert record.updates[1].sources == (
        CitationRecord(source="plan-2021", locator="page 12", quoted="we will not build it"),
        CitationRecord(source="speech-2020"),
    )
    assert record.sources[1].evidence[1] == EvidenceRecord(claim="It does so in November 2021")
    assert record.reply.by == "Department for Transport"
    assert dump(record) == GOOD


def test_a_file_may_hold_a_list_of_promises():
    second = GOOD.replace("hs2-east", "hs2-west")
    listed = "promises:\n" + "".join("  - " + text.replace("\n", "\n    ").rstrip() + "\n" for text in (GOOD, second))
    result = reading(listed)
    assert result.problems == ()
    assert [record.slug for record in result.records] == ["hs2-east", "hs2-west"]
    assert result.records[0] == good_record()


def test_what_is_empty_may_be_left_out():
    lines = GOOD.splitlines()
    start, end = lines.index("targets:"), lines.index("updates:")
    text = "\n".join(
        line for line in lines[:start] + lines[end:] if not line.startswith(("due_on", "related", "checked"))
    )
    (record,) = reading(text).records
    assert (record.due_on, record.checked_on, record.targets, record.related) == (None, None, (), ())


def test_an_unquoted_day_or_number_is_read_as_it_is_written():
    text = GOOD.replace('"2020-02-11"', "2020-02-11").replace("title: Build the eastern leg", "title: 1984")
    (record,) = reading(text).records
    assert record.made_on == Day("2020-02-11")
    assert record.title == "1984"


def test_another_spelling_of_a_place_becomes_its_name():
    (record,) = reading(GOOD.replace("  - Leeds\n", "  - Kingston upon Hull\n  - West Midlands\n")).records
    assert record.places == ("Hull", "West Midlands Combined Authority")


def test_zeros_that_say_nothing_go():
    (record,) = reading(GOOD.replace("120.5", "120.50").replace("delivered: 0", "delivered: -0.0")).records
    assert "promised: 120.5\n    delivered: 0\n" in dump(record)


def test_a_source_cited_by_one_update_alone_is_cited_for_its_claims():
    record = good_record()
    plan, speech = record.updates[1].sources
    assert record.note_of(plan) == "The plan leaves the line out; It does so in November 2021"
    assert record.note_of(speech) == ""
    assert record.note_of(replace(plan, note="Page 12 alone")) == "Page 12 alone"


def test_a_withdrawn_making_may_be_replaced_by_another():
    making = GOOD[GOOD.index("  - number: 1") : GOOD.index("  - number: 2")]
    withdrawn = making.rstrip() + "\n    withdrawn: The day was wrong.\n\n"
    text = GOOD.replace(making, withdrawn + making.replace("number: 1", "number: 3"))
    (record,) = reading(text).records
    assert [update.number for update in record.updates] == [1, 3, 2]
    assert dump(record) == text


def test_a_relation_may_lead_out_of_the_files():
    text = GOOD.replace("related: []", "related:\n  - elsewhere")
    assert reading(text, known_slugs={"elsewhere"}).problems == ()
    assert reading(text, GOOD.replace("hs2-east", "elsewhere")).problems == ()


def test_a_byte_order_mark_and_other_line_ends_do_no_harm():
    assert reading(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()).records == (good_record(),)


def test_the_limits_are_those_of_the_desk():
    kept = {
        records.EvidenceRecord: models.Evidence,
        records.SourceRecord: models.Source,
        records.CitationRecord: models.Citation,
        records.UpdateRecord: models.Update,
        records.MeasureRecord: models.Measure,
        records.WordingRecord: models.Wording,
        records.ReplyRecord: models.Reply,
        records.Record: models.Promise,
    }
    for kind, model in kept.items():
        limits = {name: model._meta.get_field(name).max_length for name in records.MOST_CHARACTERS[kind]}
        assert limits == records.MOST_CHARACTERS[kind]


def test_every_text_has_a_limit():
    for kind, limits in records.MOST_CHARACTERS.items():
        texts = {column.name for column in fields(kind) if column.type is str and column.compare}
        checked_otherwise = {"id", "slug", "theme", "kind", "status", "url", "archived_url", "source", "quote_source"}
        assert texts - checked_otherwise == set(limits)


# What is refused

REPLACED = [
    # what stands in the good file, what stands there instead, line, where, what is said
    ("slug: hs2-east", "slug: HS2 East", 1, "promise 1", "slug is “HS2 East”. Write lower-case letters, digits and"),
    ("slug: hs2-east", "slug: hs2--east", 1, "promise 1", "slug is “hs2--east”. Write lower-case"),
    ("slug: hs2-east", f"slug: {'a' * 61}", 1, None, "It has 61 characters; at most 60 are allowed."),
    ("slug: hs2-east\n", "", 1, "promise 1", "slug is missing."),
    ("slug: hs2-east", "slug: hs2-east\nformer_slugs:\n  - hs2-east", 3, "hs2-east", "“hs2-east” is used already in one.yaml, line 1"),
    ("slug: hs2-east", "slug: hs2-east\nformer_slugs:\n  - Old", 3, "hs2-east", "former_slugs names “Old”."),
    ("slug: hs2-east", "slug: hs2-east\nformer_slugs:\n  - old\n  - old", 4, "hs2-east", "former_slugs names “old” twice."),
    ("slug: hs2-east", "slug: hs2-east\nformer_slugs: old", 2, "hs2-east", "former_slugs is not a list."),
    ("title: Build", "titel: Build", 1, "hs2-east", "title is missing."),
    ("title: Build", "titel: Build", 2, "hs2-east", "“titel” is not a field here. Known: slug, former_slugs, title"),
    ("title: Build the", "title: One\ntitle: Build the", 3, "hs2-east", "title is given twice. Keep one."),
    ("title: Build the eastern leg", "title: ''", 2, "hs2-east", "title is empty."),
    ("title: Build the eastern leg", "title: [one, two]", 2, "hs2-east", "title is a list or has fields of its own."),
    ("title: Build the eastern leg", "title: " + "x" * 81, 2, "hs2-east", "title has 81 characters; at most 80"),
    ("title: Build", "title: <script>alert(1)</script> Build", 2, "hs2-east", "It holds markup (“<…”). Texts are plain"),
    ("title: Build", "title: </b>Build", 2, "hs2-east", "It holds markup"),
    ("title: Build the eastern leg", 'title: "Build\\u0007 the eastern leg"', 2, "hs2-east", "It holds a character that cannot be seen"),
    ("summary: >-\n  A railway", "summary: >-\n  <!-- hidden --> A railway", 3, "hs2-east", "It holds markup"),
    ("A railway to Leeds", "A railway " + "x" * 10_000_000, 3, "hs2-east", "summary has 10000099 characters; at most 4000"),
    ("We will build it in full", "word " * 26, 5, "hs2-east", "quote: It has 26 words; at most 25 are allowed."),
    ("quote_source: speech-2020\n", "", 1, "hs2-east", "quote and quote_source come together."),
    ("quote: We will build it in full\n", "", 1, "hs2-east", "quote and quote_source come together."),
    ("quote_source: speech-2020", "quote_source: speech", 6, "hs2-east", "quote_source names “speech”, which is not among"),
    ("theme: transport", "theme: trains", 8, "hs2-east", "theme is “trains”. Known: transport, local-funding"),
    ("- yorkshire-and-the-humber", "- yorkshire", 10, "hs2-east", "regions names “yorkshire”. Known: uk, england, north-east"),
    ("- yorkshire-and-the-humber", "- leeds", 10, "hs2-east", "regions names “leeds”."),
    ("- yorkshire-and-the-humber", "- uk\n  - uk", 11, "hs2-east", "regions names “uk” twice."),
    ("regions:\n  - yorkshire-and-the-humber", "regions: []", 9, "hs2-east", "regions is empty."),
    ("- Leeds", "- Leedz", 12, "hs2-east", "places names “Leedz”, which fixtures/places.yaml does not list."),
    ("- Leeds", "- Hull\n  - Kingston upon Hull", 13, "hs2-east", "places names “Hull” twice."),
    ("- Leeds", "- [Leeds]", 12, "hs2-east", "places holds something that is no text."),
    ('made_on: "2020-02-11"', "made_on: soon", 15, "hs2-east", "made_on: “soon” is not a day. Write YYYY-MM-DD"),
    ('made_on: "2020-02-11"', "made_on: 2024-02-30", 15, "hs2-east", "made_on: “2024-02-30” is not a day that exists."),
    ('made_on: "2020-02-11"', "made_on: 2026-11-26", 15, "hs2-east", "made_on is 2026-11-26, after today (2026-11-25)."),
    ('made_on: "2020-02-11"', "made_on: 2026-12", 15, "hs2-east", "made_on is 2026-12, after today"),
    ('made_on: "2020-02-11"', "made_on: null", 15, "hs2-east", "made_on is empty."),
    ("promised: 120.5", "promised: many", 22, "hs2-east, target 1", "promised is “many”. Write a number such as 2.5"),
    ("promised: 120.5", "promised: .inf", 22, "hs2-east, target 1", "promised is “.inf”."),
    ("promised: 120.5", "promised: nan", 22, "hs2-east, target 1", "promised is “nan”."),
    ("promised: 120.5", "promised: 1e400", 22, "hs2-east, target 1", "promised is “1e400”."),
    ("promised: 120.5", "promised: 1,000", 22, "hs2-east, target 1", "promised is “1,000”."),
    ("promised: 120.5", f"promised: {'9' * 50}", 22, "hs2-east, target 1", "with at most 12 digits"),
    ('as_of: "2023-10"', "as_of: 2025-26", 24, "hs2-east, target 1", "as_of: “2025-26” is not a day that exists."),
    ("before: build it in full", "before: " + "word " * 31, 30, "hs2-east, wording change 1", "before: It has 31 words"),
    ("source: plan-2021\n\nupdates", "source: plan\n\nupdates", 32, "hs2-east, wording change 1", "source names “plan”"),
    ("status: broken", "status: abandoned", 47, "hs2-east, update 2", "status is “abandoned”. Known: kept, watered_down"),
    ("status: broken", "status: kept", 49, "hs2-east, update 2", "reason: A kept promise needs no reason"),
    ("    reason:\n      - dropped\n", "", 45, "hs2-east, update 2", "reason: “Broken” takes one or more reasons"),
    ("- dropped", "- made", 49, "hs2-east, update 2", "reason: “Broken” takes one or more reasons"),
    ("- dropped", "- sad", 49, "hs2-east, update 2", "reason: Unknown reason “sad”."),
    ("- dropped", "- dropped\n      - dropped", 49, "hs2-east, update 2", "reason names one thing twice."),
    ("broken\n    reason:\n      - dropped", "in_progress\n    reason:\n      - made", 45, "hs2-east, update 2", "which only the first"),
    ("      - made", "      - under_way", 35, "hs2-east, update 1", "status in_progress, reason made."),
    ('number: 1\n    date: "2020-02-11"', "number: 1\n    date: 2020-02-12", 35, "hs2-east, update 1", "but made_on is 2020-02-11"),
    ('number: 2\n    date: "2021-11"', "number: 2\n    date: 2020-01", 45, "hs2-east, update 2", "before the promise was made"),
    ("number: 2", "number: 1", 45, "hs2-east, update 2", "number is 1, as in update 1."),
    ("number: 2", "number: 0", 45, "hs2-east, update 2", "number is “0”. Write 1, 2, 3"),
    ("headline: The line is dropped", "headline: " + "x" * 91, 50, "hs2-east, update 2", "headline has 91 characters; at most 90"),
    ("    sources:\n      - speech-2020\n\n  - number: 2", "    sources: []\n\n  - number: 2", 35, "hs2-east, update 1", "needs at least one"),
    ("- source: plan-2021", "- source: plan-2022", 53, "hs2-east, update 2", "source names “plan-2022”, which is not among"),
    ("      - speech-2020\n\nsources", "      - plan-2021\n\nsources", 56, "hs2-east, update 2", "sources names “plan-2021” twice."),
    ("locator: page 12", "page: 12", 54, "hs2-east, update 2", "“page” is not a field here. Known: source, locator"),
    ("- id: plan-2021", "- id: speech-2020", 66, "hs2-east", "sources has the id “speech-2020” twice."),
    ("- id: plan-2021", "- id: Plan 2021", 66, "hs2-east, source 2", "id is “Plan 2021”. Write lower-case letters"),
    ("kind: official", "kind: blog", 71, "hs2-east, source 2", "kind is “blog”. Known: official, parliament"),
    ("https://example.org/speech", "javascript:alert(1)", 62, "hs2-east, source 1", "is not an http or https address."),
    ("https://example.org/speech", "https://me:secret@example.org/", 62, "hs2-east, source 1", "holds a sign-in."),
    ("https://example.org/speech", "https:///speech", 62, "hs2-east, source 1", "is not an http or https address."),
    ("https://example.org/speech", "https://example.org/a b", 62, "hs2-east, source 1", "has a blank in it."),
    ("https://example.org/speech", "https://example.org/" + "x" * 1000, 62, "hs2-east, source 1", "longer than 1000 characters"),
    ("https://archive.example.org/plan", "ftp://archive.example.org", 72, "hs2-east, source 2", "archived_url: “ftp"),
    ('archived_on: "2024-02-29"', "archived_on: 2024-02", 73, "hs2-east, source 2", "Write the full day, YYYY-MM-DD."),
    ("- claim: It does so in November 2021", "- read: Nothing", 78, "hs2-east, source 2, evidence 2", "claim is missing."),
    ("related: []", "related:\n  - nowhere", 81, "hs2-east", "related names “nowhere”, which is no promise here."),
    ("related: []", "related:\n  - hs2-east", 81, "hs2-east", "related names “hs2-east” itself."),
    ('checked_on: "2026-11-23"', "checked_on: 2026-11", 81, "hs2-east", "Write the full day, YYYY-MM-DD."),
    ("  by: Department for Transport\n", "", 83, "hs2-east, reply", "by is missing."),
    ("  source: plan-2021\n", "  source: plan\n", 86, "hs2-east, reply", "source names “plan”"),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "line", "where", "said"), REPLACED, ids=[f"{row[4][:50]}" for row in REPLACED])
def test_a_bad_record_is_refused_by_line_and_place(good, bad, line, where, said):
    head, found, tail = GOOD.rpartition(good) if good.startswith("  source") else GOOD.partition(good)
    assert found, "the good file has changed"
    result = reading(head + bad + tail)
    assert result.records == ()
    told = [problem for problem in result.problems if said in problem.message]
    assert told, [str(problem) for problem in result.problems]
    assert told[0].line == line
    assert where is None or told[0].where == where
    assert len(told[0].message) < 600


FILES = [
    (b"", 0, "The file is empty."),
    (b"# nothing yet\n", 0, "The file is empty."),
    (b"just words\n", 1, "A file holds the fields of one promise, or a list"),
    (b"- slug: a\n", 1, "A file holds the fields of one promise, or a list"),
    (b"promises: none\n", 1, "“promises” is not a list."),
    (b"promises: []\nlicence: x\n", 1, "“licence” stands beside “promises”."),
    (b"promises:\n  - one\n", 2, "This is not a promise."),
    (b"slug: a\ntitle: caf\xe9\n", 2, "Byte 0xE9 at position 18 is not UTF-8. Save the file as UTF-8."),
    ("slug: a\n".encode("utf-16"), 1, "Byte 0xFF at position 0 is not UTF-8."),
    (b"slug: a\ntitle: b: c\n", 2, "This is not YAML: mapping values are not allowed in this context."),
    (b"slug: a\n\ttitle: b\n", 2, "This is not YAML"),
    (b"slug: a\ntitle: \x00\n", 2, "This is not YAML: control characters are not allowed."),
    (b"PK\x03\x04\x14", 1, "This is not YAML: control characters are not allowed."),
]


@pytest.mark.parametrize(("data", "line", "said"), FILES, ids=[f"{row[2][:50]} {row[0][:8]}" for row in FILES])
def test_a_bad_file_is_refused(data, line, said):
    result = reading(data)
    assert result.records == ()
    (problem,) = result.problems
    assert problem.file == "one.yaml"
    assert problem.line == line
    assert said in problem.message


def test_a_file_too_large_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(records, "MOST_BYTES", 1024 * 1024)
    (problem,) = reading(GOOD + "#" * 1024 * 1024).problems
    assert str(problem) == "one.yaml: The file is larger than 1 MB. Split it."


def test_a_key_may_stand_in_one_file_only():
    result = reading(GOOD, GOOD)
    (problem,) = result.problems
    assert str(problem) == (
        "two.yaml, line 1: hs2-east: The key “hs2-east” is used already in one.yaml, line 1. "
        "Each promise needs its own."
    )


def test_a_former_key_is_not_used_again():
    renamed = GOOD.replace("slug: hs2-east", "slug: hs2-leeds\nformer_slugs:\n  - hs2-east")
    result = reading(GOOD, renamed)
    assert [problem.where for problem in result.problems] == ["hs2-leeds"]


def test_every_problem_is_said_at_once_in_the_order_of_lines():
    text = GOOD.replace("theme: transport", "theme: trains").replace("status: broken", "status: gone")
    text = text.replace("kind: official", "kind: blog").replace("title: Build", "title: <b>Build")
    result = reading(text, "slug: [", GOOD.replace("hs2-east", "other").replace("2040", "never"))
    assert [(problem.file, problem.line) for problem in result.problems] == [
        ("one.yaml", 2),
        ("one.yaml", 8),
        ("one.yaml", 47),
        ("one.yaml", 71),
        ("two.yaml", 2),
        ("three.yaml", 17),
    ]
    assert str(result.problems[1]).startswith("one.yaml, line 8: hs2-east: theme is “trains”. Known: transport")


def test_a_good_record_beside_a_bad_one_is_still_read():
    result = reading(GOOD, "slug: [")
    assert [record.slug for record in result.records] == ["hs2-east"]
    assert len(result.problems) == 1


def test_a_path_without_records_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    result = read([tmp_path / "empty", tmp_path / "missing.yaml"], today=TODAY)
    assert [problem.message for problem in result.problems] == [
        "There is no .yaml file in this folder.",
        "There is no such file or folder.",
    ]


def test_a_source_of_two_records_is_told_of_in_one_way():
    other = GOOD.replace("slug: hs2-east", "slug: hs2-west").replace("publisher: UK Parliament", "publisher: Hansard")
    assert [str(problem) for problem in reading(GOOD, other).problems] == [
        "two.yaml, line 1: hs2-west: The source “Statement: HS2” has the publisher “Hansard” here, and “UK Parliament” in "
        "hs2-east. It is one document: tell of it in one way."
    ]
