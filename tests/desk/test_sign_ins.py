"""The history of sign-ins: who came, who was refused, and who may read it."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from promises.desk.models import SignIn
from tests.factories import a_person

pytestmark = pytest.mark.django_db
HISTORY = "/admin/promises/signin/"


def sign_in(client, name, password):
    return client.post("/accounts/login/", {"login": name, "password": password})


def test_who_came_and_who_was_refused_is_remembered(client):
    person = a_person("ada", password="a long enough word")
    sign_in(client, "ada", "not the word")
    sign_in(client, "nobody", "not the word")
    sign_in(client, "ada", "a long enough word")
    told = list(SignIn.objects.order_by("pk").values_list("name", "person", "succeeded"))
    assert told == [("ada", person.pk, False), ("nobody", None, False), ("ada", person.pk, True)]


def test_administrators_alone_read_it_and_nobody_changes_it(client):
    row = SignIn.objects.create(name="ada", at=timezone.now(), succeeded=False)
    client.force_login(a_person(role="Administrator"))
    assert "ada" in client.get(HISTORY).content.decode()
    assert client.get(f"{HISTORY}?person=1").status_code == 200
    assert client.post(f"{HISTORY}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert client.post(f"{HISTORY}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    for role in ("Researcher", "Editor"):
        client.force_login(a_person(role=role))
        assert client.get(HISTORY).status_code == 403


def test_what_is_older_than_a_year_is_forgotten(client):
    SignIn.objects.create(name="long ago", at=timezone.now() - timedelta(days=366), succeeded=True)
    sign_in(client, "nobody", "not the word")
    assert list(SignIn.objects.values_list("name", flat=True)) == ["nobody"]


def test_it_is_forgotten_by_the_clock_too():
    for days in (364, 366):
        SignIn.objects.create(name=f"{days} days ago", at=timezone.now() - timedelta(days=days), succeeded=True)
    call_command("purge_sign_ins", verbosity=0)
    assert list(SignIn.objects.values_list("name", flat=True)) == ["364 days ago"]
