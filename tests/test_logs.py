"""What the log says: everything about us, nothing about who asked."""

import json
import logging
import sys

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path

from tests.factories import a_person
from tracker.logs import JsonLine, Line, NoteBeginning, document, without_persons
from tracker.queries import NoteSlow
from tracker.reporting import AGAIN_AFTER, Hook

READER = {
    "REMOTE_ADDR": "203.0.113.77",
    "HTTP_X_FORWARDED_FOR": "198.51.100.9",
    "HTTP_USER_AGENT": "Quokka/1.0",
    "HTTP_REFERER": "https://elsewhere.example/?who=wombat",
}
PERSONAL = ["203.0.113.77", "198.51.100.9", "Quokka", "wombat", "numbat", "bilby", "ada.of.leeds", "@"]


def breaks(request):
    """Say in an exception all that a request brought, as libraries do."""
    list(request.user.groups.all())
    said = [request.GET.dict(), request.POST.dict(), request.COOKIES, request.META["REMOTE_ADDR"], str(request.user)]
    raise ValueError(f"cannot read {said} nor {request.headers['User-Agent']} of {request.user.email}")


def is_suspicious(request):
    raise SuspiciousOperation(
        f"{request.get_full_path()} from {request.META['REMOTE_ADDR']} is not for ada@example.org"
    )


def refuses_a_row(request):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO auth_group (name) VALUES (%s), (%s)", [request.GET["name"]] * 2)


urlpatterns = [
    path("breaks/", breaks),
    path("suspicious/", is_suspicious),
    path("row/", refuses_a_row),
    path("", include("tracker.urls")),
]
handler400 = handler404 = handler500 = lambda request, exception=None: HttpResponse("Sorry.", status=500)


@pytest.fixture
def logged(caplog):
    """Return a function that gives all that was logged, as production writes it and as one's own machine does."""
    caplog.set_level(logging.INFO)

    def written():
        return [JsonLine().format(record) for record in caplog.records] + [Line().format(r) for r in caplog.records]

    return written


@pytest.fixture
def asking(settings):
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False, headers={}, **READER)


def assert_nobody_is_in(lines):
    assert lines
    for line in lines:
        assert not [word for word in PERSONAL if word in line], line


@pytest.mark.django_db
def test_a_page_that_breaks_is_logged_without_who_asked(asking, logged):
    asking.force_login(a_person("ada.of.leeds", email="ada.of.leeds@example.org"))
    asking.cookies["left"] = "bilby"
    asking.post("/breaks/?q=numbat", {"said": "numbat and bilby"})
    assert_nobody_is_in(logged())
    told = json.loads(logged()[0])
    assert told["level"] == "ERROR"
    assert told["logger"] == "django.request"
    assert told["at"].endswith("Z")
    assert told["message"] == "Internal Server Error: /breaks/"
    assert (told["path"], told["status"]) == ("/breaks/", 500)
    assert told["milliseconds"] > 0
    assert "ValueError: cannot read" in told["exception"]
    assert "in breaks" in told["exception"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "head"),
    [
        ("/suspicious/?q=numbat", {}),
        ("/admin/?q=numbat", {"HTTP_HOST": "203.0.113.77"}),
        ("/nowhere/numbat@example.org/?q=numbat", {}),
    ],
)
def test_what_is_asked_wrongly_names_nobody(asking, logged, address, head):
    asking.get(address, **head)
    for line in logged():
        assert not [word for word in PERSONAL if word in line], line


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_logged_without_the_page_it_came_from(settings, logged):
    strict = Client(enforce_csrf_checks=True, **READER)
    strict.post("/accounts/login/", {"login": "numbat", "password": "bilby"}, secure=True)
    assert_nobody_is_in(logged())


@pytest.mark.django_db
def test_a_row_that_the_database_refuses_is_not_quoted(asking, logged):
    asking.get("/row/?name=numbat")
    assert_nobody_is_in(logged())


@pytest.mark.django_db
def test_signing_in_and_failing_to_leaves_no_name_in_the_log(client, caplog):
    caplog.set_level(logging.DEBUG, logger="django.request")
    a_person("ada.of.leeds", password="a long enough word")
    for password in ("numbat", "a long enough word"):
        client.post("/accounts/login/", {"login": "ada.of.leeds", "password": password}, **READER)
    for record in caplog.records:
        assert not [word for word in PERSONAL if word in JsonLine().format(record)]


