"""What every answer carries, seen from outside of a server that runs as in production."""

import http.client
import json
import os
import re
import sqlite3
import subprocess
import sys
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.urls import URLPattern, get_resolver

from tests import servers
from tests.test_settings import PRODUCTION

pytestmark = pytest.mark.same_on_both
PASSWORD = "a long enough word"
RECORD = f"""
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
call_command("collectstatic", verbosity=0, interactive=False)
from tests.browser.pages import publish_record
from tests.factories import a_person
publish_record()
call_command("seal_version", "train-people", "1", reason="A court ordered it.", verbosity=0)
a_person("ada", password={PASSWORD!r})
"""
EVERYBODY, OURS = "cross-origin", "same-origin"

ADDRESSES = [
    # address, status, whose pages may use it, whether it may be framed
    ("/", 200, EVERYBODY, False),
    ("/promises/build-the-line/", 200, EVERYBODY, False),
    ("/promises.json", 200, EVERYBODY, False),
    ("/promises.csv", 200, EVERYBODY, False),
    ("/promises/build-the-line.json", 200, EVERYBODY, False),
    ("/promises/build-the-line/card.png", 200, EVERYBODY, False),
    ("/chart.svg", 200, EVERYBODY, False),
    ("/promises.atom", 200, EVERYBODY, False),
    ("/embed/promises/build-the-line/", 200, EVERYBODY, True),
    ("/embed/tally/", 200, EVERYBODY, True),
    ("/embed/chart/?as_of=2021-12-31", 200, EVERYBODY, True),
    ("/oembed?url=https://tracker.example/promises/build-the-line/", 200, EVERYBODY, False),
    ("/static/icons/favicon.svg", 200, EVERYBODY, False),
    ("/robots.txt", 200, EVERYBODY, False),
    ("/.well-known/security.txt", 200, EVERYBODY, False),
    ("/promises/fund-towns/", 301, EVERYBODY, False),
    ("/?theme=nonsense", 400, EVERYBODY, False),
    ("/promises.json?theme=nonsense", 400, EVERYBODY, False),
    ("/nowhere/", 404, EVERYBODY, False),
    ("/static/nowhere.css", 404, EVERYBODY, False),
    ("/embed/promises/nowhere/", 404, EVERYBODY, None),
    ("/promises/lost-cause/", 410, EVERYBODY, False),
    ("/promises/train-people/versions/1/", 451, EVERYBODY, False),
    ("/metrics", 404, OURS, False),
    ("/suggest/", 200, OURS, False),
    ("/suggest/LU-22222/", 404, OURS, False),
    ("/health/", 200, OURS, False),
    ("/health/live/", 200, OURS, False),
    ("/accounts/login/", 200, OURS, False),
    ("/accounts/password/reset/", 200, OURS, False),
    ("/admin/", 302, OURS, False),
]


class Site:
    """A server with the documented environment of production, asked as its proxy asks."""

    def __init__(self, port, data):
        self.port, self.data = port, data

    def ask(self, address, method="GET", body=None, **head):
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        names = {"Host": "tracker.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.77"}
        names |= {name.replace("_", "-"): value for name, value in head.items()}
        asked.request(method, address, body, names)
        answer = asked.getresponse()
        answer.text = answer.read().decode(errors="replace")
        asked.close()
        return answer

    def send(self, address, fields, cookies, **head):
        form = {"Content_Type": "application/x-www-form-urlencoded", "Referer": f"https://tracker.example{address}"}
        return self.ask(address, "POST", urlencode(fields), Cookie=cookies, **form, **head)

    def run(self, sql):
        with sqlite3.connect(self.data / "record.sqlite3") as database:
            database.execute(sql)
        database.close()

    def log(self):
        return (self.data / "log").read_text()


@pytest.fixture(scope="module")
def site():
    with servers.temporary_directory("tracker-production-") as data:
        port = servers.free_port()
        environment = PRODUCTION | {
            "PATH": os.defpath,
            "DATA_DIR": str(data),
            "DATABASE_URL": f"sqlite:///{data / 'record.sqlite3'}",
            "DJANGO_SETTINGS_MODULE": "tests.production",
            "TRUSTED_PROXIES": "1",
            "SECOND_FACTOR_REQUIRED": "1",
        }
        where = {"cwd": settings.BASE_DIR, "env": environment}
        subprocess.run([sys.executable, "-c", RECORD], check=True, **where)
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--no-ws", "--blocking-threads", "2", "--log-config", "deploy/granian-log.json"]
        command += ["--log-level", "warning", "tracker.wsgi:application"]
        with servers.running(command, log=data / "log", **where) as process:
            servers.wait_until(lambda: servers.answers(port), process, data / "log")
            yield Site(port, data)


def assert_guarded(answer, whose, framed=False):
    """See that an answer has all that every answer has."""
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "http:" not in str(policy)
    if framed is not None:
        assert policy["frame-ancestors"] == ("*" if framed else "'none'")
        assert answer.headers["X-Frame-Options"] == (None if framed else "DENY")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "geolocation=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == whose
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(("address", "status", "whose", "framed"), ADDRESSES)
def test_every_kind_of_address_is_guarded_and_gives_readers_no_cookie(site, address, status, whose, framed):
    for answer in (site.ask(address), site.ask(address)):  # as made, and as kept
        assert answer.status == status
        assert_guarded(answer, whose, framed)
        if not address.startswith(("/admin/", "/accounts/")):
            assert "Set-Cookie" not in answer.headers
            assert "Cookie" not in (answer.headers["Vary"] or "")
        if address.startswith(("/admin/", "/accounts/", "/suggest/", "/health/")):
            assert "no-store" in answer.headers["Cache-Control"]
        if "html" in answer.headers["Content-Type"]:
            assert not re.search(r"<style|style=|<script(?![^>]* src=)(?![^>]*ld.json)|\son[a-z]+=", answer.text)


