"""Sources are asked for politely and safely, and called dead only when they are."""

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from promises.desk import links
from promises.desk.alone import alone
from promises.desk.links import Checker, Manners
from promises.desk.models import LinkCheck, Source
from promises.desk.models.link_check import LinkState, Outcome
from tests.factories import a_promise_source, a_published_promise, a_source

MORNING = datetime(2026, 3, 2, 3, 17, tzinfo=UTC)
DAY = timedelta(days=1)


class Misbehaving(BaseHTTPRequestHandler):
    """Answers each path in a way of its own, as servers do."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        with server.asking(self):
            name = self.path.split("?")[0].strip("/").replace(".", "_").replace("-", "_")
            getattr(self, f"at_{name.split('/')[0] or 'root'}", self.nothing)()

    def do_HEAD(self):
        self.answer(405)

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def titled(self, title, status=200):
        self.answer(status, f"<!doctype html><title>{title}</title><p>words".encode(), Content_Type="text/html")

    def nothing(self):
        self.titled("Nothing here", 404)

    def at_robots_txt(self):
        if self.server.robots is None:
            self.nothing()
        elif isinstance(self.server.robots, int):
            self.answer(self.server.robots)
        else:
            self.answer(200, self.server.robots.encode(), Content_Type="text/plain")

    def at_root(self):
        self.titled("Welcome")

    def at_good(self):
        self.titled("A statement")

    def at_partial(self):
        assert self.headers["Range"].startswith("bytes=0-")
        self.answer(206, b"<title>A part</title>", Content_Range="bytes 0-20/4000")

    def at_no_ranges(self):
        self.answer(416) if self.headers["Range"] else self.titled("The whole")

    def at_gone(self):
        self.answer(410)

    def at_forbidden(self):
        self.answer(403)

    def at_teapot(self):
        self.answer(418)

    def at_busy(self):
        self.answer(429, Retry_After="60")

    def at_fault(self):
        self.answer(503)

    def at_recovers(self):
        self.titled("Up again") if self.server.asked["/recovers"] > 1 else self.answer(500)

    def at_moved(self):
        self.answer(301, Location="/good")

    def at_nowhere(self):
        self.answer(302)

    def at_circle(self):
        self.answer(302, Location="/circle-back")

    def at_circle_back(self):
        self.answer(302, Location="/circle")

    def at_long_way(self):
        number = int(self.path.rpartition("/")[2])
        self.answer(302, Location=f"/long-way/{number + 1}")

    def at_to_the_home_page(self):
        self.answer(302, Location="/")

    def at_to_an_error_page(self):
        self.answer(302, Location="/good/page-not-found")

    def at_to_a_private_address(self):
        self.answer(302, Location="http://10.0.0.1/secrets")

    def at_to_another_scheme(self):
        self.answer(302, Location="file:///etc/passwd")

    def at_soft(self):
        self.titled("Page not found &ndash; Council")

    def at_number(self):
        self.titled("HC 404: Levelling up funding to local government")

    def at_silent(self):
        self.server.closing.wait(5)

    def at_drips(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.closing.wait(0.01):
                self.wfile.write(b"x")

    def at_endless(self):
        assert self.headers["Accept-Encoding"] == "identity"
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.server.closing.is_set():
                self.wfile.write(b"\x1f\x8b" * 32_000)
                self.server.sent += 64_000

    def at_hangs_up(self):
        self.connection.shutdown(socket.SHUT_RDWR)

    def at_gibberish(self):
        self.wfile.write(b"\x00\x01\x02 not http at all\r\n\r\n")

    def at_polite(self):
        assert "LevellingUpTracker" in self.headers["User-Agent"]
        assert "/about/" in self.headers["User-Agent"]
        assert "Cookie" not in self.headers
        self.titled("A statement")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Misbehaving)
        self.closing = threading.Event()
        self.asked, self.hosts, self.at_once, self.most_at_once, self.sent, self.robots = (
            Counter(),
            set(),
            0,
            0,
            0,
            None,
        )
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        pass

    @contextlib.contextmanager
    def asking(self, handler):
        with self.lock:
            self.asked[handler.path] += 1
            self.hosts.add(handler.headers["Host"])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1

    def address(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.server_port}{path}"


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


QUICK = Manners(
    pause=0, timeout=0.3, altogether=0.4, back_off=0.001, may_ask_loopback=True, contact="http://tracker.example/about/"
)


async def to_loopback(host, port):
    return ["127.0.0.1"]


def ask(*addresses, manners=QUICK, resolve=to_loopback):
    async def run():
        checker = Checker(manners, resolve=resolve)
        try:
            return await checker.check_all(addresses)
        finally:
            await checker.close()

    found = asyncio.run(run())
    return found[addresses[0]] if len(addresses) == 1 else found


# What each answer means


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    ("path", "outcome", "status", "words"),
    [
        ("/good", Outcome.ANSWERED, 200, ""),
        ("/partial", Outcome.ANSWERED, 206, ""),
        ("/no-ranges", Outcome.ANSWERED, 200, ""),
        ("/polite", Outcome.ANSWERED, 200, ""),
        ("/endless", Outcome.ANSWERED, 200, ""),
        ("/recovers", Outcome.ANSWERED, 200, ""),
        ("/number", Outcome.ANSWERED, 200, ""),
        ("/", Outcome.ANSWERED, 200, ""),
        ("/not-there", Outcome.FAILED, 404, "not there"),
        ("/gone", Outcome.FAILED, 410, "not there"),
        ("/fault", Outcome.FAILED, 503, "fault"),
        ("/nowhere", Outcome.FAILED, 302, "without saying where"),
        ("/circle", Outcome.FAILED, None, "circle"),
        ("/long-way/1", Outcome.FAILED, None, "more than 5 times"),
        ("/to-the-home-page", Outcome.FAILED, 200, "home page"),
        ("/to-an-error-page", Outcome.FAILED, 200, "not found"),
        ("/to-another-scheme", Outcome.FAILED, None, "no web page"),
        ("/soft", Outcome.FAILED, 200, "“Page not found – Council”"),
        ("/silent", Outcome.FAILED, None, "in time"),
        ("/drips", Outcome.FAILED, None, "in time"),
        ("/hangs-up", Outcome.FAILED, None, "broke off"),
        ("/gibberish", Outcome.FAILED, None, "broke off"),
        ("/forbidden", Outcome.UNKNOWN, 403, "would not answer"),
        ("/busy", Outcome.UNKNOWN, 429, "would not answer"),
        ("/teapot", Outcome.UNKNOWN, 418, "did not take"),
        ("/to-a-private-address", Outcome.UNKNOWN, None, "not on the public internet"),
    ],
)
def test_what_an_answer_means(server, path, outcome, status, words):
    resolve = links.resolve if path == "/to-a-private-address" else to_loopback
    result = ask(server.address(path), resolve=resolve)
    assert (result.outcome, result.status) == (outcome, status), result
    assert words in result.detail


@pytest.mark.same_on_both
def test_a_moved_page_says_where_it_went(server):
    result = ask(server.address("/moved"))
    assert (result.outcome, result.leads_to) == (Outcome.ANSWERED, server.address("/good"))


@pytest.mark.same_on_both
def test_no_more_is_read_than_the_beginning(server):
    ask(server.address("/endless"))
    assert server.sent < 20_000_000


@pytest.mark.same_on_both
def test_encryption_that_fails_says_nothing_of_the_page(server):
    result = ask(server.address("/good").replace("http:", "https:"))
    assert result.outcome == Outcome.UNKNOWN
    assert "certificate" in result.detail


@pytest.mark.same_on_both
def test_a_name_that_nobody_knows_and_a_closed_port_are_failures(server):
    async def unknown(host, port):
        raise OSError("no such name")

    assert "unknown.example is not known" in ask("http://unknown.example/", resolve=unknown).detail
    server.closing.set()
    result = ask("http://127.0.0.1:9/")
    assert result.outcome == Outcome.FAILED


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    "address", ["ftp://example.org/", "http://[oops/", "http://a b/", "http://example.org:99999/", "http://"]
)
def test_what_is_no_address_is_a_failure_and_stops_nobody(server, address):
    found = ask(address, server.address("/good"))
    assert found[address].outcome in (Outcome.FAILED, Outcome.UNKNOWN)
    assert found[server.address("/good")].outcome == Outcome.ANSWERED


# Safety: nobody gets us to ask inside


@pytest.mark.same_on_both
@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",  # noqa: S104
        "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "fe80::1", "fc00::1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "ff02::1",
    ],
)  # fmt: skip
def test_addresses_inside_are_not_public(inside):
    assert not links.is_public(inside)


@pytest.mark.same_on_both
def test_one_address_inside_among_others_is_enough_to_refuse(server):
    asked = []

    async def two_faced(host, port):
        asked.append(host)
        return ["93.184.216.34", "127.0.0.1"]

    strict = Manners(pause=0, timeout=0.3, back_off=0.001)
    result = ask("http://two-faced.example/", manners=strict, resolve=two_faced)
    assert result.outcome == Outcome.UNKNOWN
    assert "not on the public internet" in result.detail
    assert not server.asked
    assert ask(server.address("/good"), manners=strict).detail.startswith("Not asked: Port")
    assert "not on the public internet" in ask("http://127.0.0.1/", manners=strict, resolve=links.resolve).detail
    assert not server.asked


@pytest.mark.same_on_both
def test_we_connect_to_the_very_address_that_was_checked(server):
    answers = iter(["127.0.0.1", "127.0.0.1"])

    async def changes_its_mind(host, port):
        return [next(answers, "10.0.0.1")]

    result = ask(f"http://site.example:{server.server_port}/good", resolve=changes_its_mind)
    assert result.outcome == Outcome.ANSWERED
    assert server.hosts == {f"site.example:{server.server_port}"}  # asked by name, connected by address


# Manners


@pytest.mark.same_on_both
def test_one_question_at_a_time_to_each_host_and_several_hosts_at_once(server):
    paths = [f"/good/{number}" for number in range(12)]
    ask(*(server.address(path) for path in paths))
    assert server.most_at_once == 1
    assert sum(server.asked.values()) == 13  # robots.txt once
    held = threading.Event()
    server.closing.wait = lambda seconds: held.wait(0.1)
    ask(*(server.address("/silent", host=f"h{number}.example") for number in range(4)))
    assert server.most_at_once > 1


@pytest.mark.same_on_both
def test_a_pause_is_kept_between_two_questions_to_a_host():
    async def run():
        host, loop, begun = links.Host(), asyncio.get_running_loop(), []
        for _ in range(3):
            async with host.turn(0.02):
                begun.append(loop.time())
        return [after - before for before, after in pairwise(begun)]

    assert min(asyncio.run(run())) >= 0.019


@pytest.mark.same_on_both
def test_robots_txt_is_heeded(server):
    server.robots = "User-agent: *\nDisallow: /good\nCrawl-delay: 0.001\n"
    result = ask(server.address("/good"))
    assert (result.outcome, server.asked["/good"]) == (Outcome.UNKNOWN, 0)
    assert "robots.txt" in result.detail
    # So it is where a redirect leads.
    assert "robots.txt" in ask(server.address("/moved")).detail
    assert server.asked["/good"] == 0


@pytest.mark.same_on_both
def test_a_robots_txt_that_cannot_be_read_is_a_no(server):
    server.robots = 500
    assert "could not be read" in ask(server.address("/good")).detail
    server.robots = 403
    assert ask(server.address("/good")).outcome == Outcome.ANSWERED


@pytest.mark.same_on_both
def test_a_host_that_has_enough_is_left_alone(server):
    addresses = [server.address("/busy"), *(server.address(f"/good/{number}") for number in range(5))]
    found = ask(*addresses)
    assert found[addresses[0]].outcome == Outcome.UNKNOWN
    assert [found[address] for address in addresses[1:]] == [None] * 5
    assert sum(server.asked.values()) == 2


@pytest.mark.same_on_both
def test_a_fault_is_tried_again_and_no_refusal_is(server):
    ask(server.address("/fault"), server.address("/forbidden"), server.address("/not-there"))
    assert server.asked["/fault"] == 3
    assert server.asked["/forbidden"] == server.asked["/not-there"] == 1


# What is kept


def check_on(day, source, path, server):
    source.url = server.address(path)
    source.save()
    return next(iter(links.check([source], at=MORNING + day * DAY, manners=QUICK, resolve=to_loopback)))


@pytest.mark.django_db
def test_an_address_is_dead_after_failures_on_three_days(server):
    source = a_source()
    assert check_on(0, source, "/gone", server).state == LinkState.FAILING
    assert check_on(0, source, "/gone", server).failures == 1  # the same day counts once
    assert check_on(1, source, "/gone", server).state == LinkState.FAILING
    dead = check_on(2, source, "/gone", server)
    assert (dead.state, dead.failures, dead.status) == (LinkState.DEAD, 3, 410)
    assert dead.failing_since == MORNING


@pytest.mark.django_db
def test_a_success_between_begins_anew_and_a_refusal_does_not(server):
    source = a_source(url=server.address("/recovers-later"))
    check = LinkCheck(source=source)
    for day, outcome, failures, state in [
        (0, Outcome.FAILED, 1, LinkState.FAILING),
        (1, Outcome.UNKNOWN, 1, LinkState.UNKNOWN),
        (2, Outcome.FAILED, 2, LinkState.FAILING),
        (3, Outcome.ANSWERED, 0, LinkState.ALIVE),
        (4, Outcome.FAILED, 1, LinkState.FAILING),
    ]:
        check.learn(outcome, at=MORNING + day * DAY)
        check.save()
        assert (check.failures, check.state) == (failures, state)


@pytest.mark.django_db
def test_a_new_address_begins_with_nothing_against_it(server):
    source = a_source()
    for day in range(3):
        check_on(day, source, "/gone", server)
    source.url = server.address("/not-there")
    source.save()
    assert not LinkCheck.objects.wanting().exists()
    assert links.due(at=MORNING + 2 * DAY) == [source]
    assert check_on(2, source, "/not-there", server).failures == 1


@pytest.mark.django_db
def test_sources_with_the_same_address_are_asked_for_once(server):
    two = [a_source(url=server.address("/good"), title=title) for title in ("Read in May", "Read in June")]
    checks = list(links.check(two, at=MORNING, manners=QUICK, resolve=to_loopback))
    assert [check.state for check in checks] == [LinkState.ALIVE] * 2
    assert server.asked["/good"] == 1


@pytest.mark.django_db
def test_failing_ones_are_asked_for_daily_and_others_weekly(server):
    never, alive, failing = (a_source(title=title) for title in ("never", "alive", "failing"))
    for source, outcome in ((alive, Outcome.ANSWERED), (failing, Outcome.FAILED)):
        check = LinkCheck(source=source)
        check.learn(outcome, at=MORNING)
        check.save()
    assert links.due(at=MORNING + DAY / 2) == [never]
    assert links.due(at=MORNING + DAY) == [failing, never]
    assert links.due(at=MORNING + 7 * DAY) == [failing, never, alive]
    assert links.due(at=MORNING + 7 * DAY, limit=1) == [failing]


# The command


def told(*args, **options):
    out = StringIO()
    call_command("check_links", *args, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_nobody_is_asked_unless_it_is_switched_on(settings):
    a_source()
    assert "LINKCHECK_ENABLED is off" in told()
    assert not LinkCheck.objects.exists()
    with pytest.raises(CommandError, match="above nought"):
        told("--limit", "0")


@pytest.mark.django_db
def test_the_command_checks_what_is_due_and_says_what_it_found(settings, server, monkeypatch):
    settings.LINKCHECK_ENABLED = True
    monkeypatch.setattr(links, "our_manners", lambda: QUICK)
    for path in ("/good", "/gone", "/forbidden"):
        a_source(url=server.address(path))
    assert told("--limit", "2") == "Checked 2 sources: 1 works, 1 failing.\n"
    assert told() == "Checked 1 sources: 1 unknown.\n"
    assert told() == "Checked 0 sources.\n"


@pytest.mark.django_db(transaction=True)
def test_two_runs_do_not_overlap(settings):
    settings.LINKCHECK_ENABLED = True
    begun, end, answers = threading.Event(), threading.Event(), []

    def first():
        from django.db import connection

        with alone("check_links") as is_alone:
            answers.append(is_alone)
            begun.set()
            end.wait(5)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    begun.wait(5)
    assert told() == "Another run is under way: nothing to do.\n"
    end.set()
    thread.join()
    assert answers == [True]
    assert told() == "Checked 0 sources.\n"


# At the desk


@pytest.fixture
def dead(db):
    tie = a_promise_source(a_published_promise(), title="A lost report")
    check = LinkCheck(source=tie.source, status=404, detail="The server says that it is not there.")
    for day in range(3):
        check.learn(Outcome.FAILED, at=MORNING + day * DAY)
    check.save()
    return check


def path_of(check):
    return reverse("admin:promises_linkcheck_change", args=[check.pk])


def test_dead_links_wait_on_the_front_page_and_in_the_queue(at_desk, dead):
    ada = at_desk("Researcher")
    assert 'Broken links <span class="desk-count">1</span>' in ada.get("/admin/").content.decode()
    assert "A lost report" in ada.get("/admin/promises/linkcheck/").content.decode()
    assert "A lost report" not in ada.get("/admin/promises/linkcheck/?state=unknown").content.decode()
    page = ada.get(path_of(dead)).content.decode()
    assert "The server says that it is not there. (404)" in page
    assert "on 3 days" in page


def test_an_archived_copy_is_recorded_with_the_source(at_desk, dead):
    ada = at_desk("Researcher")
    copy = "https://web.archive.org/web/2021/https://example.org/"
    assert ada.fill(path_of(dead), "_copy", archived_url=copy, archived_on="2021-11-18").status_code == 302
    source = Source.objects.get(pk=dead.source_id)
    assert source.archived_url == copy
    assert Source.history.filter(id=source.pk).latest().history_user == ada.person
    assert not LinkCheck.objects.wanting().exists()


def test_a_copy_that_is_none_is_refused_in_words(at_desk, dead):
    ada = at_desk("Researcher")
    for address, words in [("", "This field is required"), (dead.source.url, "that of a copy"), ("x", "http")]:
        page = ada.fill(path_of(dead), "_copy", archived_url=address).content.decode()
        assert words in page


def test_a_person_may_find_that_it_opens(at_desk, dead):
    ada = at_desk("Researcher")
    ada.fill(path_of(dead), "_opens")
    dead.refresh_from_db()
    assert (dead.state, dead.failures) == (LinkState.ALIVE, 0)
    assert dead.detail == f"Opened by {ada.person}."
