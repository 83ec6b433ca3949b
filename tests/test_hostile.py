"""Requests that nobody means well, sent to the whole site as it is served: every one ends in a clear answer."""

import io
import random
import re
import struct
import zipfile
import zlib
from datetime import datetime
from urllib.parse import quote, urlencode

import pytest
from django.urls.converters import get_converters
from django.utils import timezone

from promises.public import urls
from promises.public.asking import NAMES
from tests.scale import at_scale, count
from tests.served import Browser, served

pytestmark = pytest.mark.torture

MARK = "qzx7"
"""Stands in most of what is sent; it may come back in words, never in markup nor in a header as it was sent."""
IN_MARKUP = [f'{MARK}<"', f'{MARK}&lt;"', f"{MARK}\"'", f"<{MARK}", f"<script>{MARK}", f"{MARK}' onload"]
MARKUP = {"text/html", "text/xml", "application/xml", "image/svg+xml", "application/atom+xml"}
INSIDES = [b"Traceback (most recent call last)", b"/site-packages/", b"DJANGO_SETTINGS_MODULE", b"only for a site that"]
UNKNOWN_FORMAT = 501
"""What oEmbed has servers say of a format that they do not write."""
PUBLIC_SECONDS, DESK_SECONDS = 2, 20
"""How long the server may compute for one answer."""
GROWTH = 120
"""Megabytes by which the worker may grow in a test: what is kept of pages, of which it may keep 16, and of the record."""
MOST_MEGABYTES = 800
"""What the worker may hold at any time; its unit has a gigabyte."""
FORM = "application/x-www-form-urlencoded"

NUMBERS = [
    *("0", "-1", "+1", " 1", "1.5", "1e9", "0x10", "1_000", "NaN", "inf", "-inf", "１２", "٣", "Ⅷ", "²"),
    *(str(2**15), str(2**31), str(2**31 - 1), str(2**32), str(2**63), str(2**64), str(10**30), "9" * 400, "9" * 5000),
]
DAYS = [
    *("0000-00-00", "0000-01-01", "0001-01-01", "1582-10-10", "9999-12-31", "10000-01-01", "2024-02-30", "2023-02-29"),
    *(
        "2020-02-29",
        "infinity",
        "-infinity",
        "2024-1-1",
        "２０２４-01-01",
        "2024-01-01T00:00:00Z",
        "2024-13-01",
        "today",
    ),
    *("-0001-01-01", "2024", "2024-02", "2024-02-29\n", "1899-12-31"),
]
TEXTS = [
    *("\0", f"a\0{MARK}", "\x1b[31m", "\x7f", "\u202e" + MARK, "\u200f", "\ufeff", "\u2028", "\ufffe", "\U0010ffff"),
    *("%", "%%", "%00", "%2500", "%zz", "_%", "\\", "\\'", "'", '"', "`", ";", "--", "/*", "#", "?", "=", "&"),
    *(
        '"*',
        "*",
        "**",
        "a*",
        "^a",
        "NEAR(a b)",
        "a NEAR/2 b",
        "a AND NOT b",
        "(",
        ")",
        ")))(((",
        ":",
        "a:b",
        "{a b}: c",
    ),
    *("&", "a & b | !c", "a <-> b", "a:*", "!!", "|", "'a' & 'b'", "-a", "+a", "search_text : a", 'a" OR "b'),
    *(f"'; DROP TABLE promises_version; --{MARK}", "' OR '1'='1", "%' AND '%'='", "1; SELECT pg_sleep(9)", "\\'; --"),
    *(
        f"{MARK}<\"'>",
        f"<{MARK}>",
        f"<script>{MARK}<b",
        f"{MARK}' onload='x",
        "{{7*7}}" + MARK,
        "{% debug %}",
        "${7*7}",
    ),
    *("javascript:alert(1)", f"//{MARK}.example", f"https://{MARK}.example/", "\\\\evil", "../../../etc/passwd"),
    *(f"\r\nX-Injected: {MARK}", f"\nSet-Cookie: {MARK}=1", f"{MARK}\r\n\r\n<html>", "\r", "\t"),
    *("A" * 300, "é" * 3000, "word " * 400, "a" * 199, "x" * 1900, "е́" * 100, "é" * 200, "👩‍👩‍👧" * 50, "ß", "İ", "ŉ"),
    *("None", "null", "undefined", "true", "[]", "{}", "constructor", "__proto__", "a[b][c]", "-" * 100, "a-" * 60),
]
RAW = ["%ED%A0%80", "%FF%FE", "%C0%AF", "%C3", "%", "%0", "%u0000", "%F4%90%80%80", "%00", "+", "%E2%80%AE", "%80" * 50]
"""Values that no well-meaning program would write into an address: bytes that are no text."""

