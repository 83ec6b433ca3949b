"""What we promise our readers stands beside what the code does."""

import pytest

from promises.desk.models.sign_in import KEPT_FOR
from promises.desk.models.suggestion import CONTACT_KEPT

pytestmark = pytest.mark.django_db


def test_how_long_things_are_kept_is_said_as_it_is(client, settings):
    settings.SUGGESTION_KEEP_DAYS = 123
    page = client.get("/privacy/").text
    assert "until 123 days after it is done" in page
    assert f"until {CONTACT_KEPT.days} days after your suggestion is done" in page
    assert "for a year each time you signed in" in page
    assert KEPT_FOR.days == 365


def test_whom_to_write_to_is_said_where_it_is_known(client, settings):
    assert 'href="mailto:' not in client.get("/privacy/").text
    settings.CONTACT_EMAIL = "privacy@tracker.example"
    assert 'href="mailto:privacy@tracker.example"' in client.get("/privacy/").text


@pytest.mark.parametrize("address", ["/", "/suggest/", "/nowhere/"])
def test_every_page_leads_to_it(client, address):
    assert 'href="/privacy/"' in client.get(address).text


def test_the_form_says_it_where_it_is_asked(client):
    assert client.get("/suggest/").text.count('href="/privacy/"') == 2


def test_machines_find_it(client):
    assert "/privacy/</loc>" in client.get("/sitemap-pages.xml").text


def test_the_night_forgets_all_that_the_page_says(settings):
    service = (settings.BASE_DIR / "deploy" / "systemd" / "tracker-purge.service").read_text()
    for command in ("purge_suggestions", "purge_sign_ins", "clearsessions"):
        assert f"manage.py {command}\n" in service
    assert (settings.BASE_DIR / "deploy" / "systemd" / "tracker-purge.timer").exists()
