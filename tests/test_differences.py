"""What changed between two snapshots is said completely, in words, and in the order of the page."""

import copy
import json

import pytest

from promises.differences import Difference, difference, paired
from promises.publishing.schema import SNAPSHOT

pytestmark = pytest.mark.same_on_both


def a_snapshot(**fields):
    """A snapshot in which every key of the schema holds something."""
    return {
        "schema": 1,
        "id": 7,
        "slug": "line-7",
        "former_slugs": ["line-seven"],
        "title": "Build line 7",
        "summary": "Line 7 was promised to the towns beside it.",
        "quote": "we will build it",
        "quote_source": "speech",
        "success_test": "Trains run on it.",
        "theme": {"slug": "transport", "name": "Transport"},
        "regions": [{"slug": "north-west", "name": "North West"}],
        "places": [{"slug": "leeds", "name": "Leeds"}, {"slug": "bradford", "name": "Bradford"}],
        "made_by": "Boris Johnson, Prime Minister",
        "department": "DfT",
        "made_on": "2020-01-31",
        "made_in": "Speech in Leeds",
        "due_on": "2030",
        "targets": [a_measure()],
        "wording_changes": [{"date": "2021-11", "before": "all of it", "after": "most of it", "source": "plan"}],
        "updates": [an_update(1), an_update(2, date="2021-11-18", status="watered_down", reason=["smaller"])],
        "sources": [a_source("speech"), a_source("plan")],
        "related": ["line-8"],
        "checked_on": "2025-06-01",
        "reply": {"date": "2022-01-19", "by": "A spokesman", "text": "It is being built.", "source": "speech"},
        "withdrawn": "It was the same as line 8.",
    } | fields


def an_update(number, **fields):
    return {
        "number": number,
        "date": "2020-01-31",
        "counts_from": "2020-01-31",
        "published_at": "2025-06-02T12:00:00Z",
        "status": "in_progress",
        "reason": ["made"],
        "headline": f"Headline {number}",
        "explanation": "This is why.",
        "sources": ["speech"],
        "citations": [{"source": "speech", "locator": "page 1", "quoted": "we will", "note": "the promise"}],
        "withdrawn": "It did not happen.",
    } | fields


def a_source(key, **fields):
    return {
        "id": key,
        "title": f"The {key}",
        "publisher": "HM Treasury",
        "url": f"https://example.org/{key}",
        "published": "2020-01",
        "kind": "official",
        "via": "A carrier",
        "copy_of": "An original",
        "archived_url": f"https://archive.example/{key}",
        "archived_on": "2024-01-01",
        "claims": [f"what the {key} says"],
    } | fields


def a_measure(measure="Miles built", **fields):
    return {
        "measure": measure,
        "unit": "miles",
        "promised": 40,
        "delivered": "2.5",
        "as_of": "2023",
        "basis": "England",
        "source": "plan",
    } | fields


