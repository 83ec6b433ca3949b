"""A change's way from draft to door: submitted, read by a second person, published at once or at a set time.

Everything is a plain function with the moment given; nothing here reads the clock. What cannot be
done now raises `Unable`, with a sentence that says why and what to do; who may not do it at all
meets `PermissionDenied`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from promises.dates import Day, in_words
from promises.desk import audit, roles
from promises.desk.models import Comment, Promise, Source, Submission
from promises.desk.models.submission import OPEN_STATES, State
from promises.publishing import door
from promises.publishing.door import Publication
from promises.publishing.snapshot import snapshot_of
from promises.record.document import canonical, digest
from promises.record.version import Version, latest_version, latest_versions
from promises.statuses import Kind


class Unable(Exception):
    """What somebody wanted cannot be done now; `sentences` say why and what to do."""

    def __init__(self, *sentences):
        self.sentences = sentences
        super().__init__("\n".join(sentences))


# What a working copy would change


@dataclass(frozen=True)
class Draft:
    """A working copy beside what is published: the snapshot before (None if there is none), and as it would be."""

    before: dict | None
    after: dict

    @property
    def is_new(self):
        return self.before is None

    @property
    def was_withdrawn(self):
        return bool(self.before and self.before.get("withdrawn"))

    @property
    def differs(self):
        """Whether there is anything to publish; that a promise was withdrawn is no difference by itself."""
        before = {key: value for key, value in (self.before or {}).items() if key != "withdrawn"}
        return canonical(before) != canonical(self.after)

    @property
    def differs_but_for_check(self):
        """Whether anything differs besides the day on which somebody last looked."""
        return replace(self, after={**self.after, "checked_on": (self.before or {}).get("checked_on")}).differs


def fresh(pk):
    """The promise with everything a snapshot needs; None where there is none."""
    return Promise.objects.with_everything().filter(pk=pk).first()


def drafts_of(promises, *, at):
    """Return the Draft of each promise, by primary key; fetch the promises `with_everything()`."""
    promises = list(promises)
    published = latest_versions(promise.identity for promise in promises)
    found = {}
    for promise in promises:
        version = published.get(promise.identity)
        before = version and version.snapshot
        after = door.completed(promise, at=at, before=before, identity=_free_identity(promise))
        found[promise.pk] = Draft(before, after)
    return found


def draft_of(promise, *, at):
    """Return the Draft of one promise, fetched `with_everything()`."""
    return drafts_of([promise], at=at)[promise.pk]


def _free_identity(promise):
    """The number a preview shows for a promise that has none yet; the door gives the real one."""
    return None if promise.identity else 2_147_483_647


def digest_of(promise):
    """The digest of a working copy as it stands: what an approval is bound to."""
    return digest(snapshot_of(promise))


def document_digest(submission, promise):
    """What the approval of this submission is bound to; a withdrawal publishes nothing of the working copy."""
    return digest({"withdraw": promise.identity}) if submission.withdrawal else digest_of(promise)


def problems_of(promise, *, at):
    """Return sentences on what keeps a working copy from being published at that moment."""
    draft = draft_of(promise, at=at)
    today = timezone.localtime(at).date()
    return door.problems_of(draft.before, draft.after, today=today) + _unpublished_relations(promise)


def _unpublished_relations(promise):
    """A draft's key never leaves the desk, not even as that of a related promise."""
    related = [row.related for row in promise.related_rows.all()]
    slugs = {key: version.slug for key, version in latest_versions(other.identity for other in related).items()}
    for other in related:
        if other.identity is None:
            yield_to = "Publish that first, or leave it out for now."
            return [f"Related: “{other}” has not been published. {yield_to}"]
        if slugs.get(other.identity) != other.slug:
            return [f"Related: “{other}” is being renamed. Publish that first, or leave it out for now."]
    return []


