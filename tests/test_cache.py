"""The page cache, asked directly: a plain application inside, and a clock that stands still."""

import ast
import gzip
import os
import re
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import brotli
import pytest

from promises.public.asking import NAMES
from promises.public.changes import ChangesForm
from promises.public.filters import PromiseFilter
from promises.record import bell
from tests import servers
from tests.factories import a_promise, publish
from tracker.answers import LONGEST_MAKING, Answer, FolderStore, SharedStore, Store, coding_of
from tracker.cache import Editions, PageCache, canonical

NOON = datetime(2025, 6, 2, 12, 0, tzinfo=UTC).timestamp()
PAGE = b"<p>A page of promises.</p>" * 100


class Clock:
    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now


class Application:
    """Answers everything alike, counts what it is asked, and can be told to fail or to wait."""

    def __init__(self, body=PAGE, status="200 OK", headers=()):
        self.body, self.status, self.headers = body, status, list(headers)
        self.asked = []
        self.closed = 0
        self.goes_on = None
        self.meanwhile = lambda environ: None
        self.has_begun = threading.Event()

    def __call__(self, environ, start_response):
        self.asked.append(environ)
        self.has_begun.set()
        self.meanwhile(environ)
        if self.goes_on:
            assert self.goes_on.wait(10)
        start_response(self.status, [("Content-Type", "text/html; charset=utf-8"), *self.headers])
        return Body(self)


class Body:
    def __init__(self, application):
        self.application = application
        body = application.body
        self.chunks = iter([body] if isinstance(body, bytes) else body)

    def __iter__(self):
        return self.chunks

    def close(self):
        self.application.closed += 1


class Got:
    def __init__(self, status, headers, body):
        self.status = int(status[:3])
        self.headers = dict(headers)
        self.length_of_head = len(status) + sum(len(name) + len(value) + 4 for name, value in headers)
        self.body = body


class Site:
    """A cache round an application, with editions that can be published by a word."""

    def __init__(self, machine, application=None, *, shared=None, **options):
        self.application = application or Application()
        self.clock = Clock()
        self.edition, self.digest, self.gone, self.is_away = 1, "one record", set(), False
        self.looks = 0
        self.bell = bell.Bell(machine / "edition")
        self.editions = Editions(self.look, self.bell, clock=self.clock)
        self.cache = PageCache(
            self.application,
            editions=self.editions,
            names=frozenset({"q", "status", "as_of", "page"}),
            private=("/admin/", "/health/"),
            clock=self.clock,
            shared=shared,
            **options,
        )

    def look(self, since):
        self.looks += 1
        if self.is_away:
            raise OSError("no database")
        return self.edition, self.digest, any(number > since for number in self.gone)

    def publish(self, *, withdrawing=False, elsewhere=False):
        self.edition += 1
        if withdrawing:
            self.gone.add(self.edition)
        if not elsewhere:
            self.bell.ring(self.edition)

    def get(self, address="/", method="GET", **headers):
        path, _, query = address.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "wsgi.url_scheme": "http",
            "HTTP_HOST": "example.org",
            **{name if name.startswith("wsgi") else f"HTTP_{name}": value for name, value in headers.items()},
        }
        got = {}

        def start_response(status, headers, exc_info=None):
            got.update(status=status, headers=headers)

        body = self.cache(environ, start_response)
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        return Got(got["status"], got["headers"], content)

    @property
    def made(self):
        return len(self.application.asked)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


# What is kept, and for how long


def test_a_page_is_made_once(site):
    first, second = site.get(), site.get()
    assert first.body == second.body == PAGE
    assert first.headers == second.headers
    assert site.made == site.application.closed == 1


def test_a_publication_is_seen_at_once(site):
    site.get()
    site.publish()
    site.application.body = b"new"
    assert site.get().body == b"new"


def test_a_publication_on_another_machine_is_seen_within_a_second(site):
    site.get()
    site.publish(elsewhere=True)
    site.get()
    assert site.made == 1
    site.clock.now += 1
    site.get()
    assert site.made == 2


