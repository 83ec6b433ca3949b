"""Everything a reader may see in a row: page, CSV, XLSX and JSON alike."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from html import escape  # Django's own goes through a wrapper that costs as much again as the escaping
from itertools import starmap

from django.conf import settings
from django.template.loader import get_template
from django.utils.safestring import mark_safe

from promises import reference
from promises.dates import Day
from promises.public import charts
from promises.record.edition import moment as moment_text
from promises.record.listing import Listing, keys_of
from promises.statuses import THEMES, Reason, Status
from promises.text import marked, matches, words

LICENCE = "CC BY 4.0"
MOST_NAMES = 4
"""How many places a row names."""

SHOWN = (
    *("slug", "title", "status", "since", "headline", "theme", "regions", "places"),
    *("made_by_keys", "made_on", "sources", "reasons", "summary", "runs"),
)
"""What a page shows of a row; the data formats take the rest too."""
Row = namedtuple(
    "Row",
    f"{' '.join(SHOWN)} date department made_by due_on number since_from date_from update_number made_in checked_on "
    "published_at",
    defaults=[None] * 11,
)
"""What is read of a listing and of how it stood: named as in the record."""


def rows_of(listings):
    """The rows of a queryset of standing listings, a chunk at a time."""
    return starmap(Row, listings.values_list(*Row._fields).iterator(chunk_size=2000))


def rows_between(asked, begin, end, fields=Row._fields):
    """Some of the rows that a question asks for, in its order: as many look-ups as rows, whatever comes before them."""
    slugs, listings = asked.between(begin, end)
    found = {row.slug: row for row in starmap(Row, listings.values_list(*fields))}
    return [found[slug] for slug in slugs if slug in found]


# As data


@dataclass(frozen=True)
class Column:
    """A column of every data format: `name` is for ever, `label` says what it holds.

    `value` is called with the row and the moment; it gives a text, a whole number, a list of keys or None.
    """

    name: str
    label: str
    value: Callable


def _places(row):
    return [*keys_of(row.regions), *keys_of(row.places)]


def _text(value):
    return value and value.isoformat()


COLUMNS = (
    Column("slug", "Key of the promise: the last part of its address", lambda row, at: row.slug),
    Column("title", "What was promised", lambda row, at: row.title),
    Column("status", "How it stood on the day asked for", lambda row, at: row.status),
    Column("since", "Day on which the present run of that status began, as it is known", lambda row, at: row.since),
    Column("date", "Day of its latest update, as it is known", lambda row, at: row.date),
    Column("headline", "What happened then", lambda row, at: row.headline),
    Column("theme", "Key of its theme", lambda row, at: row.theme),
    Column("places", "Keys of its regions, then of its places", lambda row, at: _places(row)),
    Column("department", "Department answerable now or last, as written", lambda row, at: row.department),
    Column("made_by", "Who made it, as written", lambda row, at: row.made_by),
    Column("made_on", "Day it was made, as it is known", lambda row, at: row.made_on),
    Column("due_on", "Day it was promised for, as it is known", lambda row, at: row.due_on),
    Column("sources", "Number of distinct sources of its latest update", lambda row, at: row.sources),
    Column("version", "Number of the version it was read from", lambda row, at: row.number),
    Column("url", "Its address", lambda row, at: f"{settings.PUBLIC_URL}/promises/{row.slug}/"),
    Column("reason", "Keys of the reasons given for the status", lambda row, at: list(keys_of(row.reasons))),
    Column("since_from", "Full day from which `since` counts", lambda row, at: _text(row.since_from)),
    Column("date_from", "Full day from which `date` counts", lambda row, at: _text(row.date_from)),
    Column("update", "Number of its latest update", lambda row, at: row.update_number),
    Column("summary", "What was promised, to whom, and why it matters", lambda row, at: row.summary),
    Column("made_in", "Document or speech in which it was made", lambda row, at: row.made_in),
    Column("checked_on", "Day on which a researcher last looked for news", lambda row, at: _text(row.checked_on)),
    Column(
        "published_at", "Moment at which that version was published, UTC", lambda row, at: moment_text(row.published_at)
    ),
    Column("as_of", "Day asked for", lambda row, at: at.day.isoformat()),
    Column("edition", "Number of the edition answered from", lambda row, at: at.number),
    Column("licence", "Under what terms it may be used", lambda row, at: LICENCE),
)
"""In the order of the contract; new ones are added, none is renamed or taken away."""


# As a page shows it


def in_words(day):
    """A day as known, in words; empty where there is none."""
    return Day(day).in_words() if day else ""


def place_name(key):
    """A place as a row names it."""
    if key == "uk":
        return "UK-wide"
    place = reference.places().get(key)
    return place.name if place else key


def some(names):
    """The first names of a list, and how many more there are: rows stay short."""
    shown = names if len(names) <= MOST_NAMES + 1 else [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES} more"]
    return ", ".join(shown)


def number_of(count, one, many=""):
    """A number with its noun: `1 source`, `2 sources`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def marked_html(text, terms):
    """A text with the words that were looked for marked, safe to show."""
    if not terms:
        return mark_safe(escape(text))  # noqa: S308
    pieces = marked(text, terms)
    return mark_safe("".join(f"<mark>{escape(p)}</mark>" if hit else escape(p) for hit, p in pieces))  # noqa: S308