def soonest(promise, *, at):
    """The earliest moment at which the days of a working copy will all have come: `at`, or a later midnight."""
    days = [Day(update.date) for update in promise.updates.all() if not update.withdrawn]
    last = max((day.last_day for day in days if day.precision == "day"), default=None)
    if last is None or last <= timezone.localtime(at).date():
        return at
    return timezone.make_aware(datetime.combine(last, time.min))


# Who


def authors_of(submission, promise):
    """The ids of all who may not publish this submission: who changed anything, and who put it forward."""
    asked = set(submission.history.values_list("submitted_by_id", flat=True)) | {submission.submitted_by_id}
    if submission.withdrawal:
        return asked
    return asked | audit.authors([promise])[promise.pk]


def second_person_rule():
    """Whether a second person publishes what another wrote."""
    return settings.SECOND_PERSON_RULE


def may_publish(submission, promise, person):
    """Whether this person may publish this submission: the right role, and not an author of it."""
    if not person.has_perm(permission_of(submission)):
        return False
    return not second_person_rule() or person.pk not in authors_of(submission, promise)


def permission_of(submission):
    """The permission that publishing this submission takes."""
    return "promises.withdraw_promise" if submission.withdrawal else "promises.publish_promise"


def people(ids):
    """The people of these ids."""
    return get_user_model().objects.filter(pk__in=ids)


def _demand(person, permission):
    if not (person.is_active and person.has_perm(permission)):
        raise PermissionDenied


def _demand_second_person(submission, promise, person):
    if second_person_rule() and person.pk in authors_of(submission, promise):
        raise Unable(
            "You wrote part of this change, so a second person publishes it. "
            "This holds for every role. Ask another editor to read it."
        )


def _roles(submission, promise, publisher):
    by = roles.role_of(submission.submitted_by)
    if publisher.pk in authors_of(submission, promise):
        return {"by": by, "why": "published without a second person, as the rule was switched off"}
    return {"by": by, "checked_by": roles.role_of(publisher)}


# Forward and back


def open_submission(promise):
    """The submission of this promise that is under way; None where there is none."""
    return Submission.objects.filter(promise=promise, state__in=OPEN_STATES).select_related("submitted_by").first()


def _locked(promise):
    """Hold the promise until the transaction ends, and return it as it now stands, with everything."""
    Promise.objects.select_for_update().get(pk=promise.pk)
    return fresh(promise.pk)


@transaction.atomic
def submit(promise, *, by, at, note="", correction=Kind.MINOR_CORRECTION):
    """Put the working copy before a second person, and return the Submission.

    A submission under way is taken further rather than joined by another; a set time is lifted.
    """
    _demand(by, "promises.submit_promise")
    promise = _locked(promise)
    submission = open_submission(promise)
    if submission and submission.withdrawal:
        raise Unable("A withdrawal of this promise is under way. Take that back first.")
    if not draft_of(promise, at=at).differs:
        raise Unable("Nothing differs from what is published. Change something, or record a check instead.")
    if problems := problems_of(promise, at=soonest(promise, at=at)):
        raise Unable(*problems)
    submission = submission or Submission(promise=promise)
    _put_forward(submission, by=by, at=at)
    submission.digest = digest_of(promise)
    submission.correction = correction
    submission.note = note or submission.note
    submission.save()
    return submission


@transaction.atomic
def propose_withdrawal(promise, *, by, at, reason):
    """Put before a second person that the promise be withdrawn, for this public reason."""
    _demand(by, "promises.submit_promise")
    promise = _locked(promise)
    version = latest_version(promise.identity)
    if version is None:
        raise Unable("This promise was never published. Delete the draft instead.")
    if version.document.is_withdrawn:
        raise Unable("This promise is withdrawn already.")
    if open_submission(promise):
        raise Unable("A change of this promise is under way. Take it back first.")
    if not reason.strip():
        raise Unable("Say why: the reason is shown to the public in place of the promise.")
    submission = Submission(promise=promise, withdrawal=reason, digest="")
    _put_forward(submission, by=by, at=at)
    submission.digest = document_digest(submission, promise)
    submission.save()
    return submission


