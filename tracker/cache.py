"""The page cache, round the whole application: a public answer is a function of address, edition and day.

A kept answer never enters Django. Nothing of the desk comes here, nothing with a cookie of ours or a
sign-in, nothing but GET and HEAD. What an address may differ by is said by `names`; all else of a
request is taken away before the page is made, so that no reader's page can hold what another sent.
"""

import contextlib
import hashlib
import io
import logging
import sys
import threading
import time
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from tracker.answers import (
    LONGEST_MAKING,
    STALE_WHILE_AWAY,
    Answer,
    FolderStore,
    Passing,
    SharedStore,
    Store,
    coding_of,
    is_for_all,
    matches,
)
from tracker.counting import KEPT, MADE, PASSED_ON, STALE, Meter

MEGABYTE = 1024 * 1024
LARGEST = 2 * MEGABYTE
"""The largest answer that is kept in memory; a larger one is streamed, and its file kept."""
LONGEST_QUERY = 2000
MOST_FIELDS = 100
LOOKS_APART = 1.0
"""Seconds between two looks into the database for an edition of another machine."""
PATIENCE = 0.1
"""Seconds that a reader waits for a page being made before the last one is given instead."""

TRIES = 3
"""How often a page is made anew because something was published meanwhile."""
MAKERS = 2
"""So many pages are made at the same time where the last ones can stand in: the rest of a worker goes on answering."""

EDITION = "tracker.edition"
"""What the application is told in its environment: the edition that the page is made for (tracker/replicas.py)."""
HANDED_ON = ("HTTP_HOST", "HTTP_X_FORWARDED_PROTO")
NOT_HANDED_ON = ("CONTENT_TYPE", "CONTENT_LENGTH")
OURS = {"content-length", "etag", "cache-control", "vary", "surrogate-key", "expires"}
BRITISH = ZoneInfo("Europe/London")

AWAY = [("Warning", '111 - "Revalidation Failed"'), ("X-Stale", "the database is away")]
BEING_MADE = [("Warning", '110 - "Response is Stale"'), ("X-Stale", "a newer page is being made")]

log = logging.getLogger(__name__)


# When it is


class Editions:
    """The latest edition that this process knows of; asking costs hearing whether the bell was rung.

    `look(since)` asks the database for the number of the latest edition, its digest, and whether an edition after
    `since` withdrew or sealed anything; `bell` is rung at each publication on this machine, and by whoever finds
    one of another machine, before it shows it. `look_elsewhere(since)` is asked while the database is away: a
    replica, which may be behind.
    """

    def __init__(self, look, bell, *, look_elsewhere=None, clock=time.monotonic):
        self.look = look
        self.look_elsewhere = look_elsewhere
        self.bell = bell
        self.clock = clock
        self.number = 0
        self.digests = {}
        """The digests of the last few editions: a number may be that of another record, a digest is not."""
        self.floor = 0
        """Nothing made for an edition before this one is shown again: something was withdrawn or sealed since."""
        self.before = 0
        self.since = 0.0
        """The edition that this process knew before, and when it learnt of the latest."""
        self.is_known = False
        """Whether the last look was answered."""
        self._heard = b""
        self._next_look = 0.0
        self._looking = threading.Lock()

    def latest(self):
        """Return the number, having looked anew where the bell rang or the time has come."""
        rings = self.bell.heard() != self._heard
        # One reader looks while the others go on with what is known; only the bell makes them wait.
        if (rings or self.clock() >= self._next_look) and self._looking.acquire(blocking=rings or not self.number):
            try:
                if self.bell.heard() != self._heard or self.clock() >= self._next_look:
                    self._look()
            finally:
                self._looking.release()
        return self.number

    def is_still(self, number):
        """Look now, after a page was made; say whether that edition is the latest even so."""
        if not self.is_known:
            return True
        with self._looking:
            self._look()
        return self.number == number

    def seconds_since(self, number):
        """Return for how long an answer made for that edition has not been the latest."""
        if number == self.number:
            return 0.0
        return self.clock() - self.since if number == self.before else float("inf")

    def _look(self):
        heard = self.bell.listen()  # what rings from here on is heard anew
        try:
            number, digest, something_went = self.look(self.number)
            if number > self.number and self.number and heard == self._heard:
                self.bell.ring(number)
        except Exception as error:  # whatever keeps the database from answering
            if self.is_known:
                log.warning("The database does not say which edition is the latest: %s", error)
            self.is_known = False
            if self.look_elsewhere:
                with contextlib.suppress(Exception):  # nobody answers: what is known has to do
                    self._learn(*self.look_elsewhere(self.number))
        else:
            self._learn(number, digest, something_went)
            self.is_known = True
        self._heard = heard
        self._next_look = self.clock() + LOOKS_APART

    def _learn(self, number, digest, something_went):
        if number <= self.number:
            return
        self.digests = {**dict(list(self.digests.items())[-3:]), number: digest}
        if something_went or not self.number:
            self.floor = number
        self.before, self.number, self.since = self.number, number, self.clock()