def test_the_database_is_asked_once_a_page_made_and_once_a_second_at_most(site):
    for _ in range(50):
        site.get()
    assert site.looks == 2


def test_what_was_published_while_a_page_was_made_is_in_it(site):
    """Made of two editions it would be neither, and another page, kept, would still be of the older one."""
    site.get("/kept")
    made = site.application.asked

    def publishing(environ):
        if len(made) == 2:
            site.publish(elsewhere=True)

    site.application.meanwhile = publishing
    site.get("/made")
    assert site.made == 3
    site.get("/made")
    site.get("/kept")
    assert [environ["PATH_INFO"] for environ in made] == ["/kept", "/made", "/made", "/kept"]


def test_a_page_is_given_even_if_editions_come_faster_than_it_is_made(site):
    site.application.meanwhile = lambda environ: site.publish(elsewhere=True)
    assert site.get().body == PAGE


def test_the_other_processes_of_a_machine_are_told_before_a_reader_sees_what_a_look_found(site, tmp_path):
    other, known = bell.Bell(site.bell.path), []
    ring = site.bell.ring
    site.bell.ring = lambda number: (known.append(site.editions.number), ring(number))
    site.get()
    silent = other.listen()
    site.publish(elsewhere=True)
    site.clock.now += 1
    site.get()
    assert known == [1]
    assert other.heard() != silent
    assert other.heard().startswith(b"2 ")
    site.edition += 1
    ring(site.edition)
    site.get()
    assert (site.editions.number, known) == (3, [1])


def test_a_replica_says_what_is_latest_while_the_database_is_away(site):
    site.editions.look_elsewhere = lambda since: (site.elsewhere, "", False)
    site.is_away, site.elsewhere = True, 4
    assert dict(site.get().headers)["X-Stale"] == "the database is away"
    assert site.editions.number == 4
    site.elsewhere = 3
    site.clock.now += 5
    site.get()
    assert site.editions.number == 4


def test_an_edition_once_known_is_never_forgotten(site):
    site.edition = 7
    site.get()
    site.edition = 6  # a replica that lags
    site.clock.now += 5
    site.get()
    assert site.editions.number == 7


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (datetime(2025, 6, 2, 22, 59, 59, tzinfo=UTC), datetime(2025, 6, 2, 23, 0, 0, tzinfo=UTC)),  # summer time
        (datetime(2025, 12, 2, 23, 59, 59, tzinfo=UTC), datetime(2025, 12, 3, 0, 0, 0, tzinfo=UTC)),
    ],
)
def test_a_new_british_day_makes_pages_anew(site, before, after):
    site.clock.now = before.timestamp()
    site.get()
    site.clock.now = after.timestamp()
    site.get()
    site.get()
    assert site.made == 2


def test_a_clock_set_back_gives_the_page_of_the_day_it_says(site):
    site.get()
    site.clock.now -= 24 * 60 * 60
    assert site.get().status == 200
    assert site.made == 2
    assert site.get().status == 200
    assert site.made == 2
    site.clock.now += 24 * 60 * 60
    site.get()
    assert site.made == 3


def test_names_that_mean_nothing_make_no_page_of_their_own(site):
    site.get("/?status=kept&q=rail")
    site.get("/?utm_source=x&q=rail&status=kept&fbclid=y&as_of=")
    assert site.made == 1
    assert site.application.asked[0]["QUERY_STRING"] == "q=rail&status=kept"


def test_different_questions_are_different_pages(site):
    for address in ["/", "/?q=a", "/?q=b", "/?q=a&q=a", "/?q=a&status=kept", "/about/"]:
        site.get(address)
    assert site.made == 6


def test_a_query_that_cannot_be_read_is_left_to_the_application(site):
    for _ in range(2):
        site.get("/?" + "&".join(["q=1"] * 101))
        site.get("/?q=" + "a" * 3000)
    assert site.made == 4


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("status=b&status=a", "status=a&status=b"),
        ("q=caf%C3%A9+x%26y", "q=caf%C3%A9+x%26y"),
        ("q=%ff", "q=%EF%BF%BD"),
        ("q", ""),
        ("x=1", ""),
    ],
)
def test_queries_have_one_form(given, wanted):
    assert canonical(given, {"q", "status"}) == wanted


