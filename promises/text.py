"""Words: normalised for search, compared for display."""

import re
import threading
import unicodedata
from functools import lru_cache

import snowballstemmer
from diff_match_patch import diff_match_patch

WORD = re.compile(r"\w+")
TOKEN = re.compile(r"\s+|\d[\d.,]*\d|\w+(?:[-’']\w+)*|[^\w\s]")
MOST_TERMS = 12
LONGEST_WORD = 60
SHORTEST_BEGINNING = 4
_own = threading.local()  # a stemmer keeps state, so each thread has its own


def plain(text):
    """The text without regard to case or accents, as titles sort."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def words(text):
    """The words of a text, plain, in order."""
    return [word[:LONGEST_WORD] for word in WORD.findall(plain(text).replace("_", " "))]


@lru_cache(maxsize=50_000)
def stem(word):
    """The stem of a plain English word (Snowball's English rules), with `_` before it: never taken for a word."""
    if not hasattr(_own, "stemmer"):
        _own.stemmer = snowballstemmer.stemmer("english")
    return "_" + _own.stemmer.stemWord(word)


def searchable(*texts):
    """The text an index keeps: each different word once, beside it its stem, in order of appearance."""
    found = dict.fromkeys(word for text in texts if text for word in words(text))
    return " ".join(dict.fromkeys(part for word in found for part in (word, stem(word))))


def terms(asked):
    """The words asked for, as many as we look for."""
    return list(dict.fromkeys(words(asked)))[:MOST_TERMS]


def is_short(term):
    """Whether a term is too short to be the beginning of a longer word: “bus” is not meant for “business”."""
    return len(term) < SHORTEST_BEGINNING


def wholes(term):
    """What a term finds as a whole in a searchable text: its stem and, of a short one, itself and its plurals.

    Snowball leaves “buses” its own stem, so short words are brought together here.
    """
    single = term.removesuffix("es") if 2 < len(term) - 2 < SHORTEST_BEGINNING else term
    return (stem(term), single, f"{single}s", f"{single}es") if is_short(single) else (stem(term),)


@lru_cache(maxsize=50_000)
def matches(word, term):
    """Whether a plain word answers a term: it shares its stem, begins with it, or is the plural of a short one."""
    wanted = wholes(term)
    return stem(word) in wanted or word in wanted or (not is_short(term) and word.startswith(term))


@lru_cache(maxsize=20_000)
def _answers(word, asked_terms):
    return any(matches(part, term) for part in words(word) for term in asked_terms)


def marked(text, asked_terms):
    """Cut a text into (is_match, piece), so that a page can mark what was found."""
    if not asked_terms:
        return [(False, text)]
    pieces, end, asked_terms = [], 0, tuple(asked_terms)
    for found in WORD.finditer(text):
        if _answers(found[0], asked_terms):
            if found.start() > end:
                pieces.append((False, text[end : found.start()]))
            pieces.append((True, found[0]))
            end = found.end()
    if end < len(text):
        pieces.append((False, text[end:]))
    return pieces


def word_diff(before, after):
    """Cut two texts into (-1 | 0 | 1, piece): struck, kept, added; whole words only, and never longer than 0.2 s.

    Words stand for single characters, so that diff-match-patch compares words (its own
    line mode works the same way).
    """
    differ = diff_match_patch()
    differ.Diff_Timeout = 0.2
    ids = {}

    def encode(text):
        out = []
        for token in TOKEN.findall(text):
            code = ids.setdefault(token, 0x100 + len(ids))
            out.append(chr(code if code < 0xD800 else code + 0x800))
        return "".join(out)

    steps = differ.diff_main(encode(before), encode(after), False)
    differ.diff_cleanupSemantic(steps)
    tokens = list(ids)

    def decode(piece):
        codes = (ord(c) for c in piece)
        return "".join(tokens[(c if c < 0xD800 else c - 0x800) - 0x100] for c in codes)

    return [(step, decode(piece)) for step, piece in steps]