def _put_forward(submission, *, by, at):
    submission.state = State.IN_REVIEW
    submission.submitted_by, submission.submitted_at = by, at
    submission.decided_by = submission.decided_at = submission.publish_at = None


@transaction.atomic
def take_back(submission, *, by, at):
    """Take a submission back, by who put it forward or by who may publish; the working copy stays as it is."""
    _demand(by, "promises.submit_promise")
    submission = _held(submission, *OPEN_STATES)
    if by.pk != submission.submitted_by_id and not by.has_perm("promises.publish_promise"):
        raise PermissionDenied
    submission.state = State.TAKEN_BACK
    submission.publish_at = None
    submission.save()
    return submission


@transaction.atomic
def send_back(submission, *, by, at, comment):
    """Give a submission back to its author with a comment, lifting a set time."""
    _demand(by, permission_of(submission))
    submission = _held(submission, State.IN_REVIEW, State.SCHEDULED)
    if not comment.strip():
        raise Unable("Say in a comment what is to be done.")
    submission.state = State.SENT_BACK
    submission.decided_by, submission.decided_at, submission.publish_at = by, at, None
    submission.save()
    Comment.objects.create(submission=submission, by=by, at=at, text=comment)
    return submission


def say(submission, *, by, at, text):
    """Add a comment to a submission's thread."""
    _demand(by, "promises.add_comment")
    return Comment.objects.create(submission=submission, by=by, at=at, text=text)


def _held(submission, *states):
    """Hold the submission until the transaction ends; Unable where it is in none of these states."""
    Promise.objects.select_for_update().get(pk=submission.promise_id)
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    if submission.state not in states:
        raise Unable(f"This is already settled: {submission.get_state_display().lower()}. Load the page again.")
    return submission


@transaction.atomic
def approve(submission, *, by, at, seen, publish_at=None, note=None, correction=None, withdrawal=None):
    """Publish a submission, at once or at a set time, and return it.

    `seen` is the digest of the document that the reviewer read. The reviewer may mend the public
    note, the kind of correction and the reason of a withdrawal.
    """
    submission = _held(submission, State.IN_REVIEW)
    _demand(by, permission_of(submission))
    promise = _locked(submission.promise)
    _demand_second_person(submission, promise, by)
    now = document_digest(submission, promise)
    if seen != now:
        raise Unable("The change was changed again while you were reading. Read the difference as it now stands.")
    submission.digest = now
    submission.decided_by, submission.decided_at = by, at
    if note is not None:
        submission.note = note
    if correction:
        submission.correction = correction
    if submission.withdrawal and withdrawal:
        submission.withdrawal = withdrawal
    if publish_at is None:
        _publish(submission, promise, by=by, at=at)
        return submission
    if publish_at <= at:
        raise Unable(f"{time_in_words(publish_at)} has passed. Set a later time, or publish now.")
    if not submission.withdrawal and (problems := problems_of(promise, at=publish_at)):
        raise Unable(*problems)
    submission.state = State.SCHEDULED
    submission.publish_at = publish_at.replace(second=0, microsecond=0)
    submission.save()
    return submission


def time_in_words(moment):
    """A moment in British time: `3 June 2025, 10:00`."""
    moment = timezone.localtime(moment)
    return f"{in_words(moment.date())}, {moment:%H:%M}"


@transaction.atomic
def lift_if_changed(promises, *, at, by=None):
    """Take back to review what was approved for a time and has been changed since; returns what was taken.

    Call it after every change at the desk, with the promises it touched.
    """
    lifted = []
    waiting = Submission.objects.filter(promise__in=promises, state=State.SCHEDULED).select_related("promise")
    for submission in waiting.select_for_update(of=("self",)):
        if document_digest(submission, fresh(submission.promise_id)) != submission.digest:
            lifted.append(_lift(submission, at=at, by=by, why="It was changed after it had been approved."))
    return lifted