def test_nothing_of_a_reader_reaches_the_page(site):
    site.get("/", COOKIE="csrftoken=1; other=2", ACCEPT_LANGUAGE="fr", X_ANYTHING="1", IF_NONE_MATCH='"x"')
    asked = site.application.asked[0]
    assert {name for name in asked if name.startswith("HTTP_")} == {"HTTP_HOST"}
    assert asked["wsgi.input"].read() == b""


@pytest.mark.parametrize(
    "request_of",
    [
        {"address": "/admin/"},
        {"address": "/health/"},
        {"method": "POST"},
        {"method": "OPTIONS"},
        {"COOKIE": "a=b; sessionid=abc"},
        {"AUTHORIZATION": "Basic abc"},
    ],
)
def test_what_is_not_for_everybody_passes_untouched(site, request_of):
    site.get()
    for _ in range(2):
        assert "ETag" not in site.get(**request_of).headers
    assert site.made == 3


@pytest.mark.parametrize(
    "header",
    [("Set-Cookie", "a=b"), ("Vary", "Cookie"), ("Cache-Control", "private"), ("Cache-Control", "max-age=0, no-store")],
)
def test_what_an_application_says_is_personal_is_not_kept(tmp_path, header):
    site = Site(tmp_path, Application(headers=[header]))
    site.get()
    assert header in site.get().headers.items()
    assert site.made == 2


@pytest.mark.parametrize(
    ("status", "made"),
    [
        ("404 Not Found", 1),
        ("410 Gone", 1),
        ("451 Unavailable For Legal Reasons", 1),
        ("400 Bad Request", 2),
        ("500 Oh", 2),
    ],
)
def test_answers_that_will_not_change_are_kept(tmp_path, status, made):
    site = Site(tmp_path, Application(status=status))
    assert site.get().status == site.get().status == int(status[:3])
    assert site.made == made


def test_a_redirect_is_kept_unless_it_names_a_host(tmp_path):
    for place, made in [("/promises/new/", 1), ("https://example.org/", 2)]:
        site = Site(tmp_path, Application(status="301 Moved", headers=[("Location", place)]))
        site.get()
        assert site.get().headers["Location"] == place
        assert site.made == made


def test_plain_http_is_left_to_the_application_where_https_is_wanted(tmp_path):
    site = Site(tmp_path, https_only=True, trusts_proxy=True)
    site.get(X_FORWARDED_PROTO="https")
    site.get(X_FORWARDED_PROTO="https")
    assert site.made == 1
    site.get(**{"wsgi.url_scheme": "https"})
    site.get(X_FORWARDED_PROTO="http")
    assert site.made == 3


def test_memory_is_bounded_and_the_longest_unasked_goes_first():
    def answer(size):
        return Answer("200 OK", [], b"x" * size, "tag", (1, ""), 0.0)

    store = Store(10_000)
    for key in "abc":
        store.put(key, answer(1000))
    store.get("a")
    store.put("d", answer(1000))
    assert [key for key in "abcd" if store.get(key)] == ["a", "c", "d"]
    store.put("e", answer(100_000))
    assert not store.get("e")
    store.put("a", answer(10))
    assert store.total == sum(store.get(key).weight for key in "acd") <= 10_000


def test_addresses_that_nobody_has_cost_no_page_its_place(tmp_path):
    site = Site(tmp_path, megabytes=1)
    site.get("/")
    site.application.status = "404 Not Found"
    for number in range(1000):
        site.get(f"/{number}")
    assert len(site.cache.refusals) < 1000
    made = site.made
    site.get("/")
    assert site.made == made


# How it is sent


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "br"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("BR", "br"),
        ("*", "br"),
        ("*;q=0", ""),
        ("identity", ""),
        ("", ""),
        ("br;q=nonsense", ""),
    ],
)
def test_each_reader_gets_the_coding_it_can_read(site, accepted, coding):
    assert coding_of(accepted) == coding
    got = site.get(ACCEPT_ENCODING=accepted)
    decode = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert decode(got.body) == PAGE
    assert got.headers.get("Content-Encoding", "") == coding
    assert got.headers["Content-Length"] == str(len(got.body))
    assert got.headers["Vary"] == "Accept-Encoding"