def page_rows(rows, *, moment, terms, axis):
    """The rows of a page's table, safe to show; empty where there are none. `axis` is what the strips draw.

    They are put together here rather than in a template: fifty rows cost a tenth of the time.
    """
    query, terms = f"?{escape(moment.kept)}" if moment.kept else "", tuple(terms)
    drawn = []
    for row in rows:
        title, meta, snippet, what = _words(
            row.title, row.headline, row.sources, row.theme, row.regions, row.places, row.made_by_keys, row.made_on,
            row.summary if terms else "", terms,
        )  # fmt: skip
        drawn.append(
            f"<tr><td>{_verdict(row.status, row.since, row.reasons)}</td>"
            f'<td><a class="title" href="/promises/{row.slug}/{query}">{title}</a><p class="meta">{meta}</p>{snippet}</td>'
            f'<td class="what">{what}</td><td>{charts.strip(Listing.runs_by(row, moment.day), axis)}</td></tr>\n'
        )
    return mark_safe("".join(drawn))  # noqa: S308


@lru_cache(maxsize=2048)
def _verdict(status, since, reasons):
    """How a promise stands and since when, as its cell shows it."""
    reasons = ", ".join(Reason(key).label.lower() for key in keys_of(reasons))
    reason = f' <span class="reason">{reasons}</span>' if reasons else ""
    return mark_safe(f'{status_html(status)}<span class="since">since {in_words(since)}{reason}</span>')  # noqa: S308


@lru_cache(maxsize=2048)
def _words(title, headline, sources, theme, regions, places, made_by_keys, made_on, summary, terms):
    """What a row says in words, made once for all pages that show it: title, facts, a snippet, what happened."""
    people = " and ".join(reference.people().label(key) for key in keys_of(made_by_keys))
    named = some([place_name(key) for key in (*keys_of(regions), *keys_of(places))])
    meta = f"{THEMES[theme]} · {named} · {people}, {in_words(made_on)}"
    snippet = terms and _snippet(title, headline, summary, terms)
    return (
        marked_html(title, terms),
        marked_html(meta, terms),
        f"<p class=meta>{snippet}</p>" if snippet else "",
        mark_safe(f'{marked_html(headline, terms)} <span class="meta">{number_of(sources, "source")}</span>'),  # noqa: S308
    )


@cache
def status_html(key):
    """A status as icon and word, as `_status.html` shows it."""
    return get_template("promises/_status.html").render({"status": Status(key)})


def _snippet(title, headline, summary, terms):
    """The summary with its matches marked, where title and headline do not already show every word."""
    shown = words(f"{title} {headline}")
    missing = [term for term in terms if not any(matches(word, term) for word in shown)]
    if any(matches(word, term) for term in missing for word in words(summary)):
        return marked_html(summary, terms)
    return ""


def strip_axis(first, day):
    """The stretch of days that strips draw: from the year of the first promise to the day asked for."""
    return date((first or day).year, 1, 1), day
