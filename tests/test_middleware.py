"""What stands round every page."""

import pytest
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path

from tests.factories import a_person

pytestmark = pytest.mark.same_on_both

urlpatterns = [
    path("admin/", admin.site.urls),
    path("a-public-page/", lambda request: HttpResponse("Words.")),
]


def test_a_public_page_looks_at_no_cookie_and_no_database_and_sets_none(client, settings):
    settings.ROOT_URLCONF = __name__
    settings.SECOND_FACTOR_REQUIRED = True
    client.cookies["sessionid"] = "somebody"
    response = client.get("/a-public-page/")  # pytest-django refuses any query here
    assert response.status_code == 200
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies


def test_a_public_page_is_told_what_it_may_do(client, settings):
    settings.ROOT_URLCONF = __name__
    response = client.get("/a-public-page/")
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert response["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.django_db
def test_what_the_desk_gives_to_its_own_pages_is_for_nobody_else(client):
    """Its script too, though it carries nothing that only pages obey."""
    client.force_login(a_person(role="Administrator"))
    script = client.get("/admin/jsi18n/")
    assert script["Content-Type"].startswith("text/javascript")
    assert script["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in script["Cache-Control"]
