"""What is due when, as a calendar."""

from datetime import UTC, timedelta

from django.http import StreamingHttpResponse

from promises.dates import Day
from promises.public.citations import NAME
from promises.public.feeds import tag, title_of
from promises.public.responses import open_to_all, public
from promises.statuses import Status

CHUNK = 200
READ = (
    "promise_id",
    "slug",
    "title",
    "status",
    "since",
    "headline",
    "theme",
    "made_by",
    "made_in",
    "due_on",
    "number",
    "published_at",
)
LONGEST_LINE = 75
"""How many bytes a line may have (RFC 5545)."""


def answer(asked):
    """The promises that a question lists and that have a day they are due: an event for each."""
    due = asked.qs.exclude(due_on=None).order_by("due_from", "slug").values_list(*READ, named=True)
    response = StreamingHttpResponse(
        _chunks(asked, due.iterator(chunk_size=2000)), content_type="text/calendar; charset=utf-8"
    )
    return open_to_all(response, canonical=asked.data_address("ics"), name="promises-due.ics")


def _chunks(asked, rows):
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//{NAME}//What is due when//EN",
        *_text("NAME", f"{title_of(asked)}: what is due"),
        *_text("X-WR-CALNAME", f"{title_of(asked)}: what is due"),
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
    ]
    for number, row in enumerate(rows):
        lines += _event(row)
        if number % CHUNK == CHUNK - 1:
            yield _written(lines)
            lines = []
    yield _written([*lines, "END:VCALENDAR"])


def _event(row):
    due = Day(row.due_on)
    by = "Due" if due.precision == "day" else "Due by the end of"
    stamp = f"{row.published_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    standing = f"{Status(row.status).label} since {Day(row.since).in_words()}. {row.headline}."
    return [
        "BEGIN:VEVENT",
        *_folded(f"UID:{tag(f'promises/{row.promise_id}/due')}"),
        f"DTSTAMP:{stamp}",
        f"LAST-MODIFIED:{stamp}",
        f"SEQUENCE:{row.number}",
        f"DTSTART;VALUE=DATE:{due.last_day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{due.last_day + timedelta(days=1):%Y%m%d}",
        *_text("SUMMARY", f"{by} {due.in_words()}: {row.title}"),
        *_text("DESCRIPTION", f"{standing}\n{row.made_by}, {row.made_in}."),
        *_folded(f"URL:{public(f'/promises/{row.slug}/')}"),
        *_text("CATEGORIES", row.theme),
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _text(name, words):
    for mark, written in (("\\", r"\\"), (";", r"\;"), (",", r"\,"), ("\r", ""), ("\n", r"\n")):
        words = words.replace(mark, written)
    return _folded(f"{name}:{words}")


def _folded(line):
    """A line cut where it is too long, never within a letter; what follows begins with a blank."""
    parts, size, at = [], 0, 0
    for place, letter in enumerate(line):
        width = len(letter.encode())
        if size + width > LONGEST_LINE:
            parts.append(line[at:place])
            at, size = place, 1
        size += width
    parts.append(line[at:])
    return [parts[0], *(f" {part}" for part in parts[1:])]


def _written(lines):
    return "".join(f"{line}\r\n" for line in lines).encode()
