"""Every role and every action, asked from outside."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from promises.desk import workflow
from promises.desk.models import Promise, Submission
from promises.desk.models.submission import State
from promises.record.edition import Edition
from tests.desk.conftest import Desk
from tests.desk.test_workflow import by
from tests.factories import a_person, a_promise, a_published_promise, an_update, broken

pytestmark = pytest.mark.django_db

ROLES = ("stranger", "no role", "Researcher", "Editor", "Administrator")
EDITORS = {"Editor", "Administrator"}
WRITERS = {"Researcher", *EDITORS}


def put_forward(**of_submission):
    """A change of a published promise, submitted by somebody else."""
    writer = a_person()
    promise = by(writer, a_published_promise(), summary="It was promised to all.")
    return workflow.submit(promise, by=writer, at=timezone.now(), **of_submission)


def a_withdrawal():
    return workflow.propose_withdrawal(a_published_promise(), by=a_person(), at=timezone.now(), reason="Wrong.")


def a_draft_with(person, **fields):
    return by(person, a_published_promise(), **fields)


def review(submission):
    return f"/admin/promises/submission/{submission.pk}/change/"


def decide(press, **given):
    """An action on the review screen: does its work, and says whether it was done."""

    def act(desk):
        submission = put_forward()
        seen = workflow.document_digest(submission, workflow.fresh(submission.promise_id))
        given_all = {"note": "n", "correction": "minor_correction", "seen": seen, press: "", **given}
        response = desk.client.post(review(submission), given_all)
        submission.refresh_from_db()
        return submission.state != State.IN_REVIEW or (submission.comments.exists() and response.status_code == 302)

    return act


def withdraw(desk):
    submission = a_withdrawal()
    seen = workflow.document_digest(submission, workflow.fresh(submission.promise_id))
    desk.client.post(review(submission), {"note": "", "withdrawal": "Wrong.", "seen": seen, "_publish": ""})
    return Edition.objects.latest("number").versions.get().kind == "withdrawal"


def opens(path, row=None):
    def act(desk):
        where = path.format(row().pk) if row else path
        return desk.get(f"/admin/{where}").status_code == 200

    return act


def deletes(path, row):
    def act(desk):
        it = row()
        desk.client.post(f"/admin/{path.format(it.pk)}", {"post": "yes"})
        return not type(it).objects.filter(pk=it.pk).exists()

    return act


def submit(desk):
    promise = a_draft_with(a_person(), summary="Another")
    desk.client.post(f"/admin/promises/promise/{promise.pk}/submit/", {"note": "n", "correction": "minor_correction"})
    return Submission.objects.filter(promise=promise).exists()


def check(desk):
    promise = a_published_promise()
    desk.client.post(f"/admin/promises/promise/{promise.pk}/check/")
    return Edition.objects.latest("number").versions.get().kind == "check"


def propose_withdrawal(desk):
    promise = a_published_promise()
    desk.client.post(f"/admin/promises/promise/{promise.pk}/withdraw/", {"reason": "Wrong."})
    return Submission.objects.filter(promise=promise).exists()


def save_promise(desk):
    promise = a_promise()
    path = f"/admin/promises/promise/{promise.pk}/change/"
    response = desk.get(path)
    if response.status_code != 200 or b'name="title"' not in response.content:
        values = {"title": "Another title"}
    else:
        values = desk.open(path)
    desk.post(path, values, "_save", title="Another title")
    return Promise.objects.get(pk=promise.pk).title == "Another title"


def save_update(desk):
    promise = a_promise()
    path = f"/admin/promises/promise/{promise.pk}/change-of-status/"
    given = {"status": "broken", "reason": "dropped", "date": "2022", "headline": "h", "explanation": "e"}
    values = desk.open(path) if desk.get(path).status_code == 200 else {}
    desk.post(path, values, "_save", **given)
    return promise.updates.count() == 2


def invite(desk):
    desk.client.post("/admin/auth/user/add/", {"username": "newcomer", "role": "Editor", "email": ""})
    return User.objects.filter(username="newcomer").exists()


def reset(desk):
    person = a_person()
    return desk.client.post(f"/admin/auth/user/{person.pk}/invite/").status_code == 200


def give_role(desk):
    person = a_person("promoted")
    path = f"/admin/auth/user/{person.pk}/change/"
    desk.client.post(path, {"username": "promoted", "role": "Editor", "is_active": "on"})
    return person.groups.get().name == "Editor"


def become_superuser(desk):
    path = f"/admin/auth/user/{desk.person.pk}/change/"
    given = {"username": desk.person.username, "role": "Administrator", "is_active": "on"}
    desk.client.post(path, given | {"is_superuser": "on", "user_permissions": ["1"], "password": "x"})
    person = User.objects.get(pk=desk.person.pk)
    return person.is_superuser or person.user_permissions.exists()


def a_published_update():
    return a_published_promise().updates.get()


ACTIONS = {
    "open the desk": (opens(""), {"no role", *WRITERS}),
    "read the guide": (opens("guide/"), {"no role", *WRITERS}),
    "list promises": (opens("promises/promise/"), WRITERS),
    "list sources": (opens("promises/source/"), WRITERS),
    "list submissions": (opens("promises/submission/"), WRITERS),
    "list people": (opens("auth/user/"), {"Administrator"}),
    "see a promise": (opens("promises/promise/{}/change/", a_promise), WRITERS),
    "preview": (opens("promises/promise/{}/preview/", a_promise), WRITERS),
    "see who did what": (opens("promises/promise/{}/history/", a_promise), WRITERS),
    "see what somebody did": (opens("people/{}/did/", a_person), {"Administrator"}),
    "look up a place": (opens("promises/place/"), WRITERS),
    "add a theme": (opens("promises/theme/add/"), set()),
    "see a group": (opens("auth/group/"), set()),
    "change a promise": (save_promise, WRITERS),
    "record a change": (save_update, WRITERS),
    "submit": (submit, WRITERS),
    "record a check": (check, WRITERS),
    "propose a withdrawal": (propose_withdrawal, WRITERS),
    "comment": (decide("_comment", comment="A comment"), WRITERS),
    "publish": (decide("_publish"), EDITORS),
    "publish at a set time": (decide("_set", publish_at="2099-01-01T10:00"), EDITORS),
    "send back": (decide("_send_back", comment="Mend this"), EDITORS),
    "take back what another submitted": (decide("_take_back"), EDITORS),
    "publish a withdrawal": (withdraw, EDITORS),
    "delete a draft": (deletes("promises/promise/{}/delete/", a_promise), WRITERS),
    "delete a draft of an update": (
        deletes("promises/update/{}/delete/", lambda: an_update(a_published_promise(), broken())),
        WRITERS,
    ),
    "delete what is published": (deletes("promises/promise/{}/delete/", a_published_promise), set()),
    "delete a published update": (deletes("promises/update/{}/delete/", a_published_update), set()),
    "delete a submission": (deletes("promises/submission/{}/delete/", put_forward), set()),
    "delete a person": (deletes("auth/user/{}/delete/", a_person), set()),
    "invite": (invite, {"Administrator"}),
    "make a new link": (reset, {"Administrator"}),
    "give a role": (give_role, {"Administrator"}),
    "become more than the role allows": (become_superuser, set()),
}


class Stranger(Desk):
    """Somebody who is not signed in."""

    def __init__(self):
        super().__init__(a_person())
        self.client.logout()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_this_and_no_more(role, action):
    act, allowed = ACTIONS[action]
    desk = Stranger() if role == "stranger" else Desk(a_person(role=None if role == "no role" else role))
    assert act(desk) == (role in allowed)


def test_an_inactive_person_is_a_stranger():
    desk = Desk(a_person(role="Editor"))
    User.objects.filter(pk=desk.person.pk).update(is_active=False)
    assert desk.get("/admin/").status_code == 302


def test_a_superuser_publishes_nothing_of_their_own():
    desk = Desk(User.objects.create_superuser("root"))
    promise = a_draft_with(desk.person, summary="Mine")
    submission = workflow.submit(promise, by=desk.person, at=timezone.now())
    page = desk.fill(review(submission), "_publish").content.decode()
    assert "a second person publishes it" in page
    assert Edition.objects.count() == 1


def test_an_administrator_does_not_change_a_superuser():
    root = User.objects.create_superuser("root")
    desk = Desk(a_person(role="Administrator"))
    path = f"/admin/auth/user/{root.pk}/change/"
    assert desk.client.post(path, {"username": "toor", "role": "Researcher"}).status_code == 403
    assert desk.client.post(f"/admin/auth/user/{root.pk}/invite/").status_code == 403
