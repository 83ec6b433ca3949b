"""Things made for tests: plain functions, each of which needs nothing."""

from datetime import UTC, date, datetime
from itertools import count

from django.contrib.auth.models import Group, User

from promises.dates import Day
from promises.desk.models import (
    Citation,
    Evidence,
    Place,
    Promise,
    PromisePlace,
    PromiseSource,
    RelatedPromise,
    Source,
    Theme,
    Update,
)
from promises.publishing import door
from promises.publishing.door import Publication
from promises.statuses import Reason, Status

_numbers = count(1)
NOON = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
"""When things are published in tests that say nothing else; a Monday."""


def a_person(name=None, *, role="Researcher", password="a long enough word", **fields):
    """A person with a role at the desk."""
    person = User.objects.create_user(name or f"person-{next(_numbers)}", password=password, is_staff=True, **fields)
    if role:
        person.groups.add(Group.objects.get(name=role))
    return person


def a_source(**fields):
    """A source of its own address."""
    number = next(_numbers)
    given = {
        "title": f"Statement number {number}",
        "publisher": "Department for Examples",
        "url": f"https://example.org/statements/{number}",
        "published": "2020-01-31",
        "kind": "official",
    }
    return Source.objects.create(**given | fields)


def made(day="2020-01-31", **fields):
    """What an update says that is the making of the promise."""
    return _what_happened(day, Status.IN_PROGRESS, [Reason.MADE], fields)


def under_way(day="2020-06-30", **fields):
    return _what_happened(day, Status.IN_PROGRESS, [Reason.UNDER_WAY], fields)


def kept(day="2022-03-01", **fields):
    return _what_happened(day, Status.KEPT, [], fields)


def watered_down(day="2021-11-18", *reasons, **fields):
    return _what_happened(day, Status.WATERED_DOWN, reasons or [Reason.SMALLER], fields)


def broken(day="2023-10-04", *reasons, **fields):
    return _what_happened(day, Status.BROKEN, reasons or [Reason.DROPPED], fields)


def _what_happened(day, status, reasons, fields):
    given = {
        "date": day,
        "status": status.value,
        "reason": [str(reason) for reason in reasons],
        "headline": f"{status.label} on {Day(day).in_words()}",
        "explanation": f"This is why it was {status.label.lower()}.",
    }
    return given | fields


def an_update(promise, what=None, *, source=None, locator="", quoted="", note="", **fields):
    """An update of the promise, with the source it cites (the promise's first, unless another is given)."""
    update = Update.objects.create(promise=promise, **(what or made()) | fields)
    tie = source or promise.promise_sources.first() or a_promise_source(promise)
    Citation.objects.create(update=update, source=tie, locator=locator, quoted=quoted, note=note)
    return update


def a_promise_source(promise, source=None, *, key=None, claims=(), read="", **fields):
    """A source in the list of a promise, with what it is cited for."""
    row = PromiseSource.objects.create(
        promise=promise,
        source=source or a_source(**fields),
        key=key or f"source-{next(_numbers)}",
        position=promise.promise_sources.count(),
    )
    for position, claim in enumerate(claims):
        Evidence.objects.create(promise_source=row, claim=claim, read=read, position=position)
    return row


def a_promise(*updates, regions=("north-west",), places=(), related=(), theme="transport", **fields):
    """A promise at the desk with these updates (its making alone, unless others are given); nothing published."""
    number = next(_numbers)
    updates = updates or (made(),)
    given = {
        "slug": f"promise-{number}",
        "title": f"Build railway number {number}",
        "summary": f"Line {number} was promised to the towns beside it.",
        "success_test": "Trains run on it.",
        "made_by": "Boris Johnson, Prime Minister",
        "department": "DfT",
        "made_on": updates[0]["date"],
        "made_in": "Conservative manifesto 2019",
        "checked_on": date(2025, 6, 1),
    }
    promise = Promise.objects.create(theme=Theme.objects.get(slug=theme), **given | fields)
    for position, slug in enumerate([*regions, *places]):
        PromisePlace.objects.create(promise=promise, place=Place.objects.get(slug=slug), position=position)
    for position, other in enumerate(related):
        RelatedPromise.objects.create(promise=promise, related=other, position=position)
    a_promise_source(promise)
    for what in updates:
        an_update(promise, what)
    return promise


def publish(*promises, at=NOON, note="", roles=None, **of_each):
    """Put promises through the door in one edition; of_each: note, correction, withdrawal."""
    edition = door.publish(
        [Publication(promise, **of_each) for promise in promises],
        at=at,
        roles=roles or {"by": "researcher", "checked_by": "editor"},
        note=note,
    )
    for promise in promises:
        promise.refresh_from_db()
    return edition


def a_published_promise(*updates, at=NOON, **fields):
    """A promise that has gone through the door."""
    promise = a_promise(*updates, **fields)
    publish(promise, at=at)
    return promise
