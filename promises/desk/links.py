"""Asking whether sources can still be opened: many at once, one host at a time, nobody against their will.

An answer is only ever evidence: a server that refuses us may well serve people, so it counts as not known.
"""

import asyncio
import contextlib
import html
import ipaddress
import logging
import re
import socket
import ssl
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

import httpx
from django.conf import settings
from django.db.models import Case, F, Q, When

from promises.desk.models.link_check import LinkCheck, LinkState, Outcome
from promises.desk.models.source import Source

log = logging.getLogger(__name__)
NAME = "LevellingUpTracker"
READ_MOST = 64 * 1024
ROBOTS_MOST = 512 * 1024
REDIRECTS_MOST = 5
PORTS = (80, 443)
AT_ONCE_A_RUN = 100
"""Sources asked for between two writings to the database."""
SOON, LATER = timedelta(hours=20), timedelta(days=7)
"""When an address is asked for again: one that fails, and any other."""

REDIRECTS = {301, 302, 303, 307, 308}
GONE = {404, 410}
REFUSED = {401, 402, 403, 407, 429, 451}
HOMES = {"", "index.html", "index.htm", "index.php", "default.aspx", "home", "en", "en-gb"}
TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.I | re.S)
NOT_FOUND = re.compile(
    r"^\W*(?:error\W*)?404\b|\b404\W+(?:error|not|page)|^\W*(?:sorry\W*)?not found\b|can(?:['’]?t|not) find (?:that|this|the) page|"
    r"\b(?:page|file|document|article|content|resource)\b.{0,20}\b(?:not found|(?:not|cannot) be found|unavailable|"
    r"no longer (?:available|exists?)|does(?:n['’]t| not) exist)\b",
    re.I,
)
NOT_FOUND_ADDRESS = re.compile(r"(?:^|[/_.?=-])(?:404|not-?found|page-?not-?found|error404)(?:$|[/_.?=&-])", re.I)


@dataclass(frozen=True, slots=True)
class Manners:
    """How we ask: how many at once, and how long we wait for whom."""

    at_once: int = 20
    pause: float = 1.0
    """Seconds between two questions to the same host."""
    pause_most: float = 30.0
    """More than this a robots.txt may ask for in vain."""
    timeout: float = 20.0
    altogether: float = 60.0
    tries: int = 3
    back_off: float = 2.0
    may_ask_loopback: bool = False
    contact: str = ""

    @property
    def agent(self):
        return f"{NAME}/1.0 (+{self.contact})" if self.contact else f"{NAME}/1.0"


@dataclass(frozen=True, slots=True)
class Result:
    """What came of asking for one address."""

    outcome: Outcome
    status: int | None = None
    detail: str = ""
    leads_to: str = ""
    is_passing: bool = False
    """Whether trying again in a moment may help."""


class NotPublic(Exception):
    """An address that we do not ask: its host is not on the public internet."""


def is_public(address, *, may_ask_loopback=False):
    """Whether an IP address is one that anybody on the internet could ask."""
    address = ipaddress.ip_address(address)
    if may_ask_loopback and address.is_loopback:
        return True
    # An IPv6 address may carry an IPv4 one, which younger Pythons alone look at.
    carried = [getattr(address, "ipv4_mapped", None), getattr(address, "sixtofour", None)]
    carried += getattr(address, "teredo", None) or ()
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved)
        and all(is_public(inner) for inner in carried if inner)
    )


