"""Words that a reader may have meant, where nothing matches as typed."""

from collections import Counter, defaultdict
from functools import lru_cache
from itertools import product

from promises.record.listing import Listing
from promises.record.period import Period
from promises.text import matches

MOST_ROWS = 20_000
"""How many rows of each index the vocabulary is read from: beyond that, rare words stay unknown."""
LEAST_ALIKE = 0.3
NEAREST = 3
"""How many words are tried for each one that is unknown."""
MOST_TRIES = 6
SHORTEST = 4
"""Shorter words are taken as typed: too much is like them."""


def nearest(terms, *, moment):
    """Yield other terms to look for, likeliest first; each that is written in the record stays as it is."""
    vocabulary = _vocabulary(moment.edition.digest, moment.number, moment.latest) if moment.edition else None
    if not vocabulary:
        return
    choices = [[term] if vocabulary.has(term) else vocabulary.like(term) or [term] for term in terms]
    for number, other in enumerate(product(*choices)):
        if number == MOST_TRIES:
            return
        if list(other) != list(terms):
            yield list(other)


def trigrams(word):
    """The overlapping threes of letters of a word, its ends included."""
    padded = f"  {word} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


class Vocabulary:
    """The words of one edition, with how often each stands there."""

    def __init__(self, frequency):
        self.frequency = frequency
        self._with = defaultdict(set)
        for word in frequency:
            for part in trigrams(word):
                self._with[part].add(word)

    def has(self, term):
        """Whether a word of the record answers the term."""
        return any(matches(word, term) for word in self.frequency)

    def like(self, term):
        """The words most like the term, by share of common trigrams, then by how often they stand there."""
        if len(term) < SHORTEST or term.isdecimal():
            return []
        own = trigrams(term)
        shared = Counter(word for part in own for word in self._with.get(part, ()))
        likeness = {word: n / (len(own) + len(word) + 1 - n) for word, n in shared.items() if not word.isdecimal()}
        near = [word for word, share in likeness.items() if share >= LEAST_ALIKE]
        return sorted(near, key=lambda word: (-likeness[word], -self.frequency[word], word))[:NEAREST]


@lru_cache(maxsize=2)
def _vocabulary(digest, number, latest):
    """Built once in a process for an edition; its digest stands for all that is in it."""
    frequency = Counter()
    for rows in (Listing.objects, Period.objects):
        texts = rows.in_edition(number, latest=latest).order_by("-pk").values_list("search_text", flat=True)
        for text in texts[:MOST_ROWS].iterator():
            frequency.update(word for word in text.split(" ") if word and not word.startswith("_"))
    return Vocabulary(frequency)
