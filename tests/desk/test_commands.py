"""The desk's commands: arguments in, a sentence out."""

from datetime import timedelta
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from promises.desk import workflow
from promises.desk.models import Submission
from promises.desk.models.submission import State
from promises.record.edition import Edition
from tests.desk.test_workflow import by, seen, submitted
from tests.factories import a_person

pytestmark = pytest.mark.django_db


def said(name, *arguments, **options):
    out = StringIO()
    call_command(name, *arguments, stdout=out, **options)
    return out.getvalue().strip()


def approved_for(moment):
    """A submission approved for a moment, as it was decided well before."""
    submission = submitted(a_person())
    before = moment - timedelta(hours=1)
    return workflow.approve(submission, by=a_person(role="Editor"), at=before, seen=seen(submission), publish_at=moment)


def test_what_is_due_is_published_and_nothing_before():
    now = timezone.now()
    approved_for(now + timedelta(minutes=5))
    assert said("publish_due") == "Nothing was due."
    assert said("publish_due", verbosity=0) == ""
    due = approved_for(now - timedelta(minutes=1))
    assert said("publish_due") == f"Published 1: {due.promise.slug}."
    assert Edition.objects.count() == 3


def test_what_cannot_be_published_waits_for_review():
    due = approved_for(timezone.now() - timedelta(minutes=1))
    by(a_person(), due.promise, summary="Changed since")
    assert said("publish_due") == f"{due.promise.slug}: could not be published, and waits for review again."
    assert Submission.objects.get().state == State.IN_REVIEW


def test_three_sign_ins_are_made_and_told_once():
    lines = said("create_sign_ins").splitlines()
    assert [line.split()[0] for line in lines] == ["researcher", "editor", "administrator"]
    for line in lines:
        name, password = line.split()
        person = User.objects.get(username=name)
        assert person.check_password(password)
        assert person.is_staff
        assert not person.is_superuser
        assert person.groups.get().name == name.capitalize()
    assert "is there already" in said("create_sign_ins")
    assert said("create_sign_ins", "--again").splitlines()[0] != lines[0]


def test_a_sign_in_is_taken_back_from_whoever_has_it(client):
    person = a_person("ada", role="Editor")
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={})
    client.force_login(person, "django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/").status_code == 200
    lines = said("reset_sign_in", "ada").splitlines()
    assert client.get("/admin/").status_code == 302
    assert not Authenticator.objects.exists()
    assert not Client().login(username="ada", password="a long enough word")
    page = Client().get(lines[-1], follow=True)
    assert page.status_code == 200
    assert "password1" in page.text


def test_taking_back_a_sign_in_that_is_none_says_so():
    with pytest.raises(CommandError, match="Nobody signs in as nobody"):
        said("reset_sign_in", "nobody")
