"""A promise, one of its updates or one of its versions: all that its page shows, and the same as data."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404
from django.utils.http import urlencode

from promises.dates import in_words
from promises.differences import difference
from promises.public import citations, offers, proofs, structured
from promises.public.columns import LICENCE
from promises.public.finding import Unavailable
from promises.public.log import seal_of, version_path, versions_of
from promises.public.responses import csv_data, json_data, page, public
from promises.public.story import Link, Story, moment_in_words
from promises.record.document import Document
from promises.record.edition import moment as written
from promises.record.listing import Listing
from promises.record.version import Alias
from promises.statuses import Status


@dataclass(frozen=True, slots=True)
class Banner:
    """A sentence on what the page shows that is not today's, with ways on."""

    words: str
    links: tuple = ()


@dataclass(frozen=True, slots=True)
class Related:
    """Another promise, with its status as of the same moment."""

    title: str
    path: str
    status: Status


# The promise


def promise_page(request, found):
    """The page of a promise; of one not made by the day asked for, a sentence that says so."""
    return page(request, "promises/detail.html", promise_context(found), moment=found.moment)


def promise_context(found):
    """What `promises/detail.html` needs of a published promise."""
    story = found.story
    return {
        "story": story,
        "found": found,
        "section": "tracker",
        "canonical": public(found.version_path if found.is_pinned else found.path),
        "banners": banners(found, found.path),
        "remarks": remarks(found),
        "corrections": corrections(found),
        "related": related_to(story, found.moment) if story.is_made else (),
        "corrected": last_correction(found),
        "cite": citations.offer_of_promise(found),
        "offers": offers.of_promise(found),
        "structured": structured.of_promise(found),
        "data": _formats(found, found.path, ("json", "csv")),
    }


def preview_context(document, *, moment):
    """What `promises/detail.html` needs of a document that is not published: as `door.completed` returns it."""
    story = Story(Document(document), day=moment.day, today=moment.today, published=moment.today)
    return {"story": story, "section": "tracker", "related": related_to(story, moment) if story.is_made else ()}


def related_to(story, moment):
    """The related promises that stand at the moment, in the record's order; one query."""
    slugs = story.related_slugs
    if not slugs:
        return ()
    renamed = Alias.objects.filter(slug__in=slugs).values("promise_id")
    listings = Listing.objects.in_edition(moment.number, latest=moment.latest).standing(as_of=moment.day)
    rows = listings.filter(Q(slug__in=slugs) | Q(promise_id__in=renamed)).values_list("slug", "title", "status")
    place = {slug: at for at, slug in enumerate(slugs)}
    query = f"?{moment.kept}" if moment.kept else ""
    return tuple(
        Related(title, f"/promises/{slug}/{query}", Status(status))
        for slug, title, status in sorted(rows, key=lambda row: (place.get(row[0], len(place)), row[0]))
    )


def promise_json(found):
    story, snapshot = found.story, found.story.document.snapshot
    shown = story.snapshot_by_day if found.moment.asked_day else snapshot
    return _json(
        found,
        found.path,
        {
            "as_of": found.moment.day.isoformat() if found.moment.asked_day else None,
            "standing": _standing(story),
            "promise": shown,
            "digest": found.version.digest if shown is snapshot else None,
        },
    )


def _standing(story):
    """How it stood on the day asked for; None before it was made."""
    span = story.standing
    return span and {
        "status": span.update["status"],
        "reason": span.update["reason"],
        "since": str(span.since),
        "since_from": span.since_from.isoformat(),
        "date": span.update["date"],
        "date_from": span.begins.isoformat(),
        "headline": span.update["headline"],
        "update": span.update["number"],
    }


HISTORY = (
    "slug",
    "title",
    "number",
    "date",
    "counts_from",
    "status",
    "reason",
    "headline",
    "explanation",
    "sources",
    "source_urls",
    "withdrawn",
    "published_at",
    "version",
    "url",
    "licence",
)
"""The columns of a promise's history: the keys of its updates in JSON, and what tells whose they are."""