@pytest.mark.parametrize("name", ["css/site.css", "js/embed.js", "fonts/source-sans-3-latin-wght-normal.woff2"])
def test_what_only_pages_load_carries_nothing_that_only_pages_obey(site, name):
    headers = site.ask(f"/static/{name}").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == EVERYBODY
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Set-Cookie" not in headers
    for name in ("Content-Security-Policy", "Permissions-Policy", "X-Frame-Options", "Referrer-Policy"):
        assert name not in headers


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("POST", "/", 405), ("PUT", "/promises.json", 405), ("DELETE", "/suggest/", 405), ("POST", "/health/", 405)],
)
def test_so_is_what_may_not_be_done(site, method, address, status):
    answer = site.ask(address, method)
    assert answer.status == status
    assert_guarded(answer, OURS if address in ("/suggest/", "/health/") else EVERYBODY, False)
    assert "Set-Cookie" not in answer.headers


def test_so_is_what_comes_by_a_name_that_is_not_ours(site):
    answer = site.ask("/accounts/login/", Host="elsewhere.example")
    assert answer.status == 400
    assert_guarded(answer, OURS, False)
    assert "elsewhere.example" not in answer.text


def test_so_is_what_breaks(site):
    site.run("ALTER TABLE cache RENAME TO cache_elsewhere")
    try:
        broken, unwell = site.ask("/suggest/LU-22222/?q=numbat"), site.ask("/health/ready/")
    finally:
        site.run("ALTER TABLE cache_elsewhere RENAME TO cache")
    assert (broken.status, unwell.status) == (503, 503)
    assert json.loads(unwell.text)["cache"] == "away"
    for answer in (broken, unwell):
        assert_guarded(answer, OURS, False)
        assert "Set-Cookie" not in answer.headers
    faults = [json.loads(line) for line in site.log().splitlines()]
    assert "/suggest/LU-22222/" in [fault["path"] for fault in faults if fault.get("status") == 503]
    assert "203.0.113.77" not in site.log()
    assert "numbat" not in site.log()


def test_plain_http_leads_to_https_and_asks_nothing_of_machines(site):
    answer = site.ask("/promises.csv?status=kept", X_Forwarded_Proto="http")
    assert answer.status == 301
    assert answer.headers["Location"] == "https://tracker.example/promises.csv?status=kept"
    assert "Set-Cookie" not in answer.headers
    assert site.ask("/health/live/", X_Forwarded_Proto="http").status == 200


# The desk


def cookies_in(answer):
    """The cookies an answer sets, each with all that is said of it."""
    given = SimpleCookie()
    for header in answer.headers.get_all("Set-Cookie") or []:
        given.load(header)
    return given


@pytest.fixture(scope="module")
def signed_in(site):
    """Sign in as a researcher does; returns the answer, and the cookies as a browser sends them back."""
    form = site.ask("/accounts/login/")
    (token,) = re.findall('name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[:1]
    cookies = cookies_in(form)
    jar = "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())
    answer = site.send("/accounts/login/", {"login": "ada", "password": PASSWORD, "csrfmiddlewaretoken": token}, jar)
    cookies |= cookies_in(answer)
    return answer, cookies, "; ".join(f"{name}={cookie.value}" for name, cookie in cookies.items())


def test_cookies_of_the_desk_stay_with_it(site, signed_in):
    answer, cookies, jar = signed_in
    assert (answer.status, answer.headers["Location"]) == (302, "/admin/")
    assert set(cookies) == {"__Host-sessionid", "__Host-csrftoken"}
    for cookie in cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] in {"Lax", "Strict"}
        assert cookie["path"] == "/"
        assert not cookie["domain"]
    desk = site.ask("/admin/", Cookie=jar)
    assert desk.status == 200
    assert_guarded(desk, OURS, False)
    assert "no-store" in desk.headers["Cache-Control"]
    assert not re.search(r"<style|style=|<script(?![^>]* src=)|\son[a-z]+=", desk.text)


def test_who_is_signed_in_reads_the_same_public_page_as_everybody(site, signed_in):
    *_, jar = signed_in
    assert site.ask("/", Cookie=jar).text == site.ask("/").text


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/login/",
        "/accounts/logout/",
        "/accounts/password/change/",
        "/accounts/2fa/totp/activate/",
        "/admin/logout/",
        "/admin/promises/promise/add/",
        "/admin/promises/source/add/",
        "/admin/promises/promise/1/change/",
    ],
)
def test_nothing_is_done_at_the_desk_by_a_form_from_elsewhere(site, signed_in, address):
    *_, jar = signed_in
    fields = {"title": "Forged", "login": "ada", "password": PASSWORD}
    answer = site.send(address, fields, jar, Origin="https://elsewhere.example")
    assert answer.status == 403
    assert_guarded(answer, OURS, False)


def test_no_address_of_the_desk_is_exempt_from_that():
    exempt = {name for name, view in views(get_resolver()) if getattr(view, "csrf_exempt", False)}
    assert not [name for name in exempt if name.startswith(("admin/", "accounts/"))]
    assert "suggest/" in exempt  # it has no cookie to forge; a signed token and the Origin stand in for it


def views(resolver, before=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield before + str(pattern.pattern), pattern.callback
        else:
            yield from views(pattern, before + str(pattern.pattern))
