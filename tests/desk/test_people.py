"""People: invited by a link that works once, given a role, ended but never deleted."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.desk.conftest import Desk, fields_of

pytestmark = pytest.mark.django_db
PASSWORD = "another long enough word"


@pytest.fixture
def ann(at_desk):
    return at_desk("Administrator", name="ann")


def invitation(response):
    return response.content.decode().split('class="invitation">')[1].split("</code>")[0]


def set_password(link):
    """Open the link in a new browser and set a password; returns the answer."""
    client = Client()
    page = client.get(link, follow=True)
    if not page.redirect_chain:
        return page
    return client.post(page.redirect_chain[-1][0], {"password1": PASSWORD, "password2": PASSWORD})


def test_somebody_invited_sets_a_password_once_and_works(ann):
    response = ann.fill("/admin/auth/user/add/", "_save", username="newcomer", role="Editor", email="n@example.org")
    link = invitation(response)
    person = User.objects.get(username="newcomer")
    assert not person.has_usable_password()
    assert set_password(link).status_code == 302
    assert Client().login(username="newcomer", password=PASSWORD)
    person.refresh_from_db()
    assert Desk(person).get("/admin/promises/promise/").status_code == 200
    assert not set_password(link).has_header("Location")


def test_a_new_link_ends_the_earlier_one_once_used(ann, rita):
    path = f"/admin/auth/user/{rita.person.pk}/"
    values = ann.open(f"{path}change/")
    links = [invitation(ann.post(f"{path}invite/", values)) for _ in "ab"]
    assert set_password(links[1]).status_code == 302
    assert not set_password(links[0]).has_header("Location")


def test_a_new_password_ends_every_session(ann, rita):
    assert rita.get("/admin/").status_code == 200
    set_password(invitation(ann.client.post(f"/admin/auth/user/{rita.person.pk}/invite/")))
    assert rita.get("/admin/").status_code == 302


def test_a_role_given_is_noted(ann, rita):
    path = f"/admin/auth/user/{rita.person.pk}/"
    values = ann.open(f"{path}change/")
    assert values["role"] == "Researcher"
    ann.post(f"{path}change/", values, "_save", role="Editor")
    assert [group.name for group in rita.person.groups.all()] == ["Editor"]
    history = ann.get(f"{path}history/").content.decode()
    assert "Editor" in history
    assert "ann" in history


def test_whoever_leaves_is_ended_not_deleted(ann, rita):
    path = f"/admin/auth/user/{rita.person.pk}/change/"
    ann.post(path, ann.open(path), "_save", is_active=None)
    assert rita.get("/admin/").status_code == 302
    assert User.objects.filter(username="rita", is_active=False).exists()


def test_nobody_locks_themselves_out(ann):
    path = f"/admin/auth/user/{ann.person.pk}/change/"
    response = ann.post(path, ann.open(path), "_save", is_active=None)
    assert "cannot end your own sign-in" in response.content.decode()
    assert fields_of(response)["username"] == "ann"
    assert User.objects.get(username="ann").is_active
