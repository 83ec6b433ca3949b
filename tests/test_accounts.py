"""Who may come to the desk, and how."""

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from allauth.core.internal.ratelimit import parse_rates
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client

PASSWORD = "a long enough word"


@pytest.fixture(autouse=True)
def _nobody_has_tried_before(db):
    cache.clear()


@pytest.fixture
def person(django_user_model):
    """Return a function that makes a sign-in for a role."""

    def make(role=None, **details):
        user = django_user_model.objects.create_user("ada", password=PASSWORD, is_staff=True, **details)
        if role:
            user.groups.add(Group.objects.get(name=role))
        return user

    return make


def sign_in(client, password=PASSWORD, **head):
    return client.post("/accounts/login/?next=/admin/", {"login": "ada", "password": password}, **head)


def code_for(secret):
    """Return what an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    offset = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def test_there_is_one_sign_in_page_and_the_desk_sends_strangers_there(client):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"


def test_nobody_signs_up(client):
    assert client.get("/accounts/signup/").status_code == 404
    assert client.get("/accounts/email/").status_code == 404
    assert b"signup" not in client.get("/accounts/login/").content


def test_a_researcher_signs_in_by_password(client, person):
    person("Researcher")
    assert sign_in(client).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_guessing_passwords_is_slowed_down(client, person):
    person("Researcher")
    for _ in range(5):
        assert sign_in(client, "wrong").status_code == 200
    assert "Too many failed login attempts" in sign_in(client).content.decode()
    assert client.get("/admin/").status_code == 302


def test_who_guesses_from_elsewhere_shuts_nobody_out(client, person):
    person("Researcher")
    for number in range(6):
        for _ in range(6):
            slowed = sign_in(client, "wrong", REMOTE_ADDR=f"203.0.113.{number}")
        assert "Too many failed login attempts" in slowed.content.decode()
    assert sign_in(client, REMOTE_ADDR="198.51.100.1").url == "/admin/"


def test_a_guesser_does_not_escape_by_changing_address_within_one_network(client, person):
    person("Researcher")
    for number in range(6):
        slowed = sign_in(client, "wrong", REMOTE_ADDR=f"2001:db8:1:2::{number}")
    assert "Too many failed login attempts" in slowed.content.decode()
    assert sign_in(client, REMOTE_ADDR="2001:db8:1:3::1").url == "/admin/"


def test_nor_by_trying_many_names(client, person):
    person("Researcher")
    for number in range(10):
        client.post("/accounts/login/", {"login": f"person-{number}", "password": "wrong"})
    assert "Too many failed login attempts" in sign_in(client).content.decode()


def test_whoever_mistyped_waits_five_minutes_at_most(settings):
    rates = parse_rates(settings.ACCOUNT_RATE_LIMITS["login_failed"])
    assert max(rate.duration for rate in rates) <= 300


def test_no_address_is_written_down_where_tries_are_counted(client, person):
    person("Researcher")
    sign_in(client, "wrong", REMOTE_ADDR="203.0.113.77")
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM cache")
        kept = str(cursor.fetchall())
    assert "login_failed" in kept
    assert "203.0.113" not in kept


def test_a_session_is_another_after_signing_in(client, person):
    person("Researcher")
    client.get("/admin/")
    session = client.session
    session["before"] = "somebody fixed this"
    session.save()
    client.cookies["sessionid"] = session.session_key
    sign_in(client)
    assert client.session.session_key != session.session_key


def test_changing_the_password_ends_the_other_sessions(client, person):
    ada = person("Researcher")
    elsewhere = Client()
    elsewhere.force_login(ada, "django.contrib.auth.backends.ModelBackend")
    sign_in(client)
    client.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "another long enough word", "password2": "another long enough word"},
    )
    ada.refresh_from_db()
    assert ada.check_password("another long enough word")
    assert elsewhere.get("/admin/").status_code == 302


def test_whoever_is_deactivated_is_out_at_once(client, person):
    ada = person("Researcher")
    sign_in(client)
    assert client.get("/admin/").status_code == 200
    ada.is_active = False
    ada.save()
    assert client.get("/admin/").status_code == 302
    assert sign_in(client).url != "/admin/"


def test_passwords_are_kept_as_argon2(settings):
    from tracker.settings import PASSWORD_HASHERS

    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    assert make_password(PASSWORD).startswith("argon2$argon2id$")


@pytest.mark.parametrize("role", ["Editor", "Administrator"])
def test_who_can_publish_is_sent_to_set_up_a_second_step(client, person, settings, role):
    settings.SECOND_FACTOR_REQUIRED = True
    client.force_login(person(role))
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain == [("/accounts/2fa/", 302)]
    assert "Who can publish signs in with a second step" in response.content.decode()


def test_so_is_a_superuser_of_no_role(client, person, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    client.force_login(person(is_superuser=True))
    assert client.get("/admin/auth/user/").url == "/accounts/2fa/"


def test_a_researcher_is_not(client, person, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    client.force_login(person("Researcher"))
    assert client.get("/admin/").status_code == 200


def test_nobody_is_on_your_own_machine(client, person):
    client.force_login(person("Editor"))
    assert client.get("/admin/").status_code == 200


def test_recovery_codes_alone_are_no_second_step(client, person, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    editor = person("Editor")
    Authenticator.objects.create(user=editor, type=Authenticator.Type.RECOVERY_CODES, data={})
    client.force_login(editor)
    assert client.get("/admin/").status_code == 302


def test_one_may_leave_without_a_second_step(client, person, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    client.force_login(person("Editor"))
    client.post("/admin/logout/")
    assert "_auth_user_id" not in client.session


def test_a_second_step_is_set_up_and_asked_for(client, person, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    person("Editor")
    sign_in(client)

    client.post("/accounts/reauthenticate/?next=/accounts/2fa/totp/activate/", {"password": PASSWORD})
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'value="([A-Z2-7]{16,})"', page)[1]
    client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})
    assert client.get("/admin/").status_code == 200
    kept = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(kept.data)

    client.logout()
    assert sign_in(client).url.startswith("/accounts/2fa/authenticate/")
    assert client.get("/admin/").status_code == 302
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert client.get("/admin/").status_code == 302
    cache.clear()  # the code just used is not taken twice, within its half minute
    client.post("/accounts/2fa/authenticate/", {"code": code_for(secret)})
    assert client.get("/admin/").status_code == 200


def test_an_earlier_key_still_opens_what_it_sealed(settings):
    from tracker.accounts import SealedSecrets

    settings.SECRET_KEY = "the first key"
    sealed = SealedSecrets().encrypt("a secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the second key", ["the first key"]
    assert SealedSecrets().decrypt(sealed) == "a secret"