def test_each_coding_is_made_once(site, monkeypatch):
    site.get(ACCEPT_ENCODING="br")
    monkeypatch.setattr("tracker.answers.brotli", None)
    assert brotli.decompress(site.get(ACCEPT_ENCODING="br").body) == PAGE


def test_what_is_small_or_no_text_is_not_compressed(tmp_path):
    assert "Content-Encoding" not in Site(tmp_path, Application(b"short")).get(ACCEPT_ENCODING="br").headers


@pytest.mark.parametrize("coding", ["br", "gzip", ""])
def test_who_has_the_page_already_is_told_so(site, coding):
    tag = site.get(ACCEPT_ENCODING=coding).headers["ETag"]
    for asked in (tag, f"W/{tag}", f'"other", {tag}'):
        got = site.get(IF_NONE_MATCH=asked, ACCEPT_ENCODING="br")
        assert (got.status, got.body) == (304, b"")
        assert got.length_of_head < 230  # what the server adds keeps it under 300
    assert site.get(IF_NONE_MATCH='"other"').status == 200


def test_tags_tell_codings_apart_and_outlive_editions_that_change_nothing(site):
    tags = {site.get(ACCEPT_ENCODING=coding).headers["ETag"] for coding in ("br", "gzip", "")}
    assert len(tags) == 3
    site.publish()
    assert site.get().headers["ETag"] in tags


def test_head_is_the_same_without_the_body(site):
    got, head = site.get(ACCEPT_ENCODING="br"), site.get(method="HEAD", ACCEPT_ENCODING="br")
    assert head.headers == got.headers
    assert head.body == b""
    assert site.made == 1
    assert site.application.asked[0]["REQUEST_METHOD"] == "GET"


def test_caches_in_front_are_told_what_they_may_do(tmp_path):
    site = Site(tmp_path, Application(headers=[("Surrogate-Key", "promise-7"), ("Cache-Control", "max-age=9")]))
    headers = site.get().headers
    assert headers["Surrogate-Key"] == "record edition-1 promise-7"
    assert headers["X-Accel-Expires"] == "1"
    assert headers["Cache-Control"] == "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=3600"


def test_our_servers_may_change_the_list_of_headers(site):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    given = []
    for _ in range(2):
        site.cache(environ, lambda status, headers: (given.append(len(headers)), headers.append(("Server", "x"))))
    assert given[0] == given[1]


# Large answers


@pytest.fixture
def large(tmp_path):
    body = [bytes([65 + number % 26]) * 100_000 for number in range(30)]
    return Site(tmp_path, Application(body, headers=[("X-Kind", "export")]), folder=tmp_path)


def test_a_large_answer_is_streamed_and_its_file_kept(large):
    whole = b"".join(large.application.body)
    first, second, third = (large.get("/promises.csv") for _ in range(3))
    assert first.body == second.body == third.body == whole
    assert large.made == large.application.closed == 1
    assert second.headers["Content-Length"] == str(len(whole))
    assert second.headers["X-Kind"] == "export"
    assert not large.cache.pages.get(("/promises.csv", ""))


def test_a_large_answer_has_a_tag_and_is_not_made_for_who_has_it(large):
    tag = large.get("/promises.csv").headers["ETag"]
    large.cache.files = Store(0, weight=lambda answer: answer.file.size)  # forgotten
    assert large.get("/promises.csv", IF_NONE_MATCH=tag).status == 304
    assert large.made == 1
    large.publish()
    assert large.get("/promises.csv", IF_NONE_MATCH=tag).status == 200


def test_a_large_answer_broken_off_is_not_kept(large):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/promises.csv"}
    body = large.cache(environ, lambda *_: None)
    next(iter(body))
    body.close()
    assert large.application.closed == 1
    assert len(large.get("/promises.csv").body) == 3_000_000
    assert large.made == 2


