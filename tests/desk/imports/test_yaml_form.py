"""YAML to a tree, and plain data back to YAML."""

from decimal import Decimal

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promises.dates import Day
from promises.desk.imports.yaml_form import FormError, number_text, read_tree, write_tree

pytestmark = pytest.mark.same_on_both


def plain(node):
    """Return what a tree holds, without its lines."""
    if isinstance(node.value, dict):
        return {name: plain(value) for name, value in node.value.items()}
    return [plain(item) for item in node.value] if isinstance(node.value, list) else node.value


TEXTS = st.text(st.characters(codec="utf-8")) | st.lists(
    st.sampled_from(["one", "two-three", "£5bn:", "#4", "“five”", "", "\n", "\n\n", "'", '"', "- x", "null", "1e3"]),
    max_size=60,
).map(" ".join)


@settings(deadline=None)
@given(TEXTS)
@example("null")
@example("2024-02-29")
@example("yes")
@example("0x1F")
@example("12:30")
@example("a: b # c")
@example(" a")
@example("\u2028\u0085\ufeff")
@example("word " * 60)
@example("a\n\nb " + "word " * 60 + "end")
@example("long\n indented " + "word " * 60)
def test_any_text_reads_back_as_it_was_written(text):
    written = write_tree({"one": text, "many": [text, {"inner": text}]})
    expected = {"one": text, "many": [text, {"inner": text}]}
    assert plain(read_tree(written.encode())) == expected
    assert yaml.safe_load(written) == expected


def test_days_are_quoted_numbers_are_not_and_nothing_is_null():
    written = write_tree({"day": Day("2024"), "number": Decimal("2.50"), "count": 3, "none": None, "empty": []})
    assert written == 'day: "2024"\nnumber: 2.5\ncount: 3\nnone: null\nempty: []\n'


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("100", "100"),
        ("3.0", "3"),
        ("0.10", "0.1"),
        ("-28", "-28"),
        ("1E+3", "1000"),
        ("0.000", "0"),
        ("349.18", "349.18"),
    ],
)
def test_a_number_is_written_in_digits(number, text):
    assert number_text(Decimal(number)) == text


def test_a_tree_knows_its_lines():
    tree = read_tree(b"# a comment\na: 1\nb:\n  - x\n  - c: >-\n      folded\n      text\n")
    assert tree.value["a"].line == 2
    assert tree.value["b"].value[0].line == 4
    assert tree.value["b"].value[1].value["c"].line == 5
    assert tree.value["b"].value[1].value["c"].value == "folded text"


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a: b\nc: d: e\n", 2, "This is not YAML: mapping values are not allowed"),
        (b"a: [b\n", 2, "This is not YAML"),
        (b"a: b\nc: \x07\n", 2, "This is not YAML: control characters are not allowed"),
        (b"a: &x b\n", 1, "Tags (!) and anchors (&) are not used here."),
        (b"a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "Tags (!) and anchors (&) are not used here."),
        (b"a: *x\n", 1, "References (*) are not used here."),
        (b"a: 1\n---\nb: 2\n", 2, "A second document (---) begins here."),
        (b"? [a]\n: b\n", 1, "The name of a field is text"),
        pytest.param(b"[" * 100_000, 1, "nest", id="brackets without end"),
        pytest.param(b"- " * 100_000 + b"1", 1, "nest more than 12 deep", id="lists without end"),
    ],
)
def test_what_is_no_tree_is_refused_with_its_line(data, line, message):
    with pytest.raises(FormError) as caught:
        read_tree(data)
    assert message in str(caught.value)
    assert caught.value.line == line


def test_an_empty_file_holds_no_tree():
    assert read_tree(b"") is None
    assert read_tree(b"# only a comment\n") is None
