"""Places and themes that a reader's words name: pages to look at beside what the words find."""

from collections import namedtuple
from functools import lru_cache

from promises import reference
from promises.public.counts import PLACE, THEME, union
from promises.text import matches, words

MOST = 5
SMALL = frozenset(("and", "of", "the", "with", "to", "for", "in", "on", "a", "under"))
"""Words that say nothing of which place or theme is meant."""

Neighbour = namedtuple("Neighbour", "name path number")


def neighbours(asked):
    """The places and themes that the words name, where promises stand at that moment; no query is asked.

    Those whose whole name is there come first, then those with the most promises. A word that is part
    of a whole name counts for no other name that does not hold that name: “North West” is not “North East”.
    """
    terms = [term for term in asked.terms if term not in SMALL]
    if not terms:
        return []
    standing = union(asked.register.standing(asked.moment.day)["status"])
    named = []
    for facet, key, name, spelling in _known():
        number = (asked.register.sets[facet.column].get(key, 0) & standing).bit_count()
        if number and key not in asked.chosen[facet.name]:
            named.append((facet, key, name, spelling, number))
    whole = {spelling for *_, spelling, _ in named if all(_means(word, terms) for word in spelling)}
    free = [term for term in terms if not any(matches(word, term) for spelling in whole for word in spelling)]
    found = {}
    for facet, key, name, spelling, number in named:
        partly = any(_means(word, free) for word in spelling) or any(spelling > other for other in whole)
        if spelling in whole or partly:
            rank = (spelling not in whole, -number, name)
            link = Neighbour(name, f"/{facet.name}s/{key}/", number)
            found[facet.name, key] = min(found.get((facet.name, key), (rank, link)), (rank, link))
    return [link for _, link in sorted(found.values())[:MOST]]


def _means(word, terms):
    return any(matches(word, term) for term in terms)


@lru_cache(maxsize=1)
def _known():
    """Every spelling of every place and theme: (facet, key, name, its words)."""
    told = [(THEME, theme.slug, theme.label, theme.label) for theme in reference.themes().values()]
    for place in reference.places():
        short = (place.slug,) if place.is_whole_country else ()
        told += [(PLACE, place.slug, place.name, spelling) for spelling in (place.name, *place.also, *short)]
    spelt = ((facet, key, name, frozenset(words(text)) - SMALL) for facet, key, name, text in told)
    return tuple(one for one in spelt if one[-1])
