"""The review screen: read, mend the note, publish now or at a set time, or send back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from promises.desk import workflow
from promises.desk.models import Submission
from promises.desk.models.submission import State
from promises.record.version import Version
from tests.desk.test_workflow import by, seen
from tests.factories import a_person, a_promise_source, a_published_promise, a_source, an_update, broken, publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def submission(rita):
    promise = by(
        rita.person, a_published_promise(summary="It was promised to all."), summary="It was promised to some."
    )
    return workflow.submit(promise, by=rita.person, at=timezone.now(), note="Narrower.")


def screen(submission):
    return f"/admin/promises/submission/{submission.pk}/change/"


def test_the_difference_is_shown_word_by_word(submission, edwin):
    page = edwin.get(screen(submission)).content.decode()
    assert "It was promised to <del>all</del><ins>some</ins>." in page
    assert "Written by rita" in page
    assert "1 difference from what is published" in page


def test_the_reviewer_mends_the_note_and_the_kind(submission, edwin):
    edwin.fill(screen(submission), "_publish", note="Not all towns.", correction="major_correction", comment="Fine.")
    version = Version.objects.latest("pk")
    assert (version.note, version.kind) == ("Not all towns.", "major_correction")
    submission.refresh_from_db()
    assert (submission.state, submission.edition) == (State.PUBLISHED, version.edition_id)
    assert [comment.text for comment in submission.comments.all()] == ["Fine."]
    assert "in edition 2" in edwin.get(screen(submission)).content.decode()


def test_a_set_time_is_british(submission, edwin):
    edwin.fill(screen(submission), "_set", publish_at="2099-07-01T10:00")
    submission.refresh_from_db()
    assert submission.publish_at == datetime(2099, 7, 1, 9, 0, tzinfo=UTC)
    assert "1 July 2099, 10:00, British time" in edwin.get(screen(submission)).content.decode()
    assert Version.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("", "Give the day and the time"),
        ("2001-01-01T10:00", "has passed"),
        ("2099-03-29T01:30", "may not exist"),
        ("tomorrow", "Enter a valid date/time"),
    ],
)
def test_a_time_that_is_none_is_refused_in_words(submission, edwin, given, words):
    page = edwin.fill(screen(submission), "_set", publish_at=given, note="Kept as typed").content.decode()
    assert words in page
    assert "Kept as typed" in page
    submission.refresh_from_db()
    assert submission.state == State.IN_REVIEW


def test_sent_back_with_a_comment_and_submitted_again(submission, rita, edwin):
    assert "Say in a comment" in edwin.fill(screen(submission), "_send_back").content.decode()
    edwin.fill(screen(submission), "_send_back", comment="Which towns?")
    assert "Which towns?" in rita.get(screen(submission)).content.decode()
    rita.fill(screen(submission), "_comment", comment="Those in the list.")
    rita.fill(f"/admin/promises/promise/{submission.promise_id}/submit/", "_submit", note="Narrower, by list.")
    assert Submission.objects.get().state == State.IN_REVIEW
    page = edwin.get(screen(submission)).content.decode()
    assert "Those in the list." in page
    assert "Narrower, by list." in page


def test_what_changed_while_it_was_read_is_not_published(submission, rita, edwin):
    values = edwin.open(screen(submission))
    by(rita.person, submission.promise, title="Something else")
    page = edwin.post(screen(submission), values, "_publish").content.decode()
    assert "changed again while you were reading" in page
    assert "Changed since it was submitted" in page
    assert Version.objects.count() == 1
    edwin.fill(screen(submission), "_publish")
    assert Version.objects.latest("pk").snapshot["title"] == "Something else"


def test_who_wrote_a_part_is_told_so(submission, edwin):
    by(edwin.person, submission.promise, title="Something else")
    page = edwin.get(screen(submission)).content.decode()
    assert "You wrote part of this" in page
    assert "Publish now" not in page
    assert "second person" in edwin.fill(screen(submission), "_publish").content.decode()
    assert Version.objects.count() == 1


def test_what_would_be_corrected_elsewhere_is_told(rita, edwin):
    source = a_source(title="The paper")
    first, second = a_published_promise(), a_published_promise(title="The other promise")
    for promise in (first, second):
        a_promise_source(promise, source)
    publish(first, second, at=timezone.now() - timedelta(hours=1))
    by(rita.person, source, title="The Paper")
    submission = workflow.submit(first, by=rita.person, at=timezone.now())
    page = edwin.get(screen(submission)).content.decode()
    assert "also corrects it there" in page
    assert "The other promise" in page


def test_a_withdrawal_is_proposed_with_a_reason_and_published_by_another(rita, edwin):
    promise = a_published_promise()
    path = f"/admin/promises/promise/{promise.pk}/withdraw/"
    assert "Say why" in rita.fill(path, reason=" ").content.decode()
    rita.fill(path, reason="It was never promised.")
    assert Client().get(f"/promises/{promise.slug}/").status_code == 200
    edwin.fill(screen(Submission.objects.get()), "_publish", withdrawal="It was never promised to anybody.")
    gone = Client().get(f"/promises/{promise.slug}/")
    assert gone.status_code == 410
    assert "never promised to anybody" in gone.content.decode()


def test_a_reason_with_characters_that_cannot_be_seen_is_refused_and_kept(rita):
    path = f"/admin/promises/promise/{a_published_promise().pk}/withdraw/"
    response = rita.fill(path, reason="It was never\x0b said.")
    assert response.status_code == 200
    assert "cannot be seen" in response.content.decode()
    assert "It was never\x0b said." in response.content.decode()
    assert not Submission.objects.exists()


@pytest.mark.parametrize("key", ["²", "9" * 30, "9" * 5000])
def test_a_submission_that_is_none_is_not_found(edwin, key):
    assert edwin.get(f"/admin/promises/submission/{key}/change/").status_code == 404


def test_an_update_of_a_day_to_come_says_from_when_it_can_be_published(rita, edwin):
    promise = a_published_promise()
    tomorrow = timezone.localdate() + timedelta(days=1)
    an_update(promise, broken(tomorrow.isoformat()))
    submission = workflow.submit(promise, by=rita.person, at=timezone.now())
    assert "day to come" in edwin.get(screen(submission)).content.decode()
    assert "after today" in edwin.fill(screen(submission), "_publish").content.decode()
    preview = rita.get(f"/admin/promises/promise/{promise.pk}/preview/").content.decode()
    assert f"Broken on {tomorrow.day} " in preview


def test_a_set_time_comes_true_for_the_public_at_that_minute(submission):
    editor = a_person(role="Editor")
    now = timezone.now().replace(second=0, microsecond=0)
    moment = now + timedelta(minutes=10)
    workflow.approve(submission, by=editor, at=now, seen=seen(submission), publish_at=moment)
    path = f"/promises/{submission.promise.slug}.json"
    workflow.publish_due(at=moment - timedelta(seconds=1))
    assert Client().get(path).json()["promise"]["summary"] == "It was promised to all."
    workflow.publish_due(at=moment)
    assert Client().get(path).json()["promise"]["summary"] == "It was promised to some."
