"""Which promises hold which words, on a day: sets of the register, so that words are one more choice among others."""

from typing import NamedTuple

from django.db.models import TextField
from django.db.models.functions import Cast

from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.register import TITLE, bits, numbers_in

DAY = Cast("valid_from", TextField())
"""As text: a hundred thousand dates would take longer to make than to find."""


class Held(NamedTuple):
    """Which promises hold a term: in their own words, in an update, and there from which day (ISO) on."""

    own: int
    told: int
    first: dict


def found(terms, *, register, as_of):
    """Return the promises standing on that day in whose words, or updates by then, every term is found."""
    promises = 0
    for who in register.standing(as_of)["status"].values():
        promises |= who
    for term in terms:
        held = with_term(register, term, as_of)
        promises &= held.own | held.told
    return promises


def found_since(terms, *, register, as_of):
    """Return (first day that shows every term, promise) where all are found, the last day first; empty for always."""

    def made():
        since = dict.fromkeys(numbers_in(found(terms, register=register, as_of=as_of)), "")
        for term in terms:
            held = with_term(register, term, as_of)
            for promise in numbers_in(bits(since) & held.told & ~held.own):
                since[promise] = max(since[promise], held.first[promise])
        return sorted(((day, promise) for promise, day in since.items()), reverse=True)

    return register.remember(("since", tuple(terms), as_of), made)


def found_in_own_words(terms, *, register, as_of):
    """Return the promises whose own words, not only those of their updates, hold every term."""
    promises = -1
    for term in terms:
        promises &= with_term(register, term, as_of).own
    return promises


def found_in_title(terms, patterns, *, register, as_of):
    """Return those of the promises found whose title has every pattern."""

    def made():
        names = register.names
        promises = numbers_in(found(terms, register=register, as_of=as_of))
        return bits(who for who in promises if all(one.search(names[who][TITLE]) for one in patterns))

    return register.remember(("titles", tuple(terms), as_of), made)


def with_term(register, term, as_of):
    """Return which promises hold a term, in what that day shows."""
    return register.remember(("term", term, as_of), lambda: _with_term(register.edition, term, as_of))


def _with_term(edition, term, as_of):
    # A range, where one number would do: on SQLite it leaves the word's own index as the better way in.
    shown = {"edition_from__lte": edition, "edition_to__gt": edition, "search_text__finds": term}
    own = Listing.objects.filter(**shown).values_list("promise_id", flat=True)
    told = Period.objects.filter(**shown, valid_from__lte=as_of).values_list("listing__promise_id", DAY)
    first = {}
    for promise, day in told.order_by().iterator(chunk_size=2000):
        if promise not in first or day < first[promise]:
            first[promise] = day
    return Held(bits(own.order_by().iterator(chunk_size=2000)), bits(first), first)
