"""A change on its way from draft to door, asked of the functions themselves."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from promises.desk import audit, workflow
from promises.desk.models import Promise, Submission
from promises.desk.models.submission import State
from promises.desk.workflow import Unable
from promises.record.edition import Edition
from promises.record.listing import Listing
from promises.record.version import Version
from promises.statuses import Kind
from tests.factories import (
    a_person,
    a_promise,
    a_promise_source,
    a_published_promise,
    a_source,
    an_update,
    broken,
    made,
    publish,
    under_way,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 6, 3, 9, 0, tzinfo=timezone.get_default_timezone())
MINUTE = timedelta(minutes=1)


@pytest.fixture
def researcher():
    return a_person("rita")


@pytest.fixture
def editor():
    return a_person("edwin", role="Editor")


def by(person, row, **fields):
    """Change a row as that person would at the desk."""
    for name, value in fields.items():
        setattr(row, name, value)
    row._history_user = person
    row.save()
    return row


def a_draft(person, **fields):
    """A published promise that this person has changed since."""
    promise = a_published_promise()
    return by(person, promise, **fields or {"summary": "It was promised to all."})


def submitted(person, **fields):
    return workflow.submit(a_draft(person, **fields), by=person, at=NOW, note="Clearer words.")


def seen(submission):
    return workflow.document_digest(submission, workflow.fresh(submission.promise_id))


def approve(submission, person, at=NOW, **given):
    return workflow.approve(submission, by=person, at=at, seen=seen(submission), **given)


def latest(promise):
    return Version.objects.latest_of([Promise.objects.get(pk=promise.pk).identity]).get()


def test_a_second_person_publishes_what_was_submitted(researcher, editor):
    submission = approve(submitted(researcher), editor)
    version = latest(submission.promise)
    assert submission.state == State.PUBLISHED
    assert submission.edition == version.edition_id == 2
    assert version.snapshot["summary"] == "It was promised to all."
    assert version.note == "Clearer words."
    assert version.kind == Kind.MINOR_CORRECTION
    assert version.edition.roles == {"by": "researcher", "checked_by": "editor"}


@pytest.mark.parametrize("role", ["Editor", "Administrator", "superuser"])
def test_nobody_publishes_what_they_changed(role, researcher):
    person = User.objects.create_superuser("su") if role == "superuser" else a_person("both", role=role)
    submission = submitted(person)
    with pytest.raises(Unable, match="second person"):
        approve(submission, person)
    with pytest.raises(Unable, match="second person"):
        approve(submission, person, publish_at=NOW + MINUTE)
    assert Edition.objects.count() == 1


def test_a_researcher_publishes_nothing(researcher):
    other = a_person("rob")
    with pytest.raises(PermissionDenied):
        approve(submitted(researcher), other)


@pytest.mark.parametrize("what", ["update", "citation", "deleted citation", "shared source", "new source", "evidence"])
def test_whoever_changed_a_part_is_an_author_too(what, researcher, editor):
    promise = a_published_promise(made(), under_way())
    tie = promise.promise_sources.get()
    if what == "update":
        by(editor, promise.updates.first(), headline="Another headline")
    elif what == "citation":
        by(editor, promise.updates.first().citations.get(), quoted="word for word")
    elif what == "deleted citation":
        other = a_promise_source(promise)
        an_update(promise, broken(), source=other).citations.create(source=tie)._history_user = editor
        citation = promise.updates.last().citations.get(source=tie)
        citation._history_user = editor
        citation.delete()
    elif what == "shared source":
        by(editor, tie.source, publisher="Another office")
    elif what == "new source":
        source = a_source()
        by(editor, source, publisher="Written by the editor")
        a_promise_source(promise, source)
    else:
        row = a_promise_source(promise, claims=["A claim"]).evidence_rows.get()
        by(editor, row, claim="Another claim")
    by(researcher, promise, summary="It was promised to all.")
    submission = workflow.submit(promise, by=researcher, at=NOW)
    with pytest.raises(Unable, match="second person"):
        approve(submission, editor)
    assert approve(submission, a_person("eve", role="Editor")).state == State.PUBLISHED


def test_who_changed_it_before_the_last_publication_is_no_author(researcher, editor):
    promise = submitted(editor).promise
    approve(workflow.open_submission(promise), a_person("eve", role="Editor"))
    by(researcher, promise, summary="It was promised to most.")
    assert approve(workflow.submit(promise, by=researcher, at=NOW), editor).edition == 3


def test_a_submitter_is_an_author_even_after_another_submits_again(researcher, editor):
    submission = submitted(researcher)
    workflow.submit(submission.promise, by=editor, at=NOW)
    workflow.submit(submission.promise, by=researcher, at=NOW)
    with pytest.raises(Unable, match="second person"):
        approve(Submission.objects.get(), editor)


def test_without_the_rule_the_edition_says_so(settings, editor):
    settings.SECOND_PERSON_RULE = False
    submission = approve(submitted(editor), editor)
    roles = Edition.objects.get(number=submission.edition).roles
    assert roles["by"] == "editor"
    assert "without a second person" in roles["why"]
    assert "checked_by" not in roles


def test_what_was_read_is_what_is_published(researcher, editor):
    submission = submitted(researcher)
    read = seen(submission)
    by(researcher, submission.promise, summary="Something else")
    with pytest.raises(Unable, match="changed again"):
        workflow.approve(submission, by=editor, at=NOW, seen=read)
    assert approve(submission, editor).state == State.PUBLISHED


def test_a_set_time_is_kept_to_the_minute(researcher, editor):
    submission = approve(submitted(researcher), editor, publish_at=NOW + timedelta(hours=1))
    assert workflow.publish_due(at=NOW + timedelta(minutes=59, seconds=59)) == ([], [])
    assert latest(submission.promise).edition_id == 1
    published, put_back = workflow.publish_due(at=NOW + timedelta(hours=1))
    assert (published, put_back) == ([submission], [])
    version = latest(submission.promise)
    assert version.edition.published_at == NOW + timedelta(hours=1)
    assert version.edition.roles == {"by": "researcher", "checked_by": "editor"}
    assert workflow.publish_due(at=NOW + timedelta(hours=2)) == ([], [])


def test_a_set_time_must_be_to_come(researcher, editor):
    with pytest.raises(Unable, match="has passed"):
        approve(submitted(researcher), editor, publish_at=NOW)


def test_a_change_after_approval_goes_back_to_review(researcher, editor):
    submission = approve(submitted(researcher), editor, publish_at=NOW + MINUTE)
    by(researcher, submission.promise, summary="Something else")
    assert workflow.lift_if_changed([submission.promise], at=NOW) == [submission]
    submission.refresh_from_db()
    assert submission.state == State.IN_REVIEW
    assert submission.publish_at is None
    assert "lifted" in submission.comments.get().text


def test_a_change_that_nobody_noticed_is_noticed_when_its_time_comes(researcher, editor):
    submission = approve(submitted(researcher), editor, publish_at=NOW + MINUTE)
    by(researcher, submission.promise.promise_sources.get().source, title="Another title")
    published, put_back = workflow.publish_due(at=NOW + MINUTE)
    assert (published, put_back) == ([], [submission])
    assert put_back[0].state == State.IN_REVIEW
    assert Edition.objects.count() == 1


def test_an_approval_ends_with_the_role_of_whoever_gave_it(researcher, editor):
    submission = approve(submitted(researcher), editor, publish_at=NOW + MINUTE)
    editor.groups.clear()
    assert workflow.publish_due(at=NOW + MINUTE) == ([], [submission])
    assert Edition.objects.count() == 1


def test_one_that_cannot_be_published_holds_up_no_other(researcher, editor):
    first, second = (approve(submitted(researcher), editor, publish_at=NOW + MINUTE) for _ in "ab")
    by(researcher, first.promise, slug=a_published_promise().slug + "-x", summary="changed")
    assert workflow.publish_due(at=NOW + MINUTE) == ([second], [first])


def test_an_update_of_tomorrow_waits_for_tomorrow(researcher, editor):
    promise = a_published_promise()
    an_update(promise, broken("2025-06-04"))
    submission = workflow.submit(promise, by=researcher, at=NOW)
    with pytest.raises(Unable, match="after today"):
        approve(submission, editor)
    with pytest.raises(Unable, match="after today"):
        approve(submission, editor, publish_at=NOW + timedelta(hours=14))
    approve(submission, editor, publish_at=NOW + timedelta(days=1))
    assert workflow.publish_due(at=NOW + timedelta(days=1)) == ([submission], [])


def test_what_is_sent_back_can_be_submitted_again(researcher, editor):
    submission = submitted(researcher)
    with pytest.raises(Unable, match="comment"):
        workflow.send_back(submission, by=editor, at=NOW, comment=" ")
    workflow.send_back(submission, by=editor, at=NOW, comment="Where is the source?")
    with pytest.raises(Unable, match="settled"):
        approve(submission, editor)
    again = workflow.submit(submission.promise, by=researcher, at=NOW)
    assert again == submission
    assert again.state == State.IN_REVIEW
    assert again.note == "Clearer words."
    assert approve(again, editor).state == State.PUBLISHED


def test_what_is_taken_back_is_not_published(researcher, editor):
    submission = approve(submitted(researcher), editor, publish_at=NOW + MINUTE)
    with pytest.raises(PermissionDenied):
        workflow.take_back(submission, by=a_person("rob"), at=NOW)
    workflow.take_back(submission, by=researcher, at=NOW)
    assert workflow.publish_due(at=NOW + MINUTE) == ([], [])


def test_what_cannot_be_published_cannot_be_submitted(researcher):
    promise = by(researcher, a_published_promise())
    promise.updates.create(**broken())
    with pytest.raises(Unable, match="sources is empty"):
        workflow.submit(promise, by=researcher, at=NOW)


def test_nothing_new_is_nothing_to_submit(researcher):
    with pytest.raises(Unable, match="Nothing differs"):
        workflow.submit(a_published_promise(), by=researcher, at=NOW)


def test_a_draft_is_not_named_as_a_related_promise(researcher):
    promise = a_published_promise()
    promise.related_rows.create(related=a_promise(title="Secret plan"))
    with pytest.raises(Unable, match="has not been published"):
        workflow.submit(promise, by=researcher, at=NOW)


def test_a_withdrawal_goes_through_a_second_person(researcher, editor):
    promise = by(researcher, a_published_promise(), title="A secret new title")
    submission = workflow.propose_withdrawal(promise, by=researcher, at=NOW, reason="It was never promised.")
    approve(submission, editor)
    version = latest(promise)
    assert version.kind == Kind.WITHDRAWAL
    assert version.snapshot["withdrawn"] == "It was never promised."
    assert "secret" not in version.snapshot_text
    assert not Listing.objects.filter(promise_id=version.promise_id, edition_to__gt=100).exists()
    # The draft is still whose it was: its author may not publish it.
    assert audit.authors([promise]) == {promise.pk: {researcher.pk}}


def test_a_withdrawal_waits_for_no_draft(researcher):
    submission = submitted(researcher)
    with pytest.raises(Unable, match="under way"):
        workflow.propose_withdrawal(submission.promise, by=researcher, at=NOW, reason="Wrong.")


def test_a_check_needs_no_second_person(researcher):
    promise = a_published_promise()
    edition, left_out = workflow.check([promise], by=researcher, at=NOW)
    version = latest(promise)
    assert left_out == []
    assert (version.kind, version.edition) == (Kind.CHECK, edition)
    assert version.snapshot["checked_on"] == "2025-06-03"
    assert edition.roles == {"by": "researcher", "why": "a check needs no second person"}
    assert workflow.draft_of(workflow.fresh(promise.pk), at=NOW).differs is False


def test_a_check_publishes_no_draft(researcher):
    promise, clean = a_draft(researcher), a_published_promise()
    edition, left_out = workflow.check([promise, clean, a_promise()], by=researcher, at=NOW)
    assert [version.promise_id for version in edition.versions.all()] == [clean.identity]
    assert "not published" in left_out[0]
    assert "never published" in left_out[1]


def test_a_source_corrected_is_corrected_everywhere_and_no_draft_leaks(researcher, editor):
    source = a_source(title="The white paper")
    first, second, third = a_promise(), a_promise(), a_promise()
    for promise in (first, second):
        a_promise_source(promise, source)
    publish(first, second, third)
    a_promise_source(third, source)  # a draft only
    by(researcher, second, summary="A secret draft of the other promise")
    by(editor, third, summary="A secret draft of the third")
    by(researcher, source, archived_url="https://example.org/archived", title="The White Paper")
    submission = approve(workflow.submit(first, by=researcher, at=NOW), editor)
    edition = Edition.objects.get(number=submission.edition)
    assert {version.promise_id for version in edition.versions.all()} == {first.identity, second.identity}
    version = latest(second)
    assert version.kind == Kind.MINOR_CORRECTION
    assert [s["archived_url"] for s in version.snapshot["sources"]] == [None, "https://example.org/archived"]
    assert "secret" not in version.snapshot_text
    assert "The White Paper" in version.note
    assert latest(third).edition_id == 1
    # The draft of the other promise keeps its author.
    assert audit.authors([second]) == {second.pk: {researcher.pk}}


def test_a_rename_leaves_the_old_key_behind(researcher, editor):
    submission = approve(submitted(researcher, slug="a-new-key"), editor)
    version = latest(submission.promise)
    assert version.kind == Kind.RENAME
    assert version.slug == "a-new-key"
    assert len(version.snapshot["former_slugs"]) == 1


def test_a_key_of_another_promise_is_not_taken(researcher):
    old = a_published_promise()
    former, old.slug = old.slug, "another-key"
    old.save()
    publish(old, at=NOW)
    promise = a_promise(slug=former)
    with pytest.raises(Unable, match="never used again"):
        workflow.submit(promise, by=researcher, at=NOW)


def test_publications_at_nearly_the_same_moment_wait_for_each_other(researcher, editor):
    one, two = submitted(researcher), submitted(researcher)
    approve(one, editor, at=NOW + timedelta(seconds=5))
    approve(two, editor, at=NOW)
    assert Version.objects.latest("pk").edition.published_at == NOW + timedelta(seconds=5)
