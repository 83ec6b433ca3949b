"""A session that ends loses nothing of what was typed."""

import pytest
from django.contrib.sessions.models import Session

from promises.desk.admin import kept
from promises.desk.models import Promise, Update
from tests.desk.conftest import fields_of
from tests.desk.test_record_a_change import NEW, WHAT, screen
from tests.factories import a_promise, a_published_promise

pytestmark = pytest.mark.django_db


def sign_in_again(desk, response):
    """Follow the way to the sign-in page, sign in by password, and return the page that comes then."""
    given = {"login": desk.person.username, "password": "a long enough word"}
    login = desk.client.get(response.url, follow=True)
    address, _ = login.redirect_chain[-1] if login.redirect_chain else (response.url, 0)
    return desk.client.post(address, given, follow=True)


def test_a_change_is_there_again_after_signing_in(rita):
    path = screen(a_published_promise())
    values = rita.open(path)
    Session.objects.all().delete()
    response = sign_in_again(rita, rita.post(path, values, "_submit", **WHAT, **NEW))
    assert "You had been signed out" in response.content.decode()
    assert Update.objects.filter(number=None).count() == 0
    again = fields_of(response)
    assert again["headline"] == WHAT["headline"]
    assert again["new0-title"] == NEW["new0-title"]
    rita.post(path, again, "_save")
    assert Update.objects.filter(number=None).count() == 1
    assert "You had been signed out" not in rita.get(path).content.decode()


def test_a_page_is_there_again_after_signing_in(rita):
    promise = a_promise(title="As it stands")
    path = f"/admin/promises/promise/{promise.pk}/change/"
    values = rita.open(path)
    Session.objects.all().delete()
    response = sign_in_again(rita, rita.post(path, values, "_save", title="As typed"))
    assert "You had been signed out" in response.content.decode()
    assert Promise.objects.get().title == "As it stands"
    again = fields_of(response)
    assert again["title"] == "As typed"
    rita.post(path, again, "_save")
    assert Promise.objects.get().title == "As typed"


def test_nothing_is_kept_for_pages_that_would_act_on_it(rita):
    promise = a_published_promise()
    Session.objects.all().delete()
    sign_in_again(rita, rita.client.post(f"/admin/promises/promise/{promise.pk}/withdraw/", {"reason": "Wrong."}))
    assert promise.submissions.count() == 0
    assert "typed-while-signed-out" not in rita.client.session


def test_nobody_fills_the_disk_with_what_is_kept(client):
    path = f"/admin/promises/promise/{a_promise().pk}/change/"
    for _ in range(kept.MOST + 5):
        client.cookies.clear()
        client.post(path, {"title": "As typed"})
    assert Session.objects.count() == kept.MOST
