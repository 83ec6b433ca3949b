"""The front page: what waits for whom."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from promises.desk import workflow
from promises.desk.admin.front import due_for_checking
from promises.desk.models import Promise
from tests.desk.test_workflow import approve, by
from tests.factories import a_person, a_promise, a_published_promise, publish

pytestmark = pytest.mark.django_db


def published(**fields):
    return a_published_promise(at=timezone.now() - timedelta(days=1), **fields)


def piles(desk):
    """The titles in each pile of the front page, by key."""
    return {pile.key: [item.title for item in pile.items] for pile in desk.get("/admin/").context["piles"]}


def put_forward(person, title):
    promise = by(person, published(), title=title)
    return workflow.submit(promise, by=person, at=timezone.now())


def test_what_waits_is_told_to_those_who_can_act(rita, edwin):
    hers, his = put_forward(rita.person, "Hers"), put_forward(edwin.person, "His")
    assert piles(edwin)["waiting"] == ["Hers"]
    assert piles(edwin)["elsewhere"] == ["His"]
    assert "waiting" not in piles(rita)
    assert piles(rita)["elsewhere"] == ["Hers", "His"]
    workflow.send_back(hers, by=edwin.person, at=timezone.now(), comment="Mend it")
    assert piles(rita)["sent-back"] == ["Hers"]
    assert piles(edwin)["sent-back"] == []
    approve(his, a_person(role="Editor"), at=timezone.now(), publish_at=timezone.now() + timedelta(days=1))
    assert piles(rita)["scheduled"] == ["His"]


def test_my_drafts_are_mine_and_nobody_has_submitted_them(rita, edwin):
    by(rita.person, published(), title="Changed by rita")
    by(edwin.person, a_promise(), title="Begun by edwin")
    put_forward(rita.person, "Submitted by rita")
    unchanged = published()
    by(rita.person, unchanged)
    update = published(title="With an update of rita's").updates.get()
    by(rita.person, update, headline="Another headline")
    assert sorted(piles(rita)["drafts"]) == ["Changed by rita", "With an update of rita's"]
    assert piles(edwin)["drafts"] == ["Begun by edwin"]


@pytest.mark.parametrize(
    ("due_on", "checked_on", "is_due"),
    [
        (None, "2025-05-01", False),
        (None, "2025-03-04", True),
        (None, None, True),
        ("2025-05-15", "2025-05-14", True),
        ("2025-05-15", "2025-05-16", False),
        ("2025-05", "2025-05-30", True),
        ("2025-05", "2025-06-01", False),
        ("2025", "2025-05-30", False),
        ("2024", "2025-05-30", False),
        ("2025-06-03", "2025-05-30", False),
        ("2025-06-02", "2025-05-30", True),
    ],
)
def test_what_is_due_for_checking(due_on, checked_on, is_due):
    promise = a_published_promise(due_on=due_on, checked_on=checked_on and date.fromisoformat(checked_on))
    found = due_for_checking(Promise.objects.all(), today=date(2025, 6, 3))
    assert (promise in found) == is_due


def test_drafts_and_withdrawn_promises_are_not_due_for_checking():
    a_promise(checked_on=None)
    publish(a_published_promise(checked_on=None), withdrawal="Wrong.")
    assert not due_for_checking(Promise.objects.all(), today=date(2025, 6, 3)).exists()


def test_a_check_from_the_front_page_leads_back_there(rita):
    promise = a_published_promise(checked_on=None)
    assert piles(rita)["due"] == [promise.title]
    response = rita.client.post(f"/admin/promises/promise/{promise.pk}/check/", {"back": "desk"})
    assert response.url == "/admin/"
    assert piles(rita)["due"] == []


def test_the_front_page_costs_the_same_for_any_number(rita, edwin):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            edwin.get("/admin/")
        return len(queries)

    put_forward(rita.person, "One")
    by(edwin.person, a_promise(), title="A draft")
    first = cost()
    for number in range(4):
        put_forward(rita.person, f"Another {number}")
        by(edwin.person, a_promise(), title=f"Draft {number}")
        published(checked_on=None)
    assert cost() <= first + 1