async def resolve(host, port):
    """Return every IP address of a host, by the system's own means."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(info[4][0] for info in found))


class ToCheckedAddresses(httpx.AsyncHTTPTransport):
    """Connects to the very address that was found to be public: names may point elsewhere a moment later."""

    def __init__(self, manners, resolve):
        # Kept connections would be shared by every name at an address, past the check of its certificate.
        super().__init__(verify=_certificates(), limits=httpx.Limits(max_keepalive_connections=0))
        self.manners, self.resolve = manners, resolve

    async def handle_async_request(self, request):
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        if not 0 < port < 2**16:
            raise httpx.InvalidURL(f"There is no port {port}.")
        if port not in PORTS and not self.manners.may_ask_loopback:
            raise NotPublic(f"Port {port} is not one that web pages use.")
        try:
            addresses = await self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"The name {host} is not known.") from error
        if not addresses or not all(
            is_public(address, may_ask_loopback=self.manners.may_ask_loopback) for address in addresses
        ):
            raise NotPublic(f"{host} is not on the public internet.")
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=addresses[0])
        return await super().handle_async_request(request)


@lru_cache(maxsize=1)
def _certificates():
    return httpx.create_ssl_context()


class Host:
    """One host, asked one thing at a time and with a pause between."""

    def __init__(self):
        self.free = asyncio.Lock()
        self.next_at = 0.0
        self.pause = None
        self.robots = None
        self.wants_rest = False

    @contextlib.asynccontextmanager
    async def turn(self, pause):
        """Wait for our turn with this host."""
        async with self.free:
            loop = asyncio.get_running_loop()
            if (wait := self.next_at - loop.time()) > 0:
                await asyncio.sleep(wait)
            try:
                yield
            finally:
                self.next_at = loop.time() + (self.pause or pause)


class Checker:
    """Asks for addresses, and remembers of each host what it told us."""

    def __init__(self, manners=None, *, resolve=resolve):
        self.manners = manners or Manners()
        self.hosts = defaultdict(Host)
        self.at_once = asyncio.Semaphore(self.manners.at_once)
        self.client = httpx.AsyncClient(
            transport=ToCheckedAddresses(self.manners, resolve),
            timeout=self.manners.timeout,
            follow_redirects=False,
            trust_env=False,
            headers={
                "User-Agent": self.manners.agent,
                "Accept": "text/html,application/xhtml+xml,application/pdf,*/*;q=0.8",
                "Accept-Language": "en-GB,en;q=0.8",
                "Accept-Encoding": "identity",  # else a small body may unpack to a large one
            },
        )

    async def check_all(self, addresses):
        """Return the result for each address, by address; None where its host asked to be left alone."""
        addresses = list(dict.fromkeys(addresses))
        return dict(zip(addresses, await asyncio.gather(*map(self.check, addresses)), strict=True))

    async def close(self):
        await self.client.aclose()

    async def check(self, address):
        """Ask for one address, more than once where that may help."""
        for attempt in range(self.manners.tries):
            if attempt:
                await asyncio.sleep(self.manners.back_off * 2 ** (attempt - 1))
            try:
                result = await self._follow(address)
            except Exception:  # whatever one server does must not keep the others from being asked
                log.exception("Could not ask for %s", address)
                return Result(Outcome.UNKNOWN, detail="Not asked: it met a fault of ours.")
            if result is None or not result.is_passing:
                break
        return result

    async def _follow(self, address):
        """Ask, and go where the answer leads, at most so many times; None where a host wants to be left alone."""
        here, seen = address, {address}
        for _ in range(REDIRECTS_MOST + 1):
            try:
                refusal = await self._refusal(here)
                if self._host(here).wants_rest:
                    return None
                answer = refusal or await self._ask(here)
            except NotPublic as error:
                return Result(Outcome.UNKNOWN, detail=f"Not asked: {error}")
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
                return self._broken(error)
            if answer is None:
                return None
            if isinstance(answer, Result):
                return answer
            if not isinstance(answer, str):
                return self._judge(address, here, *answer)
            here = urljoin(here, answer)
            if urlsplit(here).scheme not in ("http", "https"):
                return Result(
                    Outcome.FAILED, detail="It leads to an address that is no web page.", leads_to=here[:2000]
                )
            if here in seen:
                return Result(Outcome.FAILED, detail="Its redirects go round in a circle.", leads_to=here[:2000])
            seen.add(here)
        return Result(Outcome.FAILED, detail=f"It redirects more than {REDIRECTS_MOST} times.", leads_to=here[:2000])

    def _host(self, address):
        return self.hosts[urlsplit(address).netloc.lower()]

    async def _ask(self, address, *, most=READ_MOST, with_range=True):
        """Return (status, first bytes) of an answer, or the address that it redirects to; None if told to stop before."""
        host = self._host(address)
        # GET and not HEAD, which many servers refuse; only the beginning is wanted.
        headers = {"Range": f"bytes=0-{most - 1}"} if with_range else {}
        # Our turn with the host comes first, so that who waits for a busy one keeps nobody else waiting.
        async with host.turn(self.manners.pause), self.at_once, asyncio.timeout(self.manners.altogether):
            if host.wants_rest:
                return None
            async with self.client.stream("GET", address, headers=headers) as response:
                if response.status_code in REDIRECTS and response.headers.get("Location"):
                    return response.headers["Location"]
                body = bytearray()
                if response.status_code < 300:
                    async for chunk in response.aiter_raw():
                        body += chunk
                        if len(body) >= most:
                            break
            if response.status_code == 429:
                host.wants_rest = True
        if response.status_code == 416 and with_range:
            return await self._ask(address, most=most, with_range=False)
        return response.status_code, bytes(body[:most])

    async def _refusal(self, address):
        """Return the result where robots.txt asks us not to ask for this; None where we may."""
        host = self._host(address)
        if host.robots is None:
            host.robots = asyncio.ensure_future(self._read_robots(address))
        robots = await asyncio.shield(host.robots)  # others wait for it too
        if robots is None:
            return Result(Outcome.UNKNOWN, detail="Not asked: its robots.txt could not be read.")
        if not robots.can_fetch(NAME, address):
            return Result(Outcome.UNKNOWN, detail="Not asked: its robots.txt asks programs not to.")
        return None

    async def _read_robots(self, address):
        """Return what a host asks of programs; None where it would not say."""
        here = urlunsplit((*urlsplit(address)[:2], "/robots.txt", "", ""))
        robots = RobotFileParser(here)
        robots.allow_all = True
        try:
            for _ in range(REDIRECTS_MOST + 1):
                answer = await self._ask(here, most=ROBOTS_MOST)
                if not isinstance(answer, str):
                    break
                here = urljoin(here, answer)
            else:
                return robots
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, NotPublic):
            return robots  # the page itself will meet the same, and say so
        status, body = answer or (429, b"")
        if status >= 500:
            return None
        if status >= 400:
            return robots
        robots = RobotFileParser(here)
        robots.parse(body.decode("utf-8", "replace").splitlines())
        robots.modified()
        delay = robots.crawl_delay(NAME)
        if delay:
            self._host(address).pause = min(max(float(delay), self.manners.pause), self.manners.pause_most)
        return robots

    def _judge(self, asked, ended, status, body):
        leads_to = ended[:2000] if ended != asked else ""
        if status in GONE:
            return Result(Outcome.FAILED, status, "The server says that it is not there.", leads_to)
        if status in REFUSED:
            return Result(Outcome.UNKNOWN, status, "The server would not answer a program.", leads_to)
        if status >= 500:
            return Result(Outcome.FAILED, status, "The server has a fault.", leads_to, is_passing=True)
        if status in REDIRECTS:
            return Result(Outcome.FAILED, status, "It redirects without saying where.", leads_to)
        if status >= 400:
            return Result(Outcome.UNKNOWN, status, "The server did not take our question.", leads_to)
        if leads_to and is_home(ended) and not is_home(asked):
            return Result(Outcome.FAILED, status, "It leads to the home page instead.", leads_to)
        if leads_to and NOT_FOUND_ADDRESS.search(urlsplit(ended).path):
            return Result(Outcome.FAILED, status, "It leads to a page for what is not found.", leads_to)
        if title := not_found_title(body):
            return Result(Outcome.FAILED, status, f"The page is titled “{title}”.", leads_to)
        return Result(Outcome.ANSWERED, status, "", leads_to)

    def _broken(self, error):
        if isinstance(error, httpx.TimeoutException | TimeoutError):
            return Result(Outcome.FAILED, detail="It did not answer in time.", is_passing=True)
        if is_about_certificates(error):
            return Result(Outcome.UNKNOWN, detail="Its certificate or encryption is not in order.")
        if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | ValueError):
            return Result(Outcome.FAILED, detail="It is not an address that can be asked for.")
        told = str(error)
        known = told if told.startswith("The name ") else "The server could not be reached, or broke off."
        return Result(Outcome.FAILED, detail=known[:300], is_passing=True)


def is_about_certificates(error):
    """Whether encryption failed, rather than the connection."""
    while error:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_home(address):
    """Whether an address is that of a site's first page."""
    parts = urlsplit(address)
    return parts.path.strip("/").lower() in HOMES and not parts.query