@pytest.mark.parametrize(
    ("said", "logged"),
    [
        ("Not Found: /accounts/password/reset/key/1-abc-def/", "Not Found: /accounts/password/reset/key/…/"),
        ("write to ada@example.org", "write to [e-mail]"),
        ("asked by 2001:db8::7 and 192.0.2.1", "asked by [address] and [address]"),
        ('server at "127.0.0.1", port 5432', 'server at "127.0.0.1", port 5432'),
        ("at 12:30:05 of version 1.2.3", "at 12:30:05 of version 1.2.3"),
        ("promises::record is a place", "promises::record is a place"),
        ("https://a.example/b?c=d&e=f failed", "https://a.example/b?… failed"),
        ("Is it so? Yes.", "Is it so? Yes."),
        ("refused\nDETAIL:  Key (name)=(ada) exists.\nmore", "refused\nDETAIL: …\nmore"),
    ],
)
def test_what_looks_like_a_person_is_taken_out_and_the_rest_stays(said, logged):
    assert without_persons(said) == logged


def test_a_question_in_the_words_of_our_code_does_not_hide_where_it_broke(rf):
    request = rf.get("/promises/", {"q": "tests", "status": "line"})
    try:
        raise KeyError("tests")
    except KeyError:
        record = logging.LogRecord("django.request", logging.ERROR, "", 1, "Broke: %s", ("/promises/",), sys.exc_info())
    record.request = request
    told = document(record)
    assert "tests/test_logs.py" in told["exception"]
    assert "KeyError: '[sent]'" in told["exception"]
    assert told["message"] == "Broke: /promises/"


def test_a_record_made_wrongly_is_still_told():
    record = logging.LogRecord("promises", logging.ERROR, "", 1, "%d of them", ("many",), None)
    assert document(record)["message"] == "%d of them"


def test_how_long_a_request_took_is_known_to_whoever_logs_it(rf):
    request = rf.get("/")
    NoteBeginning(lambda request: HttpResponse())(request)
    record = logging.LogRecord("django.request", logging.ERROR, "", 1, "Broke", (), None)
    record.request = request
    assert "milliseconds" in document(record)


# Who is told when something breaks


def a_fault(said="Broke"):
    return logging.LogRecord("promises", logging.ERROR, "", 1, said, (), None)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_the_hook_is_told_of_faults_as_they_are_logged():
    told = []
    hook = Hook(told.append, clock=Clock())
    hook.handle(a_fault("Broke for ada@example.org"))
    assert told[0]["message"] == "Broke for [e-mail]"
    assert set(told[0]) == {"at", "level", "logger", "message"}
    assert hook.level == logging.ERROR


def test_the_same_fault_is_told_once_a_minute():
    told, clock = [], Clock()
    hook = Hook(told.append, clock=clock)
    for said in ("Broke", "Broke", "Broke otherwise"):
        hook.handle(a_fault(said))
    assert len(told) == 2
    clock.now += AGAIN_AFTER
    hook.handle(a_fault())
    assert len(told) == 3


def test_a_hook_that_fails_is_in_nobodys_way(caplog):
    def broken(told):
        raise RuntimeError("the post office of ada@example.org is shut")

    logger = logging.getLogger("promises.of.hooks")
    hook = Hook(broken)
    logger.addHandler(hook)
    try:
        logger.error("Broke")
    finally:
        logger.removeHandler(hook)
    assert [record.getMessage() for record in caplog.records] == ["ERROR_HOOK failed: RuntimeError", "Broke"]


def test_a_hook_is_named_by_its_module_and_function():
    assert Hook("tracker.logs:document").told is document
    with pytest.raises(ImportError):
        Hook("tracker.logs:nowhere")


# What the database was slow to answer


class Ticking(Clock):
    """A clock that moves as far as it is told each time it is read."""

    def __init__(self, step):
        self.step = step

    def __call__(self):
        self.now += self.step
        return self.now


@pytest.mark.django_db
def test_a_slow_query_is_logged_without_what_was_asked_for(caplog):
    slow = NoteSlow(500, clock=Ticking(0.625))
    with connection.execute_wrapper(slow), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM auth_group WHERE name = %s", ["numbat"])
    assert caplog.messages == ["A query took 625 ms: SELECT name FROM auth_group WHERE name = %s"]


@pytest.mark.django_db
def test_a_query_that_fails_slowly_is_logged_and_a_quick_one_is_not(caplog):
    from django.db import DatabaseError, transaction

    with connection.execute_wrapper(NoteSlow(500, clock=Ticking(0.4))), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert not caplog.messages
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.execute_wrapper(NoteSlow(500, clock=Ticking(0.6))),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT nothing FROM nowhere")
    assert "nowhere" in caplog.messages[0]


@pytest.mark.django_db
def test_every_connection_is_watched_once():
    slow = NoteSlow(500)
    try:
        slow.watch(connection)
        slow.watch(connection)
        assert connection.execute_wrappers.count(slow) == 1
    finally:
        connection.execute_wrappers.remove(slow)
