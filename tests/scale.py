"""How much of it: the same tests in a few seconds with the others, or for as long as `make torture` gives them."""

import os
from collections import Counter

TORTURE = "TORTURE" in os.environ
TALLY = Counter()
"""What was tried and what was found, by its name in words; said at the end of a run."""


def at_scale(usual, torture):
    """Return how many, or how long: as usual, or under torture."""
    return torture if TORTURE else usual


def count(what, number=1):
    """Note that so much was tried, survived or found."""
    TALLY[what] += number
