"""What two people, or two machines, do at the same moment."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from promises.desk import workflow
from promises.record.edition import Edition
from tests.desk.test_workflow import seen, submitted
from tests.factories import a_person

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works):
    """Do things in threads that begin together; returns what each returned, or the exception it met."""
    start, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        start.wait()
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_timers_publish_what_is_due_once():
    now = timezone.now()
    before = now - timedelta(hours=1)
    for _ in range(3):
        submission = submitted(a_person())
        editor = a_person(role="Editor")
        workflow.approve(submission, by=editor, at=before, seen=seen(submission), publish_at=now)
    editions = Edition.objects.count()
    results = at_once(lambda: workflow.publish_due(at=now), lambda: workflow.publish_due(at=now))
    assert sum(len(published) for published, _ in results) == 3
    assert not any(put_back for _, put_back in results)
    assert Edition.objects.count() == editions + 3


def test_two_editors_press_publish_and_one_is_told():
    submission = submitted(a_person())
    digest, now = seen(submission), timezone.now()
    editors = [a_person(role="Editor") for _ in "ab"]
    editions = Edition.objects.count()
    results = at_once(*(lambda e=e: workflow.approve(submission, by=e, at=now, seen=digest) for e in editors))
    assert sorted(type(result).__name__ for result in results) == ["Submission", "Unable"]
    assert Edition.objects.count() == editions + 1


def test_two_who_submit_the_same_promise_share_one_submission():
    first = submitted(a_person())
    now = timezone.now()
    workflow.take_back(first, by=first.submitted_by, at=now)
    people = [a_person() for _ in "ab"]
    results = at_once(*(lambda p=p: workflow.submit(first.promise, by=p, at=now) for p in people))
    assert results[0] == results[1]
    assert first.promise.submissions.count() == 2