def _lift(submission, *, at, why, by=None):
    submission.state = State.IN_REVIEW
    set_for = submission.publish_at
    submission.publish_at = submission.decided_by = submission.decided_at = None
    submission.save()
    Comment.objects.create(
        submission=submission,
        by=by,
        at=at,
        text=f"{why} The set time, {time_in_words(set_for)}, is lifted; it waits for review again.",
    )
    return submission


def promises_showing(source):
    """The promises at the desk that list this source."""
    return Promise.objects.filter(promise_sources__source=source).distinct()


# Through the door


def _publish(submission, promise, *, by, at):
    """Publish what was approved; the caller has checked who and what."""
    at = _not_before_the_last_edition(at)
    note = submission.note
    if submission.withdrawal:
        publications = [Publication(promise, note=note, withdrawal=submission.withdrawal)]
    else:
        if problems := _unpublished_relations(promise):
            raise Unable(*problems)
        publications = [Publication(promise, note=note, correction=Kind(submission.correction))]
        publications += corrections_elsewhere(promise)
    given = _roles(submission, promise, by)
    try:
        edition = door.publish(publications, at=at, roles=given)
    except door.Refused as refused:
        raise Unable(*refused.problems) from refused
    submission.state = State.PUBLISHED
    submission.edition = edition.number
    submission.publish_at = None
    submission.save()
    what = audit.WITHDRAWN if submission.withdrawal else audit.PUBLISHED
    audit.mark(promise, edition, what, by=by)
    for other in publications[1:]:
        audit.mark(other.promise, edition, audit.SOURCE_CORRECTED, by=by)
    return edition


WAITS_AT_MOST = timedelta(minutes=1)


def _not_before_the_last_edition(at):
    """The moment itself, or that of an edition which came out while this publication waited for its turn."""
    door.one_at_a_time()
    last = Version.objects.order_by("-edition_id").values_list("edition__published_at", flat=True).first()
    return last if last and at < last <= at + WAITS_AT_MOST else at


PER_PROMISE = ("id", "claims")
"""What an entry in a list of sources says of the promise rather than of the source."""


def corrections_elsewhere(promise):
    """Return a Publication for every other published promise that shows a source of this one otherwise than it is.

    Each is made of what that promise last published, with this source's fields alone replaced, so
    that no draft of another promise goes public with it.
    """
    keys = {row.source_id: row.key for row in promise.promise_sources.all()}
    entries = {entry["id"]: entry for entry in snapshot_of(promise)["sources"]}
    said = {source: _public_part(entries[key]) for source, key in keys.items()}
    documents, titles = {}, {}
    for source, shown in audit.shown_sources(_perhaps_corrected(promise, said)).items():
        for other, version, entry in shown:
            if other.pk == promise.pk or _public_part(entry) == said[source]:
                continue
            _, document = documents.setdefault(other.pk, (other, {**version.snapshot}))
            document["sources"] = [
                {**listed, **said[source]} if listed["id"] == entry["id"] else listed for listed in document["sources"]
            ]
            titles.setdefault(other.pk, []).append(said[source]["title"])
    return [
        Publication(
            other,
            note=f"Corrected what is said of a source: {'; '.join(f'“{title}”' for title in titles[pk])}.",
            document=document,
        )
        for pk, (other, document) in documents.items()
    ]


def _public_part(entry):
    """What an entry in a list of sources says of the source itself."""
    return {name: value for name, value in entry.items() if name not in PER_PROMISE}


def _perhaps_corrected(promise, said):
    """The sources that may be said otherwise elsewhere: those this promise itself says otherwise than before, and
    those it takes up that were ever changed at the desk. All others were corrected together.
    """
    version = latest_version(promise.identity)
    before = [_public_part(entry) for entry in version.snapshot["sources"]] if version else []
    fresh = [source for source, public in said.items() if public not in before]
    changed = set(Source.history.filter(id__in=fresh, history_type="~").values_list("id", flat=True))
    return [source for source in fresh if source in changed]


