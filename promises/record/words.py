"""Which promises hold which words, on a day: sets of the register, so that words are one more choice among others."""

from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.register import bits

MOST_KNOWN = 64
"""How many words, each on its day, are remembered with an edition."""


def found(terms, *, register, as_of):
    """Return the promises standing on that day in whose words, or updates by then, every term is found."""
    promises = 0
    for who in register.standing(as_of)["status"].values():
        promises |= who
    for term in terms:
        own, told = with_term(register, term, as_of)
        promises &= own | told
    return promises


def found_in_own_words(terms, *, register, as_of):
    """Return the promises whose own words, not only those of their updates, hold every term."""
    promises = -1
    for term in terms:
        promises &= with_term(register, term, as_of)[0]
    return promises


def with_term(register, term, as_of):
    """Return the promises that hold a term in their own words, and those that do in an update by that day."""
    known = register.words.get((term, as_of))
    if known is None:
        if len(register.words) >= MOST_KNOWN:
            register.words.clear()
        known = register.words[term, as_of] = _with_term(register.edition, term, as_of)
    return known


def _with_term(edition, term, as_of):
    # A range, where one number would do: on SQLite it leaves the word's own index as the better way in.
    shown = {"edition_from__lte": edition, "edition_to__gt": edition, "search_text__finds": term}
    own = Listing.objects.filter(**shown).values_list("promise_id", flat=True)
    told = Period.objects.filter(**shown, valid_from__lte=as_of).values_list("listing__promise_id", flat=True)
    return bits(own.order_by().iterator()), bits(told.order_by().iterator())
