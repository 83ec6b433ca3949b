"""No SECRET_KEY means your own machine; with one it is production, and all else is required."""

import json
import os
import runpy
import subprocess
import sys

import pytest
from django.conf import settings as in_force
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse

from tracker.security import SayWhatPagesMayDo, framable

pytestmark = pytest.mark.same_on_both

PRODUCTION = {
    "SECRET_KEY": "Vo5-AWwM3cJ9qSbz0dXk7RfTn2LyGhUe8PiQmC4xZjB6sNtDrOaEvKpHlWg1uYFI",
    "ALLOWED_HOSTS": "tracker.example, www.tracker.example",
    "PUBLIC_URL": "https://tracker.example/",
    "DATABASE_URL": "postgresql://tracker:secret@127.0.0.1/tracker",
}


@pytest.fixture
def read_settings(monkeypatch, tmp_path):
    """Return a function that reads the settings under an environment of its own."""

    def read(**environment):
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in ({"DATA_DIR": str(tmp_path)} | environment).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(in_force.BASE_DIR / "tracker" / "settings.py")

    return read


def python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=in_force.BASE_DIR,
        env={"PATH": os.defpath, "PYTHONWARNINGS": "error", "DATA_DIR": in_force.DATA_DIR, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_your_own_machine_needs_no_settings(read_settings, tmp_path):
    settings = read_settings()
    assert settings["IN_DEVELOPMENT"]
    assert not settings["DEBUG"]
    assert not settings["SECOND_FACTOR_REQUIRED"]
    assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "tracker.sqlite3")
    assert settings["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]


def test_no_two_processes_without_a_key_share_one(read_settings):
    assert read_settings()["SECRET_KEY"] != read_settings()["SECRET_KEY"]


def test_the_key_beside_the_database_still_means_your_own_machine(read_settings, tmp_path):
    (tmp_path / "secret_key").write_text("kept beside the database\n")
    settings = read_settings(LOCAL_SECRET_KEY_FILE=str(tmp_path / "secret_key"))
    assert settings["SECRET_KEY"] == "kept beside the database"
    assert settings["IN_DEVELOPMENT"]


def test_production_reads_everything_from_the_environment(read_settings):
    settings = read_settings(**PRODUCTION)
    assert not settings["IN_DEVELOPMENT"]
    assert settings["ALLOWED_HOSTS"] == ["tracker.example", "www.tracker.example"]
    assert settings["PUBLIC_URL"] == "https://tracker.example"
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.postgresql"
    assert settings["DATABASES"]["default"]["OPTIONS"]["options"] == "-c statement_timeout=15000"
    assert settings["SECOND_FACTOR_REQUIRED"]
    assert settings["SECOND_PERSON_RULE"]


@pytest.mark.parametrize("value", [None, "", "  "])
@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "PUBLIC_URL", "DATABASE_URL"])
def test_production_without_a_setting_refuses_and_says_what_to_set(read_settings, name, value):
    environment = PRODUCTION | {name: value}
    with pytest.raises(ImproperlyConfigured, match=f"{name} is not set.*set {name} to "):
        read_settings(**{key: value for key, value in environment.items() if value is not None})


def test_an_empty_key_is_no_key(read_settings):
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is not set.*set SECRET_KEY to a random text"):
        read_settings(**PRODUCTION | {"SECRET_KEY": ""})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "maybe", "DEBUG is 'maybe'. Write 1 or 0."),
        ("SECOND_PERSON_RULE", "two", "SECOND_PERSON_RULE is 'two'. Write 1 or 0."),
        ("TRUSTED_PROXIES", "-1", "TRUSTED_PROXIES is '-1'. Write a whole number."),
        ("PUBLIC_URL", "tracker.example", "PUBLIC_URL is 'tracker.example'. Write a whole address"),
        ("METRICS_TOKEN", "short", "METRICS_TOKEN has 5 characters. Write at least 20 random ones."),
        ("LOG_FORMAT", "xml", "LOG_FORMAT is 'xml'. Write json or line."),
        ("ERROR_HOOK", "module.function", "ERROR_HOOK is 'module.function'. Write the place of a function as"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(read_settings, name, value, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        read_settings(**{name: value})


def test_a_proxy_is_believed_only_when_we_say_that_there_is_one(read_settings):
    assert "SECURE_PROXY_SSL_HEADER" not in read_settings(**PRODUCTION)
    settings = read_settings(**PRODUCTION, TRUSTED_PROXIES="1")
    assert settings["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


def test_redis_is_the_cache_when_named(read_settings):
    assert read_settings(REDIS_URL="redis://127.0.0.1/1")["CACHES"]["default"]["LOCATION"] == "redis://127.0.0.1/1"
    assert read_settings()["CACHES"]["default"]["BACKEND"].endswith("DatabaseCache")


def test_letters_are_never_written_into_a_log_in_production(read_settings):
    assert "console" in read_settings()["EMAIL_BACKEND"]
    assert "dummy" in read_settings(**PRODUCTION)["EMAIL_BACKEND"]
    assert read_settings(**PRODUCTION, EMAIL_HOST="mail.example")["EMAIL_PORT"] == 587


def test_production_logs_json_and_your_own_machine_lines(read_settings):
    def formatter(settings):
        return settings["LOGGING"]["handlers"]["stderr"]["formatter"]

    assert formatter(read_settings()) == "line"
    assert formatter(read_settings(**PRODUCTION)) == "json"
    assert formatter(read_settings(**PRODUCTION, LOG_FORMAT="line")) == "line"


def test_faults_are_told_to_the_hook_that_the_environment_names():
    breaking = (
        "import tracker.wsgi, logging; logging.getLogger('django.request').error('Broke'); "
        "logging.getLogger('promises').warning('Nearly')"
    )
    ran = python("-c", breaking, **PRODUCTION, ERROR_HOOK="builtins:print")
    assert ran.stdout.count("message") == 1, ran.stderr
    assert "'message': 'Broke'" in ran.stdout
    assert [json.loads(line)["message"] for line in ran.stderr.splitlines()] == ["Broke", "Nearly"]


def test_a_hook_that_is_not_there_is_found_out_at_the_start():
    opened = python("-c", "import tracker.wsgi", **PRODUCTION, ERROR_HOOK="tracker:nobody")
    assert opened.returncode != 0
    assert "nobody" in opened.stderr


def test_the_deployment_check_finds_nothing_to_say():
    checked = python("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


def test_the_public_door_does_not_open_without_a_key():
    opened = python("-c", "import tracker.wsgi")
    assert opened.returncode != 0
    assert "SECRET_KEY is not set. To serve the public, set SECRET_KEY, ALLOWED_HOSTS" in opened.stderr


def test_the_public_door_opens_in_production():
    opened = python("-c", "import tracker.wsgi", **PRODUCTION)
    assert opened.returncode == 0, opened.stderr


def test_pages_may_load_only_what_is_ours(rf):
    response = SayWhatPagesMayDo(lambda request: HttpResponse())(rf.get("/"))
    policy = response["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "geolocation=()" in response["Permissions-Policy"]


def test_only_what_is_made_for_it_shows_in_other_peoples_frames(rf):
    view = framable(lambda request: HttpResponse())
    response = SayWhatPagesMayDo(view)(rf.get("/embed/tally/"))
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert response.xframe_options_exempt
