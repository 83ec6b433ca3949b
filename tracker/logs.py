"""What is written into the log: everything about us, and nothing about who asked."""

import ipaddress
import json
import logging
import re
import time
import traceback
from datetime import UTC, datetime

SECRET_PATHS = re.compile(r"(/accounts/password/reset/key/)[^\s/]+/?")
EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
QUERY = re.compile(r"(?<=[\w/])\?[^\s'\"<>]+")
ROWS = re.compile(r"^(DETAIL|CONTEXT):.*", re.MULTILINE)
"""Lines in which PostgreSQL quotes the row that it refused."""
ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7})(?![\w:])")
SHORTEST_WORD = 3
"""What somebody sent in fewer letters says nothing of them, and would be found in any word of ours."""
LONGEST = 8000
TELLING = (
    "REMOTE_ADDR",
    "QUERY_STRING",
    *("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_COOKIE", "HTTP_AUTHORIZATION"),
    *("HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_ORIGIN"),
)
"""What of a request's head may tell who it was."""


class NoteBeginning:
    """Note when a request came, so that what is logged of it can say how long it had taken."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.began = time.perf_counter()
        return self.get_response(request)


class Line(logging.Formatter):
    """A line for somebody who looks on."""

    def format(self, record):
        told = document(record)
        asked = "".join(f" {told[name]}" for name in ("path", "status") if name in told)
        line = f"{told['at']} {told['level']} {told['logger']}: {told['message']}"
        line += f" ({asked.strip()})" if asked else ""
        return "\n".join([line, told["exception"]]) if "exception" in told else line


class JsonLine(logging.Formatter):
    """A line of JSON for machines that collect them."""

    def format(self, record):
        return json.dumps(document(record), ensure_ascii=False)


def document(record):
    """Return what a record says, as plain values without a person in them."""
    request = getattr(record, "request", None)
    sent = sent_with(request) if request is not None else ()
    path = _without(getattr(request, "path", ""), ())
    told = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": record.levelname,
        "logger": record.name,
        "message": without_persons(message_of(record), sent, but=path),
    }
    if path:
        told["path"] = path
    if status := getattr(record, "status_code", None):
        told["status"] = status
    if began := getattr(request, "began", None):
        told["milliseconds"] = round((time.perf_counter() - began) * 1000, 1)
    if record.exc_info and record.exc_info[0]:
        told["exception"] = shortened("".join(said_of(record.exc_info, sent)).rstrip())
    return told


def message_of(record):
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a record made wrongly is better half told than lost
        return str(record.msg)


def said_of(exc_info, sent):
    """Yield the lines of a traceback; where it happened is ours, what was said of it may hold what somebody sent."""
    for part in traceback.TracebackException(*exc_info).format():
        yield part if part.startswith('  File "') else without_persons(part, sent)


def without_persons(text, sent=(), *, but=""):
    """Take out of a text what somebody sent, and what looks like an address, a query or a row of a table.

    `but` is a path of ours, which stays.
    """
    text = _without(text, ())
    parts = [_without(part, sent) for part in (text.split(but) if but.strip("/") else [text])]
    return shortened(but.join(parts))


def _without(text, sent):
    for value in sent:
        text = text.replace(value, "[sent]")
    text = SECRET_PATHS.sub(r"\1…/", text)
    text = QUERY.sub("?…", EMAIL.sub("[e-mail]", text))
    return ADDRESS.sub(_unless_our_own, ROWS.sub(r"\1: …", text))


def shortened(text):
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}\n…\n{text[-LONGEST // 2 :]}"


def _unless_our_own(found):
    try:
        address = ipaddress.ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else "[address]"


def sent_with(request):
    """Return all that a request brought with it, longest first; nothing is read or asked for that was not before."""
    values = [request.META.get(name, "") for name in TELLING]
    values += request.COOKIES.values()
    for fields in (request.GET, getattr(request, "_post", None) or {}):
        values += [value for name in fields for value in fields.getlist(name)]
    if person := getattr(request, "_cached_user", None):
        values += [person.get_username(), getattr(person, "email", ""), person.get_full_name()] if person.pk else []
    values = {value.strip() for value in values if isinstance(value, str)}
    return sorted((value for value in values if len(value) >= SHORTEST_WORD), key=len, reverse=True)
