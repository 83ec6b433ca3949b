"""The desk's front page: what waits for whom, each one click from work."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast, Left, Length
from django.urls import reverse
from django.utils import timezone

from promises.desk import audit, workflow
from promises.desk.admin.suggestion import shortened
from promises.desk.models import LinkCheck, Promise, Submission, Suggestion
from promises.desk.models.submission import OPEN_STATES, State
from promises.record.edition import OPEN
from promises.record.listing import Listing
from promises.record.version import Version

SHOWN = 10
RECENT = 5
DRAFTS_LOOKED_AT = 60
CHECK_AFTER = timedelta(days=90)
NEWS = timedelta(days=7)


@dataclass(frozen=True)
class Item:
    """A line of a list: what it is, where one works on it, and how long it has waited."""

    title: str
    url: str
    note: str = ""
    since: object = None
    button: str = ""


@dataclass(frozen=True)
class Pile:
    """A list of the front page, with the number of all its items and the way to them."""

    key: str
    title: str
    purpose: str
    items: list
    count: int
    url: str = ""
    nothing: str = "Nothing."


def page(request):
    """What the front page shows to this person."""
    if not request.user.has_perm("promises.view_promise"):
        return {"piles": []}
    now = timezone.now()
    today = timezone.localtime(now).date()
    waiting, others = _in_review(request.user)
    piles = [
        waiting,
        others,
        _sent_back(request.user),
        _drafts(request.user, now),
        _scheduled(),
        _due(today),
        _broken_links(),
        _suggestions(),
        _recent(now),
    ]
    return {"piles": [pile for pile in piles if pile]}


def _review_url(submission):
    return reverse("admin:promises_submission_change", args=[submission.pk])


def _item(submission, note):
    return Item(submission.promise.title, _review_url(submission), note, submission.submitted_at)


def _in_review(person):
    """What waits for this person's review, and what waits for somebody else's."""
    rows = list(
        Submission.objects.filter(state=State.IN_REVIEW)
        .select_related("promise", "submitted_by")
        .order_by("submitted_at", "pk")
    )
    drafts = [row.promise for row in rows if not row.withdrawal]
    authors = audit.authors(drafts) if drafts else {}
    mine, other = [], []
    for row in rows:
        wrote = person.pk == row.submitted_by_id or (not row.withdrawal and person.pk in authors[row.promise_id])
        may = person.has_perm(workflow.permission_of(row)) and not (workflow.second_person_rule() and wrote)
        note = f"{'withdrawal, ' if row.withdrawal else ''}from {row.submitted_by}"
        (mine if may else other).append(_item(row, note))
    url = reverse("admin:promises_submission_changelist") + f"?state__exact={State.IN_REVIEW}"
    waiting = Pile(
        "waiting",
        "Waiting for my review",
        "Read what publication would change, then publish it or send it back.",
        mine[:SHOWN],
        len(mine),
        url,
        "Nothing waits for you.",
    )
    elsewhere = Pile(
        "elsewhere",
        "Waiting for somebody else’s review",
        "What you wrote yourself, or may not publish.",
        other[:SHOWN],
        len(other),
        url,
    )
    return (waiting if person.has_perm("promises.publish_promise") else None), (elsewhere if other else None)


def _sent_back(person):
    rows = Submission.objects.filter(state=State.SENT_BACK, submitted_by=person).select_related("promise", "decided_by")
    rows = list(rows.order_by("decided_at", "pk"))
    items = [Item(row.promise.title, _review_url(row), f"by {row.decided_by}", row.decided_at) for row in rows[:SHOWN]]
    return Pile(
        "sent-back",
        "Sent back to me",
        "Read the comment, mend the draft, and submit it again.",
        items,
        len(rows),
        nothing="Nothing was sent back to you.",
    )


def _drafts(person, now):
    """Promises that this person changed, that differ from what is published, and that nobody has submitted."""
    touched = audit.touched_by(person, most=DRAFTS_LOOKED_AT)
    under_way = Submission.objects.filter(promise=OuterRef("pk"), state__in=OPEN_STATES)
    promises = Promise.objects.with_everything().filter(~Exists(under_way), pk__in=touched)
    drafts = workflow.drafts_of(promises, at=now)
    rows = [p for p in promises if drafts[p.pk].differs]
    rows.sort(key=lambda promise: touched[promise.pk], reverse=True)
    items = [
        Item(
            promise.title,
            reverse("admin:promises_promise_change", args=[promise.pk]),
            "never published" if promise.identity is None else "changed since it was published",
            touched[promise.pk],
        )
        for promise in rows[:SHOWN]
    ]
    return Pile(
        "drafts",
        "My drafts",
        "What you changed and nobody has submitted yet.",
        items,
        len(rows),
        nothing="No draft of yours is open.",
    )


def _scheduled():
    rows = Submission.objects.filter(state=State.SCHEDULED).select_related("promise").order_by("publish_at", "pk")
    rows = list(rows)
    items = [
        Item(row.promise.title, _review_url(row), f"on {workflow.time_in_words(row.publish_at)}")
        for row in rows[:SHOWN]
    ]
    if not rows:
        return None
    return Pile("scheduled", "Approved for a set time", "Published by itself, to the minute.", items, len(rows))


def _due(today):
    rows = due_for_checking(Promise.objects.all(), today=today).order_by(F("checked_on").asc(nulls_first=True), "slug")
    items = [
        Item(
            promise.title,
            reverse("admin:promises_promise_record_change", args=[promise.pk]),
            f"last checked {promise.checked_on:%Y-%m-%d}" if promise.checked_on else "never checked",
            button=reverse("admin:promises_promise_check", args=[promise.pk]),
        )
        for promise in rows[:SHOWN]
    ]
    return Pile(
        "due",
        "Due for checking",
        "Not looked at for 90 days, or not since the day it was due. Record a change, or that nothing is new.",
        items,
        rows.count(),
        reverse("admin:promises_promise_changelist") + "?check=due",
        "Everything has been looked at.",
    )


def _broken_links():
    rows = LinkCheck.objects.wanting().select_related("source").order_by("failing_since", "pk")
    items = [
        Item(
            row.source.title,
            reverse("admin:promises_linkcheck_change", args=[row.pk]),
            row.source.publisher,
            row.failing_since,
        )
        for row in rows[:SHOWN]
    ]
    return Pile(
        "links",
        "Broken links",
        "Sources that failed on three days and have no archived copy. Find one, or note that it opens.",
        items,
        rows.count(),
        reverse("admin:promises_linkcheck_changelist"),
        "No link is known to be broken.",
    )


def _suggestions():
    rows = Suggestion.objects.waiting().select_related("promise").order_by("received_at", "pk")
    items = [
        Item(
            f"{row.reference}: {row.promise or row.about or shortened(row.text)}",
            reverse("admin:promises_suggestion_change", args=[row.pk]),
            row.get_what_display().lower(),
            row.received_at,
        )
        for row in rows[:SHOWN]
    ]
    return Pile(
        "suggestions",
        "Suggestions from readers",
        "Take each into a draft, or say why not.",
        items,
        rows.count(),
        reverse("admin:promises_suggestion_changelist"),
        "Nobody has sent anything that waits.",
    )


def _recent(now):
    news = Version.objects.with_news().filter(edition__published_at__gt=now - NEWS)
    items = [
        Item(
            version.document["title"],
            f"/promises/{version.slug}/",
            f"{version.get_kind_display().lower()}, edition {version.edition_id}",
            version.edition.published_at,
        )
        for version in news.select_related("edition").order_by("-edition_id", "-pk")[:RECENT]
    ]
    return Pile(
        "recent",
        "Published in the last seven days",
        "As the public sees it.",
        items,
        news.count(),
        "/changes/",
        "Nothing new in these days.",
    )


def due_for_checking(promises, *, today):
    """Keep what nobody has looked at for 90 days, or not since the day it was due; only what the public can see."""
    iso = today.isoformat()
    passed = (
        Q(due_length=4, due_on__lt=iso[:4]) | Q(due_length=7, due_on__lt=iso[:7]) | Q(due_length=10, due_on__lt=iso)
    )
    return (
        promises.filter(Exists(Listing.objects.filter(promise_id=OuterRef("identity"), edition_to=OPEN)))
        .annotate(
            due_length=Length("due_on"),
            checked_text=Left(Cast("checked_on", CharField()), F("due_length")),
        )
        .filter(
            Q(checked_on__isnull=True)
            | Q(checked_on__lt=today - CHECK_AFTER)
            | (passed & Q(checked_text__lte=F("due_on")))
        )
    )
