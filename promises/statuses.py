"""The vocabulary that all rooms share: statuses, reasons, kinds."""

from django.db import models


class Status(models.TextChoices):
    """How a promise stands as of a day; in the order in which they are listed."""

    KEPT = "kept", "Kept"
    WATERED_DOWN = "watered_down", "Watered down"
    BROKEN = "broken", "Broken"
    IN_PROGRESS = "in_progress", "In progress"

    @property
    def is_verdict(self):
        return self is not Status.IN_PROGRESS

    @property
    def meaning(self):
        return MEANINGS[self]


MEANINGS = {
    Status.KEPT: "The success test is met, in the form and by the time promised.",
    Status.WATERED_DOWN: (
        "Delivered or being delivered, but less, later, for fewer, or with money that replaces money taken away."
    ),
    Status.BROKEN: "Dropped, reversed, or the deadline passed clearly unmet.",
    Status.IN_PROGRESS: "No verdict yet.",
}


class Reason(models.TextChoices):
    """Why an update is not simply `kept`."""

    SMALLER = "smaller", "Smaller"
    LATER = "later", "Later"
    NARROWER = "narrower", "Narrower"
    REPLACES = "replaces", "Replaces money or powers taken away"
    REDEFINED = "redefined", "Redefined"
    DROPPED = "dropped", "Dropped"
    REVERSED = "reversed", "Reversed"
    MISSED = "missed", "Deadline missed"
    MADE = "made", "Promise made"
    UNDER_WAY = "under_way", "Under way"
    TOO_EARLY = "too_early", "Too early to say"
    UNCLEAR = "unclear", "Cannot be judged as worded"
    UNSETTLED = "unsettled", "Evidence does not settle it"


VERDICT_REASONS = frozenset(
    {
        Reason.SMALLER,
        Reason.LATER,
        Reason.NARROWER,
        Reason.REPLACES,
        Reason.REDEFINED,
        Reason.DROPPED,
        Reason.REVERSED,
        Reason.MISSED,
    }
)
OPEN_REASONS = frozenset(Reason) - VERDICT_REASONS


def reasons_problem(status, reasons):
    """Say in a sentence why these reasons do not fit the status; an empty text where they do."""
    given, status = set(reasons), Status(status)
    if unknown := given - set(Reason.values):
        return f"Unknown reason “{min(unknown)}”. Known: {', '.join(Reason.values)}."
    if status is Status.KEPT:
        return "A kept promise needs no reason: leave it out." if given else ""
    if status is Status.IN_PROGRESS:
        if len(given) == 1 and given <= OPEN_REASONS:
            return ""
        return f"“In progress” takes exactly one reason: {', '.join(r for r in Reason.values if r in OPEN_REASONS)}."
    if given and given <= VERDICT_REASONS:
        return ""
    wanted = ", ".join(r for r in Reason.values if r in VERDICT_REASONS)
    return f"“{status.label}” takes one or more reasons: {wanted}."


class SourceKind(models.TextChoices):
    """What sort of publisher stands behind a source."""

    OFFICIAL = "official", "Government"
    PARLIAMENT = "parliament", "Parliament"
    STATISTICS = "statistics", "Official statistics"
    AUDIT = "audit", "Auditor"
    RESEARCH = "research", "Research"
    NEWS = "news", "News"
    PARTY = "party", "Political party"


class Kind(models.TextChoices):
    """What a version did, in the order that decides where several apply."""

    WITHDRAWAL = "withdrawal", "Withdrawn"
    RENAME = "rename", "Renamed"
    MAJOR_CORRECTION = "major_correction", "Major correction"
    NEW = "new", "New promise"
    UPDATE = "update", "Update"
    MINOR_CORRECTION = "minor_correction", "Minor correction"
    CHECK = "check", "Checked, nothing new"


class Theme(models.TextChoices):
    """What a promise is about: a closed list."""

    TRANSPORT = "transport", "Transport"
    LOCAL_FUNDING = "local-funding", "Local funding"
    DEVOLUTION = "devolution", "Devolution"
    SKILLS_AND_JOBS = "skills-and-jobs", "Skills and jobs"
    SCHOOLS = "schools", "Schools"
    HEALTH = "health", "Health"
    HOUSING_AND_TOWNS = "housing-and-towns", "Housing and towns"
    RESEARCH = "research", "Research"
    CRIME = "crime", "Crime"
    DIGITAL = "digital", "Digital"
    NET_ZERO = "net-zero", "Net zero"
    CULTURE_AND_PRIDE = "culture-and-pride", "Culture and pride"


THEMES = dict(Theme.choices)