# Many at once


def together(*calls):
    """Call each in a thread of its own; returns what they gave."""
    given = [None] * len(calls)

    def run(place, call):
        given[place] = call()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    return threads, given


def waiting(site, count):
    """Return once so many readers wait for the page being made."""
    for _ in range(100_000):
        if sum(len(making.is_done._cond._waiters) for making in list(site.cache.making.values())) >= count:
            return
    raise AssertionError("nobody waits")


def test_sixty_four_readers_at_once_cost_one_page(site):
    site.application.goes_on = threading.Event()
    threads, given = together(*[site.get] * 64)
    waiting(site, 63)
    site.application.goes_on.set()
    for thread in threads:
        thread.join()
    assert site.made == 1
    assert {got.body for got in given} == {PAGE}


def test_while_a_page_is_made_the_last_one_stands_in_and_says_so(site, monkeypatch):
    monkeypatch.setattr("tracker.cache.PATIENCE", 0.0)
    site.get()
    site.publish()
    site.application.goes_on, site.application.body = threading.Event(), b"new"
    site.application.has_begun.clear()
    [maker], [_] = together(site.get)
    site.application.has_begun.wait(10)
    old = site.get()
    site.application.goes_on.set()
    maker.join()
    assert old.body == PAGE
    assert old.headers["X-Stale"] == "a newer page is being made"
    assert "110" in old.headers["Warning"]
    new = site.get()
    assert new.body == b"new"
    assert "X-Stale" not in new.headers


def test_a_worker_goes_on_answering_while_an_edition_makes_all_pages_anew(site):
    pages = ["/a", "/b", "/c"]
    for page in pages:
        site.get(page)
    site.publish()
    site.application.goes_on, site.application.body = threading.Event(), b"new"
    threads, _ = together(*[partial(site.get, page) for page in pages[:2]])
    for _ in range(1_000_000):
        if site.made == 5:
            break
    old = site.get("/c")
    assert old.body == PAGE
    assert old.headers["X-Stale"] == "a newer page is being made"
    site.application.goes_on.set()
    for thread in threads:
        thread.join()
    assert site.get("/c").body == b"new"


@pytest.mark.parametrize("why", ["withdrawal", "long ago", "two editions ago"])
def test_the_last_page_does_not_stand_in(site, monkeypatch, why):
    monkeypatch.setattr("tracker.cache.PATIENCE", 0.0)
    site.get()
    site.publish(withdrawing=why == "withdrawal")
    site.get("/elsewhere")
    if why == "two editions ago":
        site.publish()
        site.get("/elsewhere")
    if why == "long ago":
        site.clock.now += LONGEST_MAKING
    site.application.goes_on, site.application.body = threading.Event(), b"new"
    threads, given = together(site.get, site.get)
    waiting(site, 1)
    site.application.goes_on.set()
    for thread in threads:
        thread.join()
    assert [got.body for got in given] == [b"new", b"new"]


def test_one_failure_does_not_keep_the_others_waiting(site):
    site.application.goes_on, site.application.status = threading.Event(), "500 Oh"
    threads, given = together(site.get, site.get)
    waiting(site, 1)
    site.application.goes_on.set()
    for thread in threads:
        thread.join()
    assert [got.status for got in given] == [500, 500]
    assert not site.cache.making


# While the database is away


def test_the_last_page_is_given_while_none_can_be_made(site):
    site.get()
    site.publish()
    site.get("/elsewhere")
    site.application.status, site.application.body = "500 Oh", b"broken"
    got = site.get()
    assert (got.status, got.body) == (200, PAGE)
    assert got.headers["X-Stale"] == "the database is away"
    assert "111" in got.headers["Warning"]
    assert site.application.closed == site.made
    assert site.get("/never-seen").status == 500


def test_an_application_that_raises_is_no_worse(site, monkeypatch):
    site.get()
    site.publish()

    def fail(environ, start_response):
        raise OSError("no database")

    monkeypatch.setattr(site.cache, "application", fail)
    assert site.get().body == PAGE
    with pytest.raises(OSError, match="no database"):
        site.get("/never-seen")