def promise_csv(found):
    """Its history: a row for each update by the day, newest first, the withdrawn ones with their reason."""
    document, story = found.story.document, found.story
    rows = (
        {
            **update,
            "slug": found.slug,
            "title": story.title,
            "source_urls": " ".join(document.source(key)["url"] for key in update["sources"]),
            "version": found.version.number,
            "url": public(f"{found.path}updates/{update['number']}/"),
            "licence": LICENCE,
        }
        for update in reversed(document.updates_by(story.day))
    )
    lines = [[row.get(column) for column in HISTORY] for row in rows]
    return csv_data(HISTORY, lines, name=f"{found.slug}.csv", canonical=_data_path(found, found.path, "csv"))


# One of its updates


def update_page(request, found, number):
    """The page of one update, for linking and quoting."""
    update = find_update(found, number)
    story, path = found.story, f"{found.path}updates/{number}/"
    around = [other for other in story.updates if not other.withdrawn]
    at = around.index(update)
    context = {
        "story": story,
        "update": update,
        "found": found,
        "section": "tracker",
        "canonical": public(path),
        "banners": banners(found, path),
        "remarks": remarks(found),
        "corrections": corrections(found),
        "cite": citations.offer_of_update(found, update),
        "offers": offers.of_update(found, update),
        "structured": structured.of_update(found, update),
        "pinned": pinned(path, found, named=True),
        "data": _formats(found, path, ("json",)),
        "later": around[at - 1] if at else None,
        "earlier": around[at + 1] if at + 1 < len(around) else None,
        "asked": f"?{query_of(found)}" if query_of(found) else "",
    }
    return page(request, "promises/update.html", context, moment=found.moment)


def find_update(found, number):
    """The update of that number by the day; 404 where there is none, 410 where it was withdrawn."""
    update = found.story.update(number)
    if update is None:
        raise Http404(f"This promise has no update {number}.")
    if update.withdrawn:
        last = _last_with(found, number)
        raise Unavailable(
            410,
            f"This update of {update.day} was withdrawn.",
            title=update.headline,
            reason=update.withdrawn,
            instead=last and Link(f"The last version that had it: version {last}", version_path(found.slug, last)),
        )
    if update.counts_from > found.moment.day:
        raise Unavailable(
            404,
            f"By {found.moment.day_in_words} this had not happened. It is of {update.day}.",
            title="Not yet",
            instead=Link("The update as it is known today", update.path),
        )
    return update


def _last_with(found, number):
    """The number of the last version in which the update counted and that may be shown."""
    earlier = versions_of(found.current.promise_id).filter(number__lt=found.version.number)
    for version in earlier.iterator(chunk_size=20):
        if not seal_of(version) and not version.is_withdrawal:
            update = next((u for u in version.snapshot["updates"] if u["number"] == number), None)
            if update and not update.get("withdrawn"):
                return version.number
    return None


def update_json(found, number):
    find_update(found, number)
    document = found.story.document
    update = next(update for update in document["updates"] if update["number"] == number)
    path = f"{found.path}updates/{number}/"
    return _json(
        found,
        path,
        {
            "update": update,
            "sources": [document.source(key) for key in update["sources"]],
            "promise": {"slug": found.slug, "title": document["title"], "url": public(found.path)},
            "digest": found.version.digest,
        },
        named=True,
    )


# One of its versions


def version_page(request, found):
    """A version exactly as published, with what it changed and what changed since."""
    before = versions_of(found.current.promise_id).filter(number=found.version.number - 1).first()
    context = promise_context(found) | {
        "banners": banners(found, found.version_path),
        "version": found.version,
        "changed": _changes(before, found.version),
        "before": before and before.number,
        "proof": proofs.path_of(found),
        "before_is_sealed": bool(before and seal_of(before)),
        "since": None if found.is_current else _changes(found.current, found.version, backwards=True),
        "data": _formats(found, found.version_path, ("json",)),
    }
    return page(request, "promises/version.html", context, moment=found.moment)


def _changes(other, version, *, backwards=False):
    """What differs between two versions; None where one may not be shown, or is not there."""
    if other is None or seal_of(other):
        return None
    pair = (version, other) if backwards else (other, version)
    return difference(*(one.document.snapshot for one in pair))


def version_json(found):
    """Exactly the snapshot as digested, beside its digest."""
    return _json(found, found.version_path, {"promise": found.version.snapshot, "digest": found.version.digest})


# All of its versions


def versions_page(request, found):
    """The list of versions, newest first."""
    context = {
        "title": found.title,
        "found": found,
        "section": "tracker",
        "canonical": public(f"{found.path}versions/"),
        "remarks": remarks(found),
        "log": [line for line in found.log if line.edition.number <= found.moment.number],
    }
    return page(request, "promises/versions.html", context, moment=found.moment)