PATHS = [
    *("../../etc/passwd", "..%2f..%2fetc%2fpasswd", "..%252f..%252fetc%252fpasswd", "%2e%2e/%2e%2e/etc/passwd"),
    *("..%5c..%5cwindows", "....//....//etc/passwd", "%c0%ae%c0%ae/etc/passwd", "/etc/passwd", "%2fetc%2fpasswd", "."),
    *("..", "%00", f"a%00{MARK}", "%0d%0aX-Injected:%20" + MARK, f"{MARK}%3C%22%27%3E", f"%3C{MARK}", f"{MARK}%22%3E"),
    *(
        "a" * 3000,
        "%F0%9F%8E%89",
        "%ED%A0%80",
        "%FF",
        "A-Line",
        "-",
        "_",
        "a_b",
        "a--b",
        "~",
        ";a=b",
        "a;b",
        "a,b",
        "a:b",
    ),
    *(
        "%E2%80%AE",
        "%EF%BC%8E%EF%BC%8E",
        "a%20b",
        "a+b",
        "*",
        "a.b.c",
        ".git/config",
        ".env",
        "settings.py",
        "%25",
        "%7B%7B",
    ),
]
PATH_NUMBERS = [quote(number) for number in NUMBERS] + ["00", "01", "1.json.json", "1,2"]