def test_what_was_withdrawn_is_not_given_even_then(site):
    site.get()
    site.publish(withdrawing=True)
    site.get("/elsewhere")
    site.application.status = "500 Oh"
    assert site.get().status == 500


def test_no_page_is_given_for_longer_than_a_day(site):
    site.get()
    site.clock.now += 24 * 3600 + 1
    site.application.status = "500 Oh"
    assert site.get().status == 500


def test_pages_say_that_they_may_be_stale_while_no_look_is_answered(site):
    site.get()
    site.is_away = True
    site.clock.now += 1
    assert site.get().headers["X-Stale"] == "the database is away"
    looks = site.looks
    for _ in range(20):
        site.get()
    assert site.looks == looks
    site.is_away = False
    site.clock.now += 1
    assert "X-Stale" not in site.get().headers


# The shared store


@pytest.fixture
def redis_client():
    import redis

    with servers.redis() as address:
        client = redis.Redis.from_url(address)
        yield client
        client.close()


@pytest.fixture(params=["in Redis", "in a folder"])
def store(request, tmp_path):
    if request.param == "in Redis":
        return SharedStore(request.getfixturevalue("redis_client"))
    return FolderStore(tmp_path / "pages", 2**20)


def test_processes_share_pages(tmp_path, store):
    one, other = (Site(tmp_path, shared=store) for _ in range(2))
    got, same = one.get(ACCEPT_ENCODING="br"), other.get(ACCEPT_ENCODING="br")
    assert (one.made, other.made) == (1, 0)
    assert (same.body, same.headers) == (got.body, got.headers)
    one.publish()
    other.edition = one.edition
    other.get()
    assert other.made == 1


def test_one_process_makes_a_page_for_all(tmp_path, store):
    one, other = (Site(tmp_path, shared=store) for _ in range(2))
    one.application.goes_on = threading.Event()
    [maker], _ = together(one.get)
    one.application.has_begun.wait(10)
    other.cache.pause = lambda seconds: (one.application.goes_on.set(), maker.join())
    assert other.get().body == PAGE
    assert (one.made, other.made) == (1, 0)


def test_other_code_has_pages_of_its_own(tmp_path, store):
    one, other = (Site(tmp_path, shared=store, stamp=stamp) for stamp in ("old", "new"))
    one.get()
    other.get()
    assert other.made == 1


def test_pages_of_another_record_are_not_ours(tmp_path, store):
    one, other = (Site(tmp_path, shared=store) for _ in range(2))
    other.digest = "another record"
    one.get()
    other.get()
    assert other.made == 1


def test_a_page_that_another_process_made_is_given_while_the_database_is_away(tmp_path, store):
    one, other = (Site(tmp_path, shared=store) for _ in range(2))
    one.get()
    other.get("/something else")
    other.is_away = True
    other.clock.now += 5
    got = other.get()
    assert got.body == PAGE
    assert got.headers["X-Stale"] == "the database is away"
    assert other.made == 1


@pytest.mark.same_on_both
@pytest.mark.parametrize("rubbish", [b"no page at all", b"[]\n", b"\xff\n", b'["200 OK", [["A"]], "x", [1, "y"], 0]\n'])
def test_rubbish_in_the_shared_store_is_no_page(tmp_path, redis_client, rubbish):
    site = Site(tmp_path, shared=SharedStore(redis_client))
    site.get()
    for name in redis_client.keys("page:*"):
        redis_client.set(name, rubbish)
    site.cache.pages = Store(2**20)
    assert site.get().body == PAGE
    assert site.made == 2


def test_a_shared_store_that_is_away_is_no_hindrance(tmp_path):
    class Away:
        asked = 0

        def get(self, name):
            self.asked += 1
            raise ConnectionError

    client, clock = Away(), Clock()
    site = Site(tmp_path, shared=SharedStore(client, clock=clock))
    assert site.get("/a").body == site.get("/b").body == PAGE
    assert client.asked == 1
    clock.now += SharedStore.REST
    site.get("/c")
    assert client.asked == 2