def not_found_title(body):
    """Return the title of a page that says with status 200 that there is nothing; an empty text for any other."""
    found = TITLE.search(body)
    title = " ".join(html.unescape(found[1].decode("utf-8", "replace")).split()) if found else ""
    return title[:120] if NOT_FOUND.search(title) else ""


# Which are asked for, and what is kept


def due(*, at, limit=None):
    """Return the sources whose address is to be asked for now: failing ones first, then those never or longest not asked."""
    is_failing = Q(link_check__state=LinkState.FAILING)
    sources = (
        Source.objects.select_related("link_check")
        .filter(
            Q(link_check=None)
            | ~Q(link_check__address=F("url"))
            | (is_failing & Q(link_check__checked_at__lte=at - SOON))
            | (~is_failing & Q(link_check__checked_at__lte=at - LATER))
        )
        .order_by(Case(When(is_failing, then=0), default=1), F("link_check__checked_at").asc(nulls_first=True), "pk")
    )
    return list(sources[:limit])


def remember(source, result, *, at):
    """Keep what came of asking for a source, and return its check."""
    check = LinkCheck.objects.filter(source=source).first() or LinkCheck(source=source)
    check.learn(result.outcome, at=at)
    check.status, check.detail, check.leads_to = result.status, result.detail[:300], result.leads_to
    check.save()
    return check


def check(sources, *, at, manners=None, resolve=resolve):
    """Ask for the sources' addresses, keep what came of it, and yield each check."""
    with asyncio.Runner() as runner:
        checker = runner.run(_begin(manners or our_manners(), resolve))
        try:
            for start in range(0, len(sources), AT_ONCE_A_RUN):
                some = sources[start : start + AT_ONCE_A_RUN]
                results = runner.run(checker.check_all(source.url for source in some))
                for source in some:
                    if result := results[source.url]:
                        yield remember(source, result, at=at)
        finally:
            runner.run(checker.close())


async def _begin(manners, resolve):
    return Checker(manners, resolve=resolve)


def our_manners():
    """Return how this site asks: as itself, with a page that says who that is."""
    return Manners(contact=f"{settings.PUBLIC_URL}/about/")
