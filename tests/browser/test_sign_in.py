"""Signing in to the desk, as people do it."""

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

PASSWORD = "a long enough word"


@pytest.fixture
def editor(django_user_model, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    user = django_user_model.objects.create_user("ada", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="Editor"))
    return user


def sign_in(page):
    page.goto("/admin/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def confirm_password(page):
    page.wait_for_url("**/reauthenticate/**")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def test_a_stranger_is_sent_to_the_sign_in_page(page, assert_accessible):
    page.goto("/admin/")
    assert "/accounts/login/" in page.url
    assert page.get_by_text("sign up").count() == 0
    assert_accessible(page)


def test_signing_in_needs_no_scripts(page_without_scripts, django_user_model):
    django_user_model.objects.create_user("ada", password=PASSWORD, is_staff=True)
    sign_in(page_without_scripts)
    page_without_scripts.wait_for_url("**/admin/")
    assert page_without_scripts.get_by_role("button", name="Log out").is_visible()


def test_an_editor_is_shown_a_code_to_scan(page, editor, assert_accessible):
    sign_in(page)
    page.wait_for_url("**/2fa/")
    assert_accessible(page)
    page.get_by_role("link", name="Activate").click()
    confirm_password(page)
    picture = page.locator("img")  # by role it would be two until the styles are there
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("picture => picture.naturalWidth") > 0


def test_an_editor_signs_in_with_a_security_key(page, editor):
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "usb", "hasUserVerification": True, "isUserVerified": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": key | {"automaticPresenceSimulation": True}})

    sign_in(page)
    page.wait_for_url("**/2fa/")
    page.get_by_role("link", name="Add").click()
    confirm_password(page)
    page.get_by_label("Name").fill("The key on my ring")
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/")
    page.goto("/admin/")
    page.get_by_role("button", name="Log out").click()

    sign_in(page)
    page.wait_for_url("**/2fa/authenticate/**")
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url("**/admin/")
    assert page.get_by_role("button", name="Log out").is_visible()