def test_a_folder_of_pages_is_bounded_and_the_oldest_go_first(tmp_path):
    store = FolderStore(tmp_path, 1000)
    store.SWEPT = 0
    for number in range(20):
        store.put(f"page-{number}", bytes(100))
        os.utime(tmp_path / "pages" / f"page-{number}", (number, number))
    left = [number for number in range(20) if store.get(f"page-{number}")]
    assert left == list(range(left[0], 20))
    assert 7 <= len(left) <= 10


def test_what_a_killed_process_left_in_a_folder_of_pages_is_taken_away(tmp_path):
    clock = Clock()
    store = FolderStore(tmp_path, 1000, clock=clock)
    (tmp_path / "making" / "half").write_bytes(bytes(10))
    os.utime(tmp_path / "making" / "half", (NOON, NOON))
    assert store.claim("page")
    os.utime(tmp_path / "making" / "page", (NOON, NOON))
    assert not store.claim("page")
    clock.now += LONGEST_MAKING + 1
    assert store.claim("page")
    clock.now += 120
    store.SWEPT = 0
    store.put("page", b"whole")
    assert not (tmp_path / "making" / "half").exists()
    assert store.get("page") == b"whole"


def test_a_folder_that_cannot_be_written_is_no_hindrance(tmp_path):
    (tmp_path / "file").touch()
    site = Site(tmp_path, shared=FolderStore(tmp_path / "file", 1000))
    assert site.get().body == PAGE


# Round our own application


@pytest.mark.django_db
def test_a_look_tells_the_latest_edition_and_whether_something_went():
    assert bell.look(0) == (0, "", False)
    promise = a_promise()
    edition = publish(promise)
    assert bell.look(0) == (1, edition.digest, False)
    edition = publish(promise, withdrawal="It was never made.")
    assert bell.look(1) == (2, edition.digest, True)
    assert bell.look(2) == (2, edition.digest, False)


@pytest.mark.django_db
def test_the_bell_rings_when_a_publication_is_done(django_capture_on_commit_callbacks):
    here = bell.here()
    silent = here.listen()
    with django_capture_on_commit_callbacks() as callbacks:
        publish(a_promise())
    assert here.heard() == silent
    for callback in callbacks:
        callback()
    assert here.heard() != silent
    assert here.path.read_text().startswith("1 ")


def test_a_bell_put_in_the_place_of_another_is_listened_to(tmp_path):
    ours, theirs = bell.Bell(tmp_path / "edition"), bell.Bell(tmp_path / "edition")
    assert ours.heard() == b""
    ours.listen()
    ours.path.unlink()
    theirs.ring(7)
    assert not ours.heard().strip(b"\0")
    assert ours.listen().startswith(b"7 ")
    theirs.ring(7)
    assert ours.heard() != theirs.heard()
    assert ours.heard() == theirs.listen()


def test_an_edition_is_found_within_a_second_where_no_bell_can_be(tmp_path, caplog):
    site = Site(tmp_path / "nowhere")
    site.get()
    site.publish()
    site.clock.now += 1
    site.get()
    assert (site.made, site.editions.number) == (2, 2)
    assert caplog.text.count("only within a second") == 1


def test_every_name_that_an_address_reads_is_known():
    assert set(PromiseFilter.NAMES) <= NAMES
    assert set(ChangesForm.base_fields) <= NAMES
    asked = re.compile(r"(?:GET|data)\.(?:get|getlist)\(\"(\w+)\"|GET\[\"(\w+)\"\]")
    for file in Path("promises/public").rglob("*.py"):
        for found in asked.finditer(file.read_text()):
            assert (found[1] or found[2]) in NAMES, f"{file} reads {found[0]}: add it to promises/public/asking.py"


def test_no_view_of_the_reading_room_looks_at_who_asks():
    personal = {"COOKIES", "META", "headers", "session", "user"}
    for file in Path("promises/public").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "request":
                assert node.attr not in personal, f"{file}, line {node.lineno}: request.{node.attr}"