# What all of them say


def query_of(found, *, day=True):
    """The query that keeps what was asked: version or edition, and the day."""
    moment, given = found.moment, {}
    if found.is_pinned:
        given["version"] = found.version.number
    if moment.asked_edition:
        given["edition"] = moment.number
    if moment.asked_day and day:
        given["as_of"] = moment.day.isoformat()
    return urlencode(given)


def pinned(path, found, *, named=False):
    """The path that shows this for good: `named` where the path itself does not name the version."""
    given = {"version": found.version.number} if named else {}
    if found.moment.asked_day:
        given["as_of"] = found.moment.day.isoformat()
    return f"{path}?{urlencode(given)}" if given else path


def banners(found, path):
    """What the page shows that is not today's, in sentences, each with a way back."""
    return tuple(_banners(found, path))


def _banners(found, path):
    moment, version = found.moment, found.version
    published = moment_in_words(version.edition.published_at)
    asked = query_of(found, day=False)
    names_itself = path == found.version_path
    since = (
        () if found.is_current else (Link("What changed since", f"{'' if names_itself else found.version_path}#since"),)
    )
    today = Link("The promise as it stands today", found.path)
    stands = "It is the latest." if found.is_current else f"The latest is version {found.current.number}."
    if found.is_pinned:
        yield Banner(f"Version {version.number}, published {published} (British time). {stands}", (today, *since))
    elif moment.asked_edition:
        yield Banner(
            f"As published by edition {moment.number}: version {version.number}, of {published} (British time). {stands}",
            (today, *since),
        )
    if moment.is_past_day:
        keep = asked if not names_itself else ""
        yield Banner(
            f"As it stood on {moment.day_in_words}. What came later is left out; title, summary, quotation, facts and "
            "what would count as kept are as we write them now.",
            (Link("Back to today", f"{path}?{keep}" if keep else path),),
        )


def remarks(found):
    """What a reader must know before all else: that the promise was withdrawn."""
    if not found.current.is_withdrawal or seal_of(found.current):
        return ()
    day = in_words(found.current.edition.published_on)
    reason = found.current.document["withdrawn"]
    return (
        Banner(f"This promise was withdrawn on {day}. {reason}", (Link("All versions", f"{found.path}versions/"),)),
    )


def corrections(found):
    """The corrections that matter, newest first: those that made the version shown, and those made since."""
    return tuple(
        Banner(
            f"Corrected {'on' if line.number <= found.version.number else 'since, on'} {line.published_on}, "
            f"after version {line.number_before}. {line.note}".strip(),
            (Link("What was corrected", f"{line.path}#changed"),),
        )
        for line in found.log
        if line.is_major
    )


def last_correction(found):
    """The line of the latest correction; None where there was none."""
    return next((line for line in found.log if line.is_correction), None)


# As data


def _formats(found, path, formats):
    return [Link(format.upper(), _data_path(found, path, format)) for format in formats]


def _data_path(found, path, format):
    query = query_of(found)
    if path == found.version_path:
        query = urlencode({"as_of": found.moment.day.isoformat()}) if found.moment.asked_day else ""
    address = f"{path.removesuffix('/')}.{format}"
    return f"{address}?{query}" if query else address


def _json(found, path, content, *, named=False):
    """The frame of every document as data: licence, version, moment and addresses, around what was asked for."""
    edition = found.version.edition
    own = pinned(path, found, named=True) if named else pinned(found.version_path, found)
    return json_data(
        {
            "licence": LICENCE,
            "edition": edition.number,
            "version": found.version.number,
            "published_at": written(edition.published_at),
            "url": public(path),
            **content,
            "urls": {
                "promise": public(found.path),
                "version": public(found.version_path),
                "proof": public(proofs.path_of(found)),
                "pinned": public(own),
                "versions": public(f"{found.path}versions/"),
                "json": public(f"{found.path.removesuffix('/')}.json"),
                "csv": public(f"{found.path.removesuffix('/')}.csv"),
                "updates": {
                    str(update["number"]): public(f"{found.path}updates/{update['number']}/")
                    for update in found.story.document["updates"]
                },
            },
        },
        canonical=_data_path(found, path, "json"),
    )