class Today:
    """The British day of a moment in seconds; worked out once a day."""

    def __init__(self):
        self._day = (0.0, 0.0, "")

    def of(self, now):
        begins, ends, day = self._day
        if not begins <= now < ends:
            here = datetime.fromtimestamp(now, BRITISH)
            midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
            day = here.date().isoformat()
            self._day = midnight.timestamp(), (midnight + timedelta(days=1)).timestamp(), day
        return day

    def seconds_since(self, day, now):
        """Return for how long an answer made on that day has not been of today."""
        return 0.0 if day == self.of(now) else now - self._day[0]


# The door


class Making:
    """A page that somebody is making: who wants it too waits here."""

    def __init__(self):
        self.is_done = threading.Event()
        self.answer = None


class PageCache:
    """A WSGI application that gives kept answers for another one.

    `editions` says which edition is the latest, `names` which names in a query mean anything,
    `private` which paths are never kept; `clock` gives seconds since 1970 and `pause` waits. A `meter` counts.
    """

    def __init__(
        self,
        application,
        *,
        editions,
        names,
        private=(),
        session_cookie="sessionid",
        https_only=False,
        trusts_proxy=False,
        shared=None,
        stamp="",
        megabytes=64,
        shared_seconds=1,
        folder=None,
        meter=None,
        clock=time.time,
        pause=time.sleep,
    ):
        self.application = application
        self.editions = editions
        self.private = tuple(private)
        self.session_cookie = f"{session_cookie}="
        self.https_only = https_only
        self.scheme_from = "HTTP_X_FORWARDED_PROTO" if trusts_proxy else "wsgi.url_scheme"
        self.shared = shared
        self.stamp = stamp
        self.folder = folder
        self.meter = meter
        self.clock = clock
        self.pause = pause
        self.today = Today()
        self.canonical = lru_cache(maxsize=4096)(lambda query: canonical(query, names))
        self.pages = Store(megabytes * MEGABYTE)
        self.refusals = Store(2 * MEGABYTE)
        """Answers that are no pages, apart from these: an address nobody has costs no page its place."""
        self.files = Store(512 * MEGABYTE, weight=lambda answer: answer.file.size)
        self.making = {}
        self.lock = threading.Lock()
        self.how_long = [
            (
                "Cache-Control",
                f"public, max-age=0, s-maxage={shared_seconds}, stale-while-revalidate=1, stale-if-error=3600",
            ),
            ("X-Accel-Expires", "1"),
        ]

    def __call__(self, environ, start_response):
        key = self.key_of(environ)
        if key is None:
            return self.application(environ, self.counting(PASSED_ON, start_response))
        now = self.clock()
        moment = self.editions.latest(), self.today.of(now)
        answer, mark, kind = self.pages.get(key), self.mark(), KEPT
        if answer is None or answer.moment != moment:
            asked = environ.get("HTTP_IF_NONE_MATCH")
            if asked and matches(asked, name := self.name_of(key, moment)):
                said = [("ETag", f'"{name}"'), *self.how_long]
                self.counting(KEPT, start_response)("304 Not Modified", said)  # too large to be kept
                return []
            answer, mark = self.answer_for(key, moment, environ, now)
            if not isinstance(answer, Answer):
                return self.pass_on(answer, environ, self.counting(PASSED_ON, start_response))
            kind = MADE if answer.made_at == now else KEPT
        start_response = self.counting(STALE if mark else kind, start_response)
        return self.send(answer, mark, environ, start_response)

    def counting(self, kind, start_response):
        """Return a `start_response` that counts too, where anybody wants to know."""
        return self.meter.noting(kind, start_response) if self.meter else start_response

    def key_of(self, environ):
        """Return (path, query) where the request is for everybody; None where it is not ours to answer."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
        if path.startswith(self.private) or "HTTP_AUTHORIZATION" in environ or len(query) > LONGEST_QUERY:
            return None
        if self.session_cookie in environ.get("HTTP_COOKIE", ""):
            return None
        if self.https_only and environ.get(self.scheme_from) != "https":
            return None
        if query:
            query = self.canonical(query)
            if query is None:
                return None
        return path, query

    # Finding and making

    def answer_for(self, key, moment, environ, now):
        """Return an answer of this moment, or the last one, and how it is marked; one reader makes it for all."""
        for store in (self.refusals, self.files):
            other = store.get(key)
            if other is not None and other.moment == moment:
                return other, self.mark()
        last = self.pages.get(key)
        if last is not None and last.moment[0] < self.editions.floor:
            last = None  # something was withdrawn or sealed since
        may_stand_in = self.was_just_replaced(last, now)
        with self.lock:
            making = self.making.get((key, moment))
            is_maker = making is None
            if is_maker:
                if may_stand_in and len(self.making) >= MAKERS:
                    return last, BEING_MADE
                making = self.making[key, moment] = Making()
        if is_maker:
            try:
                answer, mark = self.found_or_made(key, moment, environ, now, last)
                making.answer = answer if answer is not last else None
            finally:
                with self.lock:
                    del self.making[key, moment]
                making.is_done.set()
            return answer, mark
        making.is_done.wait(PATIENCE if may_stand_in else LONGEST_MAKING)
        if isinstance(making.answer, Answer):
            return making.answer, self.mark()
        if may_stand_in and not making.is_done.is_set():
            return last, BEING_MADE
        return self.made_or_last(key, moment, environ, now, last)

    def was_just_replaced(self, last, now):
        """Whether this answer was right until a moment ago, so that it may stand in while the next is made."""
        if last is None:
            return False
        edition, day = last.moment
        return max(self.editions.seconds_since(edition), self.today.seconds_since(day, now)) < LONGEST_MAKING

    def found_or_made(self, key, moment, environ, now, last):
        """Take the answer from the shared store, or make it: one process for all."""
        if not self.shared:
            return self.made_or_last(key, moment, environ, now, last)
        name, waited = self.name_of(key, moment), 0.0
        while True:
            if answer := self.shared_answer(name, moment):
                self.keep(key, answer)
                return answer, self.mark()
            if waited >= LONGEST_MAKING or self.shared.claim(name):
                break
            if waited >= PATIENCE and self.was_just_replaced(last, now):
                return last, BEING_MADE
            self.pause(0.01)
            waited += 0.01
        try:
            answer, mark = self.made_or_last(key, moment, environ, now, last)
            if isinstance(answer, Answer) and not mark:
                self.shared.put(self.name_of(key, answer.moment), answer.packed())
        finally:
            self.shared.release(name)
        return answer, mark

    def shared_answer(self, name, moment):
        """Return what the shared store has under this name; None where that is nothing, or rubbish."""
        packed = self.shared.get(name)
        if not packed:
            return None
        try:
            answer = Answer.unpacked(packed)
        except (ValueError, TypeError, AttributeError):
            log.warning("The shared cache holds something that is no page: it is made anew.")
            return None
        return answer if answer.moment == moment else None

    def made_or_last(self, key, moment, environ, now, last):
        """Make the answer, and keep it; where it cannot be made, give the last good one."""
        if last is not None and now - last.made_at > STALE_WHILE_AWAY:
            last = None
        try:
            answer = self.made(key, moment, environ, now)
            for _ in range(TRIES):
                if self.editions.is_still(moment[0]):
                    break
                # Published while it was being made: what it was made from may be newer than what others still get.
                moment = self.editions.number, moment[1]
                if not isinstance(answer, Answer):
                    break
                answer = self.made(key, moment, environ, now)
        except Exception:
            if last is None:
                raise
            log.exception("%s could not be made: the last one is given.", key[0])
            return last, AWAY
        if isinstance(answer, Answer):
            self.keep(key, answer)
        elif answer.status >= "5" and last is not None:
            answer.close()
            return last, AWAY
        return answer, self.mark()

    def mark(self):
        """Return how an answer of this moment is marked: not at all, while we know that it is the latest."""
        return () if self.editions.is_known else AWAY

    def name_of(self, key, moment):
        """Return the name that an answer has for all processes that run the same code."""
        digest = self.editions.digests.get(moment[0], "")
        return hashlib.sha256("\n".join([self.stamp, digest, *key, *map(str, moment)]).encode()).hexdigest()[:32]

    def made(self, key, moment, environ, now):
        """Ask the application; an Answer where everybody may have it, else a Passing."""
        asked = {
            name: value
            for name, value in environ.items()
            if name in HANDED_ON or not (name.startswith("HTTP_") or name in NOT_HANDED_ON)
        }
        asked |= {"REQUEST_METHOD": "GET", "QUERY_STRING": key[1], "wsgi.input": io.BytesIO()}
        asked[EDITION] = moment[0]
        begun, begun_at = {}, self.clock()

        def start_response(status, headers, exc_info=None):
            begun.update(status=status, headers=headers)
            return io.BytesIO().write

        body = self.application(asked, start_response)
        passing = Passing(begun["status"], begun["headers"], body)
        if not is_for_all(passing):
            return passing
        content = passing.whole(LARGEST)
        if content is None:
            passing.headers = self.own_headers(passing.headers, moment)
            if passing.status.startswith("200"):
                passing.etag = self.name_of(key, moment)
                if self.folder:
                    passing.keep_file(self.folder, lambda file: self.keep_file(key, passing, file, moment, now))
            return passing
        passing.close()
        if self.meter:
            self.meter.took(self.clock() - begun_at)
        headers = self.own_headers(passing.headers, moment)
        etag = hashlib.sha256(content).hexdigest()[:20]
        return Answer(passing.status, headers, content, etag, moment, now)

    def own_headers(self, headers, moment):
        """Return the answer's headers with what caches of every kind are told."""
        theirs = [value for name, value in headers if name.lower() == "surrogate-key"]
        return [
            *((name, value) for name, value in headers if name.lower() not in OURS),
            *self.how_long,
            ("Surrogate-Key", " ".join(["record", f"edition-{moment[0]}", *theirs])),
        ]

    def keep(self, key, answer):
        store = self.pages if answer.status.startswith("200") else self.refusals
        store.put(key, answer)
        if self.meter:
            self.meter.holds(self.pages)

    def keep_file(self, key, passing, file, moment, now):
        self.files.put(key, Answer(passing.status, passing.headers, b"", passing.etag, moment, now, file=file))

    # Answering

    def send(self, answer, mark, environ, start_response):
        asked = environ.get("HTTP_IF_NONE_MATCH")
        coding = coding_of(environ.get("HTTP_ACCEPT_ENCODING", "")) if answer.is_compressed else ""
        headers, body, unchanged = answer.ready(coding)
        if asked and (asked == headers[-1][1] or (answer.etag in asked and matches(asked, answer.etag))):
            start_response("304 Not Modified", unchanged.copy())
            return []
        start_response(answer.status, [*headers, *mark])
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        return iter(answer.file) if answer.file else [body]

    def pass_on(self, passing, environ, start_response):
        """Send what is not kept as it comes."""
        headers = [*passing.headers, ("ETag", f'"{passing.etag}"')] if passing.etag else passing.headers
        start_response(passing.status, headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            passing.close()
            return []
        return passing


# What was asked


def canonical(query, names):
    """Return a query without what means nothing, in one order; None where it cannot be read."""
    try:
        pairs = parse_qsl(query, max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        return None
    return urlencode(sorted(pair for pair in pairs if pair[0] in names))


# Round our own application


def with_pages_kept(application):
    """Wrap our application as the settings have it."""
    from django.conf import settings

    from promises.public.asking import NAMES
    from promises.record import bell
    from tracker.replicas import PRIMARY, REPLICA

    # A kept page takes microseconds, a page being made holds the interpreter: let it go more often than each 5 ms.
    sys.setswitchinterval(0.0005)
    return PageCache(
        application,
        editions=Editions(
            looking_with_care(bell.look, PRIMARY),
            bell.here(),
            look_elsewhere=looking_with_care(bell.look, REPLICA) if REPLICA in settings.DATABASES else None,
        ),
        names=NAMES,
        private=("/admin/", "/accounts/", "/suggest/", "/health/", "/data/releases/", "/metrics", settings.STATIC_URL),
        session_cookie=settings.SESSION_COOKIE_NAME,
        https_only=settings.HTTPS,
        trusts_proxy=bool(settings.TRUSTED_PROXIES),
        shared=shared_store(settings),
        stamp=stamp_of_code(settings),
        megabytes=settings.PAGE_CACHE_MB,
        shared_seconds=settings.SHARED_SECONDS,
        folder=settings.DATA_DIR,
        meter=Meter(settings.DATA_DIR / "metrics") if settings.METRICS_TOKEN else None,
    )


def looking_with_care(look, database):
    """Look outside of any request: a connection that died meanwhile is opened anew, and a broken one dropped."""
    from django.db import connections

    from tracker.replicas import reading_from

    def looking(since):
        connection = connections[database]
        connection.close_if_unusable_or_obsolete()
        try:
            with reading_from(database):
                return look(since)
        except Exception:
            connection.close()
            raise

    return looking


def shared_store(settings):
    """Return the store of what processes share: that of all machines in Redis, else that of this one; or None."""
    if settings.REDIS_URL:
        import redis

        patience = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
        return SharedStore(redis.Redis.from_url(settings.REDIS_URL, **patience))
    if settings.PAGE_DISK_MB:
        return FolderStore(settings.DATA_DIR / "pages", settings.PAGE_DISK_MB * MEGABYTE)
    return None


def stamp_of_code(settings):
    """Return what tells answers of this code from those of another: a new template is not kept from readers."""
    seen = hashlib.sha256(settings.PUBLIC_URL.encode())
    files = [settings.STATIC_ROOT / "staticfiles.json"]
    for folder, pattern in (
        ("promises", "**/*.py"),
        ("tracker", "*.py"),
        ("templates", "**/*"),
        ("fixtures", "*.yaml"),
    ):
        files += sorted((settings.BASE_DIR / folder).glob(pattern))
    for file in files:
        if file.is_file():
            seen.update(file.read_bytes())
    return seen.hexdigest()
