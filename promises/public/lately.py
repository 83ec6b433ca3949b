"""What changed lately: the latest changes of status, by the day on which they happened in the world."""

import json
from typing import NamedTuple

from django.db.models import F

from promises.dates import Day
from promises.record.period import Period
from promises.statuses import Status

MOST = 3


class Change(NamedTuple):
    """A promise that came to stand otherwise than before."""

    title: str
    address: str
    day: Day
    before: Status
    now: Status


def changes_of_status(moment):
    """The latest changes of status by the day of a moment, the latest first: one query, few rows.

    A change is the beginning of a run other than the promise's first.
    """
    rows = (
        Period.objects.in_edition(moment.number, latest=moment.latest)
        .filter(valid_from__lte=moment.day, valid_to__gt=F("valid_from"), since_from=F("valid_from"))
        .filter(valid_from__gt=F("listing__made_from"))
        .order_by("-valid_from", "slug")
        .values_list("slug", "valid_from", "since", "status", "update_number", "listing__title", "listing__runs")
    )[:MOST]
    return [
        Change(title, f"/promises/{slug}/updates/{number}/", Day(since), Status(_before(runs, begins)), Status(status))
        for slug, begins, since, status, number, title, runs in rows
    ]


def _before(runs, day):
    """The status of the run that ended on a day."""
    return [status for status, begins in json.loads(runs) if begins < day.isoformat()][-1]
