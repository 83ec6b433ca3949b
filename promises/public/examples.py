"""The statuses and reasons as the method page explains them, each status with a real example."""

from dataclasses import dataclass

from promises.public.story import When, when
from promises.record.listing import Listing
from promises.statuses import Reason, Status


@dataclass(frozen=True, slots=True)
class Example:
    """A promise that stands as a rule says, with what happened last."""

    title: str
    headline: str
    since: When
    path: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A status with its meaning and, where the record has one, an example."""

    status: Status
    example: Example | None


def rules_with_examples(moment):
    """The four statuses, each with the promise that came to it last; one query a status."""
    standing = Listing.objects.in_edition(moment.number, latest=moment.latest).standing(as_of=moment.day)
    return [Rule(status, _example(standing, status, moment)) for status in Status]


def _example(standing, status, moment):
    newest = standing.filter(status=status).order_by("-since_from", "order_slug")
    row = newest.values_list("title", "headline", "since", "slug").first()
    if row is None:
        return None
    title, headline, since, slug = row
    query = f"?{moment.kept}" if moment.kept else ""
    return Example(title, headline, when(since), f"/promises/{slug}/{query}")


REASONS_OF_VERDICTS = {
    Reason.SMALLER: "less money, or fewer things",
    Reason.LATER: "after the time promised",
    Reason.NARROWER: "for fewer people or places",
    Reason.REPLACES: "stands in for money or powers taken away",
    Reason.REDEFINED: "counted in another way than promised",
    Reason.DROPPED: "given up",
    Reason.REVERSED: "the opposite was done",
    Reason.MISSED: "the day passed, and it was not done",
}
REASONS_OF_OPEN = {
    Reason.MADE: "nothing has happened since the promise itself",
    Reason.UNDER_WAY: "something is being done",
    Reason.TOO_EARLY: "its time has not come",
    Reason.UNCLEAR: "it was put in words that no test fits",
    Reason.UNSETTLED: "good sources disagree, or do not say",
}
"""What each reason means, for the method page."""


def reasons():
    """(label, meaning) of the reasons, those of verdicts and those of promises still open."""
    return [
        [(reason.label, meaning) for reason, meaning in told.items()] for told in (REASONS_OF_VERDICTS, REASONS_OF_OPEN)
    ]