HEADERS = {
    "Host": ["evil.example", "", "127.0.0.1:1", "127.0.0.1@evil.example", "a" * 300, "[::1", "127.0.0.1, evil", "..", "é"],
    "X-Forwarded-Host": [f"{MARK}.example"],
    "X-Forwarded-Proto": ["https", "gopher", "https,http", MARK],
    "X-Forwarded-For": ["1.2.3.4", "::1%eth0", "not an address", ", , ,", "1" * 3000, f"{MARK}<", "127.0.0.1" + ", 1.1.1.1" * 300],
    "X-Forwarded-Port": ["99999"],
    "X-Original-URL": ["/admin/"],
    "X-Rewrite-URL": ["/admin/"],
    "X-HTTP-Method-Override": ["DELETE"],
    "Forwarded": [f"host={MARK}.example;proto=https"],
    "Cookie": [
        *("sessionid=" + "a" * 4000, "sessionid=../../etc", f"csrftoken={MARK}<", ";;;===", "a=b; " * 1500, "messages=[]"),
        *('messages="[[\\"__json_message\\"]]:x"', "sessionid=\"\\000\"", "é=é", "=" * 500),
    ],
    "If-None-Match": ["*", '"', "W/", '"a", ' * 500, MARK, '"' + "0" * 20 + '"', "é", "W/\"\"-br"],
    "If-Modified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT", "yesterday", "Fri, 99 Foo 99999 99:99:99 GMT", "Sat, 29 Oct 0000 19:43:31 GMT"],
    "If-Match": ["*", "rubbish"],
    "If-Unmodified-Since": ["Thu, 01 Jan 1970 00:00:00 GMT"],
    "Accept-Encoding": ["br;q=nan", "gzip;q=1e999", "*;q=-1", ",,,", ";" * 500, "br;q=, gzip;q=q", "identity;q=0, *;q=0", "é", "br;" * 300],
    "Accept": ["*/*;q=nan", MARK, "text/html;" * 300],
    "Accept-Language": ["../../etc", "x" * 500, "de;q=99", "en-gb-oed-" * 50],
    "Range": ["bytes=0-0", "bytes=-1", "bytes=99999999999999999999-", "bytes=0-,0-,0-", "lines=1-2", "bytes=5-1"],
    "Authorization": ["Basic", "Basic !!!", "Bearer " + "a" * 3000, "Digest x"],
    "Origin": ["null", "https://evil.example", "http://[", MARK],
    "Referer": ["http://[", "//", MARK, "https://" + "a" * 3000],
    "Content-Type": ["multipart/form-data", "multipart/form-data; boundary=", "application/json; charset=rubbish", "é", "text/html;" * 100],
    "Content-Encoding": ["gzip", "rubbish"],
    "Transfer-Encoding": ["rubbish"],
    "Expect": ["200-ok"],
    "Upgrade": ["websocket", "h2c"],
    "Connection": ["Upgrade", "keep-alive, close"],
    "Sec-Fetch-Site": ["cross-site"],
    "Purpose": ["prefetch"],
    "User-Agent": ["() { :; }; echo " + MARK, "a" * 8000, "<script>"],
    "X-CSRFToken": ["a" * 64, "é"],
    "Surrogate-Control": [MARK],
    "Proxy": ["http://evil.example"],
}  # fmt: skip
METHODS = [
    *("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "TRACK", "PROPFIND", "MKCOL", "LOCK", "CONNECT", "PURGE"),
    *("SEARCH", "DEBUG", "get", "HEAD", "RUBBISH", "A" * 100),
]
KINDS = [
    FORM,
    "application/json",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/xml",
    "text/plain",
    "",
    "a/b",
]
BODIES = [
    b"", b"\0" * 100, b"{", b'{"a":' * 5000, b"[" * 100_000, b"a=b&" * 1200, b"a" * 3_000_000, b"text=" + b"%00" * 10,
    b"--b\r\n", b"--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--", b"--b--", b"\xff\xfe" * 50,
    b'--b\r\nContent-Disposition: form-data; name="text"; filename="../../x"\r\n\r\nfile\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="text"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="' + b"n" * 5000 + b'"\r\n\r\nx\r\n--b--\r\n',
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 1100 + b"--b--\r\n",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    b"token=a&csrfmiddlewaretoken=b&what=source&text=x&address=https://example.org/",
]  # fmt: skip


# What stands for all


@pytest.fixture(scope="module")
def site(django_db_setup):
    with served(SECOND_FACTOR_REQUIRED="0", TRUSTED_PROXIES="1", PAGE_CACHE_MB="16") as it:
        it.slugs = {
            "promises": [row["slug"] for row in _json(it, "/promises.json")["promises"]],
            "themes": ["transport", "health"],
            "places": ["north-west", "leeds"],
            "context": re.findall(r"/context/([a-z0-9-]+)\.csv", it.send("/context/").content.decode()),
        }
        it.before = {address: it.send(address).content for address in WELL}
        yield it


WELL = ["/", "/promises.csv", "/promises.json", "/changes/", "/places/", "/data/"]


def _json(site, address):
    import json

    return json.loads(site.send(address).content)


class Tormentor:
    """Sends what it is given, and keeps whatever is wrong with an answer."""

    def __init__(self, site, browser=None, *, seconds=PUBLIC_SECONDS):
        self.site, self.browser, self.seconds = site, browser, seconds
        self.random = random.Random(1)  # noqa: S311
        self.found = []
        self.sent = 0
        site.send("/")
        self.megabytes = site.megabytes()

    def send(self, target, **request):
        """Send it from a network of its own, judge the answer, and return it."""
        self.sent += 1
        network = ("X-Forwarded-For", f"10.{self.sent >> 16 & 255}.{self.sent >> 8 & 255}.{self.sent & 255}")
        if not request.get("as_it_is"):
            request["headers"] = [*request.get("headers", ()), network]
        began = self.site.seconds_of_work()
        answer = (self.browser or self.site).send(target, **request)
        self.judge(answer, self.site.seconds_of_work() - began, target, request)
        return answer

    def judge(self, answer, spent, target, request):
        wrong = list(self.what_is_wrong(answer, spent, target))
        if answer.status == 500:
            wrong.append(self.site.last_words())
        if wrong:
            shown = {name: repr(value)[:400] for name, value in request.items()}
            self.found.append(f"{'; '.join(wrong)}: {target[:300]!r} {shown}")

    def what_is_wrong(self, answer, spent, target):
        if not answer.status:
            yield "no answer"
        if answer.status >= 500 and not (answer.status == UNKNOWN_FORMAT and target.startswith("/oembed")):
            yield f"answers {answer.status}"
        if spent > self.seconds:
            yield f"computes for {spent:.1f} seconds"
        if any(inside in answer.content for inside in INSIDES):
            yield "tells of its insides"
        if answer.kind in MARKUP:
            yield from (f"gives back {markup!r}" for markup in IN_MARKUP if markup.encode() in answer.content)
        for name, value in answer.headers:
            if name.lower() == "x-injected" or (name.lower() == "set-cookie" and MARK in value):
                yield f"lets in a header: {name}: {value[:80]}"
            if re.search(rf"{MARK}[<\"'\r\n]|<{MARK}", value):
                yield f"gives back markup in {name}"
            if name.lower() == "location" and not re.match(rf"/(?![/\\])|\?|{re.escape(self.site.address)}/", value):
                yield f"leads to {value[:80]}"

    def done(self, what):
        """Fail with what was found; the site has to be well, and not to have grown."""
        count(f"hostile requests: {what}", self.sent)
        grown = self.site.megabytes() - self.megabytes
        if grown > GROWTH:
            self.found.append(f"the worker grew by {grown:.0f} megabytes")
        health = self.site.send("/health/")
        if health.status != 200:
            self.found.append(f"/health/ says {health.status}: {health.content[:300]}")
        assert not self.found, f"{len(self.found)} found:\n" + "\n".join(self.found[:25])


@pytest.fixture
def hostile(site):
    return Tormentor(site)


# Addresses


def routes():
    return [pattern.pattern._route for pattern in urls.urlpatterns]


PLACE = re.compile(r"<(\w+):(\w+)>")


def filled(site, chance, route, nasty=None):
    """An address of this route; where `nasty` is a number, the place of that number holds something nasty."""
    places = list(PLACE.finditer(route))

    def fill(found):
        kind, _ = found.groups()
        if nasty is not None and found.start() == places[nasty].start():
            return chance.choice(PATH_NUMBERS + PATHS if kind == "int" else PATHS + PATH_NUMBERS)
        if kind == "slug":
            return chance.choice(site.slugs[route.removeprefix("embed/").partition("/")[0]])
        if kind == "int":
            return "1"
        if kind == "str":
            return "datapackage.json"
        return chance.choice(get_converters()[kind].regex.split("|")).replace("\\", "")

    return "/" + PLACE.sub(fill, route)


def a_nasty_value(chance):
    if chance.random() < 0.1:
        return chance.choice(RAW)
    return quote(chance.choice(chance.choice([NUMBERS, DAYS, TEXTS, TEXTS])), safe="")


def a_nasty_query(chance):
    names = [*sorted(NAMES), "reference", "promise", "next", "unknown", "of", "o", "csrfmiddlewaretoken"]
    odd = chance.random()
    if odd < 0.04:
        return "&".join(f"{chance.choice(names)}={n}" for n in range(2500))
    if odd < 0.08:
        name = chance.choice(names)
        return "&".join(f"{name}={a_nasty_value(chance)}" for _ in range(60))
    if odd < 0.12:
        return chance.choice(
            ["%", "&&&&", "=", "=a", "?", "a[b][c][d]=1", "q[]=a", "q;as_of", "%00=%00", "q=a;status=b", "&" * 3000]
        )
    return "&".join(f"{chance.choice(names)}={a_nasty_value(chance)}" for _ in range(chance.randint(1, 3)))


def test_queries_that_mean_harm(hostile, site):
    chance = hostile.random
    others = ["/suggest/", "/accounts/login/", "/accounts/password/reset/", "/health/", "/suggest/LU-AAAAA/", "/admin/"]
    for _ in range(at_scale(80, 700)):
        address = filled(site, chance, chance.choice(routes())) if chance.random() < 0.85 else chance.choice(others)
        hostile.send(f"{address}?{a_nasty_query(chance)}")
    hostile.done("queries")


def test_every_name_takes_every_kind_of_value(hostile, site):
    chance = hostile.random
    pairs = [(name, value) for name in sorted(NAMES) for value in NUMBERS + DAYS + TEXTS]
    for name, value in chance.sample(pairs, at_scale(50, len(pairs))):
        address = chance.choice(
            [
                "/",
                "/promises.json",
                "/promises.csv",
                "/promises.atom",
                "/chart/",
                "/changes/",
                "/embed/tally/",
                "/cite.bib",
                "/places/north-west/",
                "/oembed",
            ]
        )
        hostile.send(f"{address}?{name}={quote(value, safe='')}")
    hostile.done("values of names")


def test_oembed_is_given_addresses_that_mean_harm(hostile, site):
    chance = hostile.random
    for _ in range(at_scale(20, 150)):
        inner = site.address + filled(site, chance, chance.choice(routes()), None)
        if chance.random() < 0.5:
            route = chance.choice([route for route in routes() if "<" in route])
            inner = site.address + filled(site, chance, route, 0)
        inner += "?" + a_nasty_query(chance) if chance.random() < 0.7 else chance.choice(TEXTS)
        if chance.random() < 0.2:
            inner = chance.choice(
                ["http://[::1", "http://", "//", "http://a:b:c/", f"{site.address}@evil.example/", *TEXTS]
            )
        hostile.send(f"/oembed?url={quote(inner, safe='')}&format={chance.choice(['json', 'xml'])}")
    hostile.done("addresses for oEmbed")


def test_paths_that_lead_astray(hostile, site):
    chance = hostile.random
    given = [route for route in routes() if "<" in route]
    others = ["/static/", "/data/releases/1/", "/admin/", "/accounts/", "/suggest/", "/.well-known/", "/promises/", "/"]
    for _ in range(at_scale(60, 500)):
        if chance.random() < 0.75:
            route = chance.choice(given)
            path = filled(site, chance, route, chance.randrange(len(PLACE.findall(route))))
        else:
            path = (
                chance.choice(others)
                + chance.choice(PATHS + PATH_NUMBERS)
                + chance.choice(["", "/", ".csv", ".json", "//"])
            )
        hostile.send(path)
    for target in (
        "*",
        "http://evil.example/",
        "//evil.example/",
        "//evil.example/promises",
        "/\\evil.example",
        "/%2fevil.example/..",
    ):
        hostile.send(target)
    hostile.done("paths")


# Headers, methods, bodies


def test_headers_that_lie(hostile, site):
    chance = hostile.random
    pairs = [(name, value) for name, values in HEADERS.items() for value in values]
    for name, value in chance.sample(pairs, at_scale(40, len(pairs))):
        path = chance.choice(
            [
                "/",
                "/promises.json",
                "/promises.csv",
                "/suggest/",
                "/admin/",
                "/accounts/login/",
                "/health/",
                "/nothing",
                "/promises",
                "/card.png",
            ]
        )
        port = f"127.0.0.1:{site.port}"
        own = [("Host", port)] if name != "Host" else []
        given = [*own, (name, value), ("Connection", "close")]
        if chance.random() < 0.2:
            given.append((name, chance.choice(HEADERS[name])))
        hostile.send(path, headers=given, as_it_is=True)
    hostile.done("headers")


def test_methods_that_nothing_answers_to(hostile, site):
    chance = hostile.random
    pairs = [(method, route) for method in METHODS for route in [*routes(), "suggest/", "accounts/login/", "admin/"]]
    for method, route in chance.sample(pairs, at_scale(40, 200)):
        answer = hostile.send(filled(site, chance, route), method=method)
        if method == "TRACE" and MARK.encode() in answer.content:
            hostile.found.append(f"TRACE gives back what was sent: {route}")
    hostile.done("methods")


def test_bodies_that_are_no_forms(hostile, site):
    chance = hostile.random
    paths = [
        "/suggest/",
        "/accounts/login/",
        "/accounts/password/reset/",
        "/accounts/logout/",
        "/admin/",
        "/",
        "/promises.json",
        "/oembed",
    ]
    triples = [(path, kind, body) for path in paths for kind in KINDS for body in BODIES]
    for path, kind, body in chance.sample(triples, at_scale(40, len(triples) // 4)):
        headers = [("Content-Type", kind), ("Origin", chance.choice([site.address, "null", "https://evil.example"]))]
        answer = hostile.send(path, method="POST", headers=headers, body=body)
        if answer.status < 300 and path != "/suggest/":
            hostile.found.append(f"takes a form without a token: {path} {kind} {body[:80]!r}")
    hostile.done("bodies")


def test_suggestions_of_every_kind(hostile, site):
    chance = hostile.random
    signer = site.signer("promises.suggestion")
    opened = int(datetime.now(tz=timezone.get_default_timezone()).timestamp()) - 60
    for number in range(at_scale(20, 100)):
        token = signer.sign_object(chance.choice([[f"{number:032x}", opened]] * 6 + [[], None, [1, 2, 3], ["a", 10**30], ["a", "b"], [None, float(opened)]]))  # fmt: skip
        values = {
            "what": chance.choice(["promise", "source", "correction", "rubbish", ""]),
            "about": "",
            "text": "A line.",
            "address": "https://example.org/",
            "contact": "",
        }
        values[chance.choice(list(values))] = chance.choice(TEXTS + NUMBERS)
        body = urlencode(values | {"token": token}, errors="surrogateescape").encode()
        hostile.send("/suggest/", method="POST", body=body, headers=[("Content-Type", FORM), ("Origin", site.address)])
    hostile.done("suggestions")


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc",
        b"POST /suggest/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\nContent-Type: " + FORM.encode() + b"\r\n\r\nabc",
        b"POST /suggest/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /suggest/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /suggest/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        b"POST /suggest/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"POST /suggest/ HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /?q=\xff<qzx7 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX\0: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 500_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 500_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"rubbish\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_hardly_http_is_refused_or_left(site, hostile, said):
    answer = site.send_bytes(said, whole=False)
    wrong = [] if not answer.status else list(hostile.what_is_wrong(answer, 0, ""))
    assert not wrong, (wrong, answer)
    count("hostile requests: hardly HTTP")
    assert site.send("/health/").status == 200


# The desk, signed in


@pytest.fixture(scope="module")
def researcher(site):
    """A researcher's browser, signed in by password."""
    browser = Browser(site)
    browser.sign_in("researcher", re.search(r"^researcher  (\S+)$", site.manage("create_sign_ins"), re.MULTILINE)[1])
    return browser


@pytest.fixture
def at_desk(site, researcher):
    return Tormentor(site, researcher, seconds=DESK_SECONDS)


SCREENS = [
    *(
        "",
        "guide/",
        "promises/promise/",
        "promises/promise/add/",
        "promises/promise/1/change/",
        "promises/promise/1/history/",
    ),
    *("promises/promise/1/preview/", "promises/promise/1/submit/", "promises/promise/1/withdraw/", "promises/source/"),
    *("promises/promise/1/change-of-status/", "promises/promise/1/change-of-status/1/", "promises/promise/1/delete/"),
    *(
        "promises/update/",
        "promises/update/1/change/",
        "promises/source/add/",
        "promises/source/1/change/",
        "promises/submission/",
    ),
    *(
        "promises/promisesource/1/change/",
        "promises/submission/1/change/",
        "promises/theme/",
        "promises/place/",
        "auth/user/",
    ),
    *(
        "promises/promise/import/",
        "promises/promise/import/preview/",
        "promises/promise/export/",
        "promises/suggestion/",
        "autocomplete/",
    ),
    *(
        "promises/linkcheck/",
        "promises/source/1/history/",
        "password_change/",
        "jsi18n/",
        "r/1/1/",
        "promises/theme/transport/change/",
    ),
]
DESK_NAMES = [
    *(
        "q",
        "o",
        "p",
        "page",
        "all",
        "e",
        "stage",
        "status",
        "check",
        "theme",
        "theme__slug__exact",
        "_popup",
        "_to_field",
    ),
    *(
        "_changelist_filters",
        "format",
        "of",
        "file",
        "term",
        "app_label",
        "model_name",
        "field_name",
        "next",
        "_facets",
        "day",
    ),
    *(
        "promises__password__startswith",
        "kind__exact",
        "id__in",
        "title__regex",
        "submissions__submitted_by__password",
        "who",
        "suggestion",
    ),
]


def test_the_desk_is_asked_rubbish(at_desk):
    chance = at_desk.random
    for _ in range(at_scale(40, 250)):
        path = "/admin/" + chance.choice(SCREENS)
        if chance.random() < 0.3:
            path = re.sub(r"/1/", lambda _: f"/{chance.choice(PATHS + PATH_NUMBERS)}/", path, count=1)
        names = [chance.choice(DESK_NAMES) for _ in range(chance.randint(1, 2))]
        at_desk.send(f"{path}?{'&'.join(f'{name}={a_nasty_value(chance)}' for name in names)}")
    at_desk.done("screens of the desk")


def test_forms_of_the_desk_are_filled_with_rubbish(at_desk, researcher, site):
    chance = at_desk.random
    forms = {path: researcher.form(f"/admin/{path}") for path in SCREENS}
    forms = {
        path: values for path, values in forms.items() if "csrfmiddlewaretoken" in values and "submission/" not in path
    }
    assert len(forms) > 5, forms.keys()
    buttons = ["_save", "_submit", "_preview", "_find", "_more", "_enter", "_continue", "_addanother", "_saveasnew", ""]
    for _ in range(at_scale(30, 300)):
        path, values = chance.choice(list(forms.items()))
        values = dict(values)
        for _ in range(chance.randint(1, 3)):
            name = chance.choice([name for name in values if name != "csrfmiddlewaretoken"] or ["_base"])
            values[name] = chance.choice(chance.choice([NUMBERS, DAYS, TEXTS, ["", "1", "2"]]))
        if chance.random() < 0.2:
            values |= {
                "find": chance.choice(TEXTS),
                "found": chance.choice(NUMBERS),
                "new_count": chance.choice(NUMBERS),
            }
        if chance.random() < 0.1:
            values |= {
                "action": chance.choice(["mark_checked", "set_theme", "export_published_csv", "rubbish"]),
                "_selected_action": chance.choice(NUMBERS),
            }
        values[chance.choice(buttons)] = ""
        body = urlencode(values, doseq=True).encode()
        headers = [("Content-Type", FORM), ("Origin", site.address)]
        at_desk.send(f"/admin/{path}", method="POST", headers=headers, body=body)
    at_desk.done("forms of the desk")


def test_the_desk_takes_nothing_from_another_site(at_desk, site):
    for path in [
        "promises/promise/add/",
        "promises/promise/1/check/",
        "promises/promise/1/withdraw/",
        "promises/promise/import/confirm/",
    ]:
        for headers in ([], [("Origin", "https://evil.example")], [("Origin", site.address)]):
            answer = at_desk.send(
                f"/admin/{path}", method="POST", headers=[("Content-Type", FORM), *headers], body=b"reason=x"
            )
            assert answer.status == 403, (path, headers, answer.status)
    at_desk.done("forged forms")


# Files for the import


def zipped(*files, method=zipfile.ZIP_DEFLATED):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return made.getvalue()


def workbook(**parts):
    """A workbook by hand, of one sheet “promises”; `parts` replace what it is made of."""
    space = "http://schemas.openxmlformats.org"
    given = {
        "types": f'<Types xmlns="{space}/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="r1" Type="{space}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "book": f'<workbook xmlns="{space}/spreadsheetml/2006/main" xmlns:r="{space}/officeDocument/2006/relationships"><sheets><sheet name="promises" sheetId="1" r:id="r1"/></sheets></workbook>',
        "book_rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="r1" Type="{space}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "sheet": f'<worksheet xmlns="{space}/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>slug</t></is></c></row></sheetData></worksheet>',
    } | parts
    names = {
        "types": "[Content_Types].xml",
        "rels": "_rels/.rels",
        "book": "xl/workbook.xml",
        "book_rels": "xl/_rels/workbook.xml.rels",
        "sheet": "xl/worksheets/sheet1.xml",
    }
    return zipped(*((names[name], content) for name, content in given.items()))


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
LAUGHS = "<!DOCTYPE a [" + "".join(
    f'<!ENTITY a{n} "{("&a" + str(n - 1) + ";") * 10 if n else "ha" * 10}">' for n in range(10)
) + "]>"  # fmt: skip


def lying_zip():
    """A zip whose list says that a file of a hundred megabytes unfolds to ten bytes."""
    data = zipped(("promises.csv", b"a" * 100_000_000))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.rfind(mark)
        data = data[: at + place] + struct.pack("<I", 10) + data[at + place + 4 :]
    return data


def files():
    """Files that mean harm, by name."""
    yaml_bomb = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n".encode() for n in range(9)
    )
    csv = b"slug,title\n"
    yield "bomb.yaml", yaml_bomb
    yield "merge.yaml", b"a: &a {b: c}\nd:\n  <<: *a\n"
    yield "tag.yaml", b"!!python/object/apply:os.system ['touch /tmp/x']"
    yield "tag2.yaml", b"slug: !!python/name:os.system\n"
    yield "new.yaml", b"!!python/object/new:tuple [[1]]"
    yield "deep.yaml", b"[" * 100_000
    yield "deep2.yaml", b"a:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 2000))
    yield "keys.yaml", b"? [a, b]\n: c\n? {a: b}\n: c\n"
    yield "documents.yaml", b"---\na: b\n" * 5000
    yield "number.yaml", b"slug: a\nmade_on: " + b"9" * 100_000
    yield "targets.yaml", b"- slug: a-b\n  targets:\n  - promised: 1e999999\n    delivered: .inf\n"
    yield "nul.yaml", b"slug: \0\n"
    yield "escape.yaml", b'slug: "\\0\\ud800"\n'
    yield "list.yaml", b"[1, 2, [3], {a: b}, null]"
    yield "utf16.yaml", "slug: a".encode("utf-16")
    yield "latin.yaml", b"title: caf\xe9"
    yield "nul.csv", b"slug\0,title\n\0,\0\n"
    yield "late-nul.csv", csv + b"a," * 1 + b"b" * 2000 + b"\0\n"
    yield "open.csv", csv + b'"' + b"a,b\n" * 100_000
    yield "formula.csv", csv + b"=cmd|' /C calc'!A0,@SUM(1)\n"
    yield "empty.csv", b""
    yield "empty.zip", b""
    yield "empty.xlsx", b""
    yield "empty.yaml", b""
    yield (
        "names.zip",
        zipped(("../../etc/passwd", b"x"), ("..\\..\\x.csv", b"x"), ("/promises.csv", csv), ("C:promises.csv", csv)),
    )
    yield (
        "odd.zip",
        zipped(("a\0.csv", csv), ("\u202e.csv", csv), (f"{MARK}<\"'>.csv", csv), ("a" * 5000 + ".csv", csv)),
    )
    yield "same.zip", zipped(("promises.csv", csv), ("a/promises.csv", csv))
    yield "zips.zip", zipped(("inner.zip", zipped(("inner.zip", zipped(("promises.csv", csv))))))
    yield "cut.zip", zipped(("promises.csv", csv * 1000))[:-40]
    yield "cut-body.zip", zipped(("promises.csv", random.Random(1).randbytes(5000)))[2000:]  # noqa: S311
    yield "lzma.zip", zipped(("promises.csv", csv), method=zipfile.ZIP_LZMA)
    yield "crc.zip", zipped(("promises.csv", csv)).replace(struct.pack("<I", zlib.crc32(csv)), b"\1\2\3\4")
    yield "plain.xlsx", workbook()
    yield "zipped.xlsx", zipped(("promises.csv", csv))
    yield (
        "laughs.xlsx",
        workbook(sheet=LAUGHS + SHEET + "<sheetData><row><c><v>&a9;</v></c></row></sheetData></worksheet>"),
    )
    yield "strings.xlsx", workbook(book=LAUGHS + "<workbook>&a9;</workbook>")
    yield "hidden.xlsx", workbook(sheet=f"<?xml version='1.0'?>{' ' * 5000}{LAUGHS}{SHEET}&a9;</worksheet>")
    yield "comment.xlsx", workbook(sheet=f"<!--{'-<' * 2000}-->{LAUGHS}{SHEET}&a9;</worksheet>")
    yield (
        "utf16.xlsx",
        workbook(sheet=f"<?xml version='1.0' encoding='utf-16'?>{LAUGHS}{SHEET}&a9;</worksheet>".encode("utf-16")),
    )
    yield (
        "outside.xlsx",
        workbook(sheet=f"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>{SHEET}&b;</worksheet>"),
    )
    yield (
        "rels.xlsx",
        workbook(
            book_rels='<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="../../../../etc/passwd"/></Relationships>'
        ),
    )
    yield (
        "far.xlsx",
        workbook(
            sheet=f'{SHEET}<dimension ref="A1:XFD1048576"/><sheetData><row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>slug</t></is></c></row></sheetData></worksheet>'
        ),
    )
    yield (
        "farther.xlsx",
        workbook(
            sheet=f'{SHEET}<sheetData><row r="{10**30}"><c r="{"Z" * 50}9" t="inlineStr"><is><t>slug</t></is></c><c r="A-1" t="n"><v>1e999999</v></c></row></sheetData></worksheet>'
        ),
    )
    yield (
        "back.xlsx",
        workbook(
            sheet=f'{SHEET}<sheetData><row r="5"><c r="A5"/></row><row r="-5"><c r="A1"/></row><row r="x"><c r=""/></row></sheetData></worksheet>'
        ),
    )
    yield "deep.xlsx", workbook(sheet=SHEET + "<sheetData>" * 100_000)
    yield (
        "wide.xlsx",
        workbook(sheet=SHEET + "<sheetData><row>" + "<c><v>1</v></c>" * 200_000 + "</row></sheetData></worksheet>"),
    )
    yield (
        "tall.xlsx",
        workbook(sheet=SHEET + "<sheetData>" + "<row><c><v>1</v></c></row>" * 200_000 + "</sheetData></worksheet>"),
    )
    yield (
        "days.xlsx",
        workbook(
            sheet=f'{SHEET}<sheetData><row r="1"><c r="A1" t="d"><v>99999-99-99</v></c><c r="B1" t="s"><v>99999999999</v></c><c r="C1" t="e"><v>#REF!</v></c></row></sheetData></worksheet>'
        ),
    )
    yield from (
        (name, csv)
        for name in ("a.exe", "a", "a.csv.exe", "", f"{MARK}<\"'>.csv", "..", "a.XLSX", "a\r\nb.csv", "\u202e.csv")
    )
    yield from (("a.csv", workbook()), ("a.yaml", workbook()), ("a" * 5000 + ".csv", csv))


def large_files():
    """Files that mean harm by what they unfold to."""
    csv = b"slug,title\n"
    yield "wide.yaml", b"{" + b"a: b, " * 300_000 + b"}"
    yield "long.yaml", b"slug: " + b"a" * 10_000_000
    yield "cell.csv", csv + b"a-b," + b"x" * 10_000_000 + b"\n"
    yield "cells.csv", b"," * 5_000_000
    yield "rows.csv", csv + b"a,b\n" * 300_000
    yield "quotes.csv", csv + b'"' * 1_000_001
    yield "lines.csv", b"\r" * 1_000_000
    yield "bomb.zip", zipped(("promises.csv", b"\0" * 400_000_000))
    yield "lying.zip", lying_zip()
    yield "many.zip", zipped(*((f"{n}.yaml", b"a: b") for n in range(20_000)))
    yield "bz.zip", zipped(("promises.csv", b"\0" * 50_000_000), method=zipfile.ZIP_BZIP2)
    yield "bomb.xlsx", workbook(sheet=SHEET + " " * 300_000_000)


def test_files_that_mean_harm_change_nothing(at_desk, researcher, site):
    page = "/admin/promises/promise/import/"
    token = researcher.form(page)["csrfmiddlewaretoken"]
    was = site.send("/promises.json").content
    previewed = 0
    chosen = at_desk.random.sample(list(files()), at_scale(24, 0)) or [*files(), *large_files()] * 2
    for at, (name, content) in enumerate(chosen):
        if at == len(chosen) // 2:
            at_desk.megabytes = site.megabytes()  # what one large file leaves behind is used again by the next
        shown = name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
        parts = [
            b'--b7\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n' + token.encode(),
            f'--b7\r\nContent-Disposition: form-data; name="file"; filename="{shown}"\r\nContent-Type: a/b\r\n\r\n'.encode() + content,
            b"--b7--\r\n",
        ]  # fmt: skip
        headers = [("Content-Type", "multipart/form-data; boundary=b7"), ("Origin", site.address)]
        answer = at_desk.send(page, method="POST", headers=headers, body=b"\r\n".join(parts))
        if answer.status == 302:
            previewed += 1
            shown = at_desk.send(answer["Location"])
            at_desk.found += [f"{name[:80]}: {shown.status}"] if shown.status != 200 else []
    assert previewed > len(chosen) * 0.8
    assert site.send("/promises.json").content == was
    at_desk.done("files for the import")


# Afterwards


def test_afterwards_the_site_is_as_before_and_the_record_proves_whole(site):
    assert {address: site.send(address).content for address in WELL} == site.before
    assert site.send("/health/").status == 200
    assert "The record is as it was published" in site.manage("verify_record")
    assert site.most_megabytes() < MOST_MEGABYTES
    count("megabytes the worker held at most", round(site.most_megabytes()))
    log = site.log.read_text(errors="replace")
    assert "Traceback" not in log, log[log.find("Traceback") - 2000 :][:6000]