def publish_due(*, at):
    """Publish everything approved for a time that has come; returns (published, put back to review).

    Each in a transaction of its own, so that one that cannot be published holds up no other. Safe
    to run twice at the same time.
    """
    published, put_back = [], []
    for pk in list(Submission.objects.due(at=at).values_list("pk", flat=True)):
        with transaction.atomic():
            try:
                submission = _held(Submission.objects.get(pk=pk), State.SCHEDULED)
            except Unable:
                continue  # somebody else was quicker
            if submission.publish_at > at:
                continue
            try:
                with transaction.atomic():
                    _publish_approved(submission, at=at)
                published.append(submission)
            except Unable as unable:
                submission.refresh_from_db()
                put_back.append(_lift(submission, at=at, why=" ".join(unable.sentences)))
    return published, put_back


def _publish_approved(submission, *, at):
    """Publish what was approved earlier, if it is still what was approved and whoever approved it still may."""
    promise = _locked(submission.promise)
    if document_digest(submission, promise) != submission.digest:
        raise Unable("It was changed after it had been approved.")
    by = submission.decided_by
    if not (by.is_active and may_publish(submission, promise, by)):
        raise Unable("Whoever approved it may not publish it any more.")
    _publish(submission, promise, by=by, at=at)


@transaction.atomic
def check(promises, *, by, at):
    """Record that somebody looked and nothing had changed: published at once, without a second person.

    Returns (the edition or None, sentences on those left out). Only what differs in nothing else
    from what is published can be checked.
    """
    _demand(by, "promises.submit_promise")
    today = timezone.localtime(at).date()
    rows = {p.pk: p for p in Promise.objects.select_for_update().filter(pk__in=[p.pk for p in promises])}
    drafts = drafts_of(Promise.objects.with_everything().filter(pk__in=rows), at=at)
    under_way = set(Submission.objects.open().filter(promise__in=rows).values_list("promise_id", flat=True))
    publications, left_out = [], []
    for pk, promise in rows.items():
        draft = drafts[pk]
        if draft.before is None:
            left_out.append(f"“{promise}” was never published. Submit it for review.")
        elif draft.was_withdrawn:
            left_out.append(f"“{promise}” is withdrawn.")
        elif pk in under_way or draft.differs_but_for_check:
            left_out.append(f"“{promise}” has a change that is not published. Submit it for review, or undo it.")
        elif draft.before["checked_on"] == today.isoformat():
            left_out.append(f"“{promise}” has been checked today already.")
        else:
            document = {**draft.before, "checked_on": today.isoformat()}
            publications.append(Publication(promise, document=document))
    if not publications:
        return None, left_out
    given = {"by": roles.role_of(by), "why": "a check needs no second person"}
    try:
        edition = door.publish(publications, at=_not_before_the_last_edition(at), roles=given)
    except door.Refused as refused:
        raise Unable(*refused.problems) from refused
    for publication in publications:
        promise = publication.promise
        Promise.objects.filter(pk=promise.pk).update(checked_on=today)
        promise.checked_on = today
        audit.mark(promise, edition, audit.CHECKED, by=by)
    return edition, left_out


def same_address(url, *, but=None):
    """Sources with the same address, in another writing too: without scheme, `www.`, fragment and last slash."""
    bare = bare_address(url)
    host = bare.partition("/")[0]
    if not host:
        return []
    near = Source.objects.filter(url__icontains=host).exclude(pk=but)
    return [source for source in near if bare_address(source.url) == bare]


def bare_address(url):
    """An address without what makes no difference to where it leads."""
    bare = url.strip().partition("#")[0].partition("://")[2]
    host, slash, path = bare.partition("/")
    return host.lower().removeprefix("www.") + (slash + path).rstrip("/")
