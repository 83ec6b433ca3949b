"""Words: found, marked and compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.text import marked, matches, searchable, stem, terms, word_diff, words

pytestmark = pytest.mark.same_on_both


def test_words_are_plain():
    assert words("Ynys Môn’s A-14 café_bar") == ["ynys", "mon", "s", "a", "14", "cafe", "bar"]


def test_a_searchable_text_holds_each_word_once_with_its_stem():
    assert searchable("Buses and bus", None, "") == "buses _buse and _and bus _bus"


def test_terms_are_few_and_different():
    assert terms("bus BUS bus") == ["bus"]
    assert len(terms(" ".join(f"w{n}" for n in range(50)))) == 12


@pytest.mark.parametrize(("word", "term"), [("hospitals", "hosp"), ("promised", "promises"), ("rail", "rail")])
def test_a_word_answers_its_beginning_and_its_stem(word, term):
    assert matches(word, term)


def test_a_short_word_is_not_the_beginning_of_a_longer_one():
    assert matches("buses", "bus")
    assert matches("bus", "buses")
    assert not matches("business", "bus")


def test_a_stem_is_never_taken_for_a_word():
    assert stem("hous").startswith("_")
    assert not matches("housing", "houses_")


@given(st.text(), st.text())
def test_a_difference_gives_back_both_texts(before, after):
    pieces = word_diff(before, after)
    assert "".join(piece for step, piece in pieces if step <= 0) == before
    assert "".join(piece for step, piece in pieces if step >= 0) == after


def test_a_difference_is_of_whole_words():
    assert word_diff("open by the mid-2020s", "open by the middle 2030s") == [
        (0, "open by the "),
        (-1, "mid-2020s"),
        (1, "middle 2030s"),
    ]


@given(st.text())
def test_marking_loses_nothing(text):
    assert "".join(piece for _, piece in marked(text, ["a", "the"])) == text


def test_matches_are_marked():
    assert marked("New buses for Leeds", ["bus", "leeds"]) == [
        (False, "New "),
        (True, "buses"),
        (False, " for "),
        (True, "Leeds"),
    ]