def leaves(value, path=()):
    """The path of every single value in a snapshot."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from leaves(part, (*path, at))
    else:
        yield path


def with_change(snapshot, path):
    """A copy in which the value at a path is another."""
    changed = copy.deepcopy(snapshot)
    thing = changed
    for key in path[:-1]:
        thing = thing[key]
    old = thing[path[-1]]
    others = {"date": "1999", "made_on": "1999", "due_on": "1999", "published": "1999", "as_of": "1999"}
    full = {"counts_from": "1999-01-01", "checked_on": "1999-01-01", "archived_on": "1999-01-01"}
    named = {"status": "broken", "kind": "news"}
    key = next(part for part in reversed(path) if isinstance(part, str))
    thing[path[-1]] = (others | full | named).get(key) or (old + 1 if isinstance(old, int) else f"{old} indeed")
    return changed


def labels(before, after):
    return [row.label for row in difference(before, after)]


def texts(before, after):
    return [(row.label, row.kind, row.before, row.after) for row in difference(before, after)]


def test_the_snapshot_of_these_tests_has_every_key_of_the_schema():
    def missing(schema, value, name):
        for key, part in schema.get("properties", {}).items():
            if key not in value:
                yield f"{name}.{key}"
            elif part.get("type") == "array" and "properties" in part["items"]:
                yield from missing(part["items"], value[key][0], f"{name}.{key}")
            elif "properties" in part:
                yield from missing(part, value[key], f"{name}.{key}")

    assert list(missing(SNAPSHOT, a_snapshot(), "")) == []


@pytest.mark.parametrize("path", list(leaves(a_snapshot())), ids=lambda path: ".".join(map(str, path)))
def test_a_change_of_any_value_is_said(path):
    before = a_snapshot()
    rows = difference(before, with_change(before, path))
    assert rows
    assert all(row.before != row.after for row in rows)


NEVER_EMPTY = {"slug", "name", "id", "schema", "number", "measure", "title", "date", "status", "source"}


@pytest.mark.parametrize(
    "path",
    [path for path in leaves(a_snapshot()) if path[-1] not in NEVER_EMPTY],
    ids=lambda path: ".".join(map(str, path)),
)
def test_a_value_taken_away_is_said(path):
    before, after = a_snapshot(), a_snapshot()
    thing = after
    for key in path[:-1]:
        thing = thing[key]
    if isinstance(path[-1], int):
        del thing[path[-1]]
    else:
        thing[path[-1]] = None
    assert difference(before, after)


@pytest.mark.parametrize("key", ["updates", "sources", "targets", "wording_changes", "places", "former_slugs"])
def test_another_order_is_said(key):
    more = {
        "targets": [a_measure(), a_measure("Stations")],
        "wording_changes": [
            {"date": "2021", "before": "a", "after": "b", "source": "plan"},
            {"date": "2022", "before": "b", "after": "c", "source": "plan"},
        ],
        "former_slugs": ["line-seven", "line-vii"],
    }
    before = a_snapshot(**more)
    after = copy.deepcopy(before)
    after[key].reverse()
    assert len(difference(before, after)) == 1


def test_equal_snapshots_do_not_differ():
    assert difference(a_snapshot(), json.loads(json.dumps(a_snapshot()))) == []


def test_words_are_compared_word_by_word():
    (row,) = difference(a_snapshot(), a_snapshot(summary="Line 7 was promised to the cities beside it."))
    assert row == Difference(
        "Summary",
        "changed",
        [(0, "Line 7 was promised to the "), (-1, "towns"), (1, "cities"), (0, " beside it.")],
    )


def test_a_change_of_an_update_names_it_by_its_day():
    before = a_snapshot()
    after = a_snapshot(updates=[before["updates"][0], before["updates"][1] | {"status": "broken"}])
    assert texts(before, after) == [("Update of 18 November 2021: status", "changed", "Watered down", "Broken")]


def test_an_update_that_is_new_is_told_field_by_field_without_what_the_door_gives():
    before = a_snapshot()
    new = an_update(3, date="2024-03", counts_from="2024-03-31", status="broken", reason=["dropped"], citations=[])
    del new["withdrawn"]
    expected = [
        ("Update of March 2024: day", "added", "", "March 2024"),
        ("Update of March 2024: status", "added", "", "Broken"),
        ("Update of March 2024: reason", "added", "", "Dropped"),
        ("Update of March 2024: headline", "added", "", "Headline 3"),
        ("Update of March 2024: explanation", "added", "", "This is why."),
        ("Update of March 2024: sources", "added", "", "The speech"),
    ]
    assert texts(before, a_snapshot(updates=[*before["updates"], new])) == expected
    unnumbered = new | {"number": None, "counts_from": None, "published_at": None}
    assert texts(before, a_snapshot(updates=[*before["updates"], unnumbered])) == expected


def test_unnumbered_updates_go_together_by_their_order():
    first = an_update(None, headline="First")
    second = an_update(None, headline="Second")
    before, after = a_snapshot(updates=[first, second]), a_snapshot(updates=[second])
    assert {row.kind for row in difference(before, after)} == {"removed"}
    after = a_snapshot(updates=[first | {"headline": "Foremost"}, second])
    assert texts(before, after) == [("Update of 31 January 2020: headline", "changed", "First", "Foremost")]


def test_a_withdrawn_update_says_why():
    update = an_update(1)
    del update["withdrawn"]
    before = a_snapshot(updates=[update])
    after = a_snapshot(updates=[update | {"withdrawn": "It was another line."}])
    assert texts(before, after) == [
        ("Update of 31 January 2020: withdrawn because", "added", "", "It was another line.")
    ]


def test_sources_are_told_by_title_wherever_they_are_cited():
    assert texts(a_snapshot(), a_snapshot(quote_source="plan")) == [
        ("Source of the quotation", "changed", "The speech", "The plan")
    ]


def test_two_values_of_the_same_words_still_differ():
    twins = [a_source("speech", title="Statement"), a_source("plan", title="Statement")]
    rows = texts(a_snapshot(sources=twins), a_snapshot(sources=twins, quote_source="plan"))
    assert rows == [("Source of the quotation", "changed", '"speech"', '"plan"')]


def test_measures_go_together_by_name_then_by_place():
    before = a_snapshot(targets=[a_measure("Miles"), a_measure("Stations", unit="stations")])
    after = a_snapshot(targets=[a_measure("Stations", unit="stations", delivered=3), a_measure("Miles of track")])
    assert texts(before, after) == [
        ("Measure “Stations”: delivered", "changed", "2.5", "3"),
        ("Measure “Miles of track”: what is counted", "changed", "Miles", "Miles of track"),
        ("Order of measures", "changed", "Miles; Stations", "Stations; Miles of track"),
    ]


def test_a_promise_never_published_is_all_new():
    rows = difference(None, a_snapshot())
    assert {row.kind for row in rows} == {"added"}
    assert rows[0] == Difference("Title", "added", [(1, "Build line 7")])
    assert any(row.label == "Source “The plan”: address" for row in rows)


def test_keys_of_a_later_form_are_said_too():
    assert texts(a_snapshot(), a_snapshot(colour_of_ink="blue")) == [("Colour of ink", "added", "", "blue")]
    before = a_snapshot()
    after = a_snapshot(sources=[before["sources"][0] | {"pages": 12}, before["sources"][1]])
    assert texts(before, after) == [("Source “The speech”: pages", "added", "", "12")]


def test_things_pair_by_the_first_key_that_fits():
    pairs = paired(["a1", "b1", "c1"], ["b2", "a1", "d9"], lambda x: x, lambda x: x[0])
    assert [tuple(pair) for pair in pairs] == [("b1", "b2", 1), ("a1", "a1", 0), (None, "d9", None), ("c1", None, 2)]


def test_a_passage_that_goes_is_told_by_what_it_said_alone():
    before, after = a_snapshot(), a_snapshot()
    before["updates"][0]["citations"] = [{"source": "speech", "locator": "", "quoted": "", "note": "the promise"}]
    after["updates"][0]["citations"] = []
    (row,) = difference(before, after)
    assert (row.kind, row.before) == ("removed", "the promise")
