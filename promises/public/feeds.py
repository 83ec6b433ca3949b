"""What was published, for those who follow it: Atom and JSON Feed, the latest first, each entry whole."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import get_template
from django.utils.feedgenerator import Atom1Feed, rfc3339_date

from promises.differences import difference
from promises.public.changes import BEFORE
from promises.public.citations import NAME
from promises.public.log import CORRECTIONS, version_path
from promises.public.responses import LICENCE, LICENCE_URL, head_of, open_to_all, public
from promises.public.sentences import about, either
from promises.public.story import Story
from promises.record.edition import Edition
from promises.record.version import Version
from promises.statuses import Kind, Status

MOST = 100
"""How many entries a feed holds."""
SINCE = 2026
"""The year from which the names of entries are ours to give (RFC 4151)."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def tag(name):
    """A name for ever, whatever becomes of slugs and addresses."""
    return f"tag:{settings.FEED_AUTHORITY},{SINCE}:{name}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One version, as news."""

    id: str
    title: str
    address: str
    published: datetime
    content: str
    categories: tuple


@dataclass(frozen=True, slots=True)
class Feed:
    """Entries with what they are about.

    `name` is for ever; `path` is the feed's own without its ending, `page` that of its page.
    """

    title: str
    name: str
    path: str
    query: str
    page: str
    entries: tuple
    head: Edition | None = None
    """The head of the chain, told by the feeds of the log alone: the others change only when they have news."""

    def address(self, ending):
        return f"{self.path}.{ending}?{self.query}" if self.query else f"{self.path}.{ending}"

    @property
    def updated(self):
        return self.entries[0].published if self.entries else BEGINNING


# What is in them


def title_of(asked):
    """What a question is about: `Levelling-up promises on transport: broken`."""
    statuses = [Status(key).label.lower() for key in asked.chosen["status"]]
    return f"{NAME}{about(asked)}{f': {either(statuses)}' if statuses else ''}"


def of_list(asked):
    """The news of the promises that a question lists, checks left out."""
    listed = asked.qs.order_by().values("promise_id")
    versions = Version.objects.filter(promise_id__in=listed, edition_id__lte=asked.moment.number).with_news()
    return Feed(
        title=title_of(asked),
        name=f"feeds{asked.data_address('atom')}",
        path=f"/{asked.shelf[0]}s/{asked.shelf[1]}" if asked.shelf else "/promises",
        query=asked.query(shelf=False),
        page=asked.address(),
        entries=entries_of(versions),
    )


def of_promise(found):
    """The news of one promise."""
    versions = Version.objects.of_promise(found.current.promise_id).filter(edition_id__lte=found.moment.number)
    return Feed(
        title=f"{found.current.document['title']} · {NAME}",
        name=f"feeds/promises/{found.current.promise_id}",
        path=found.path.rstrip("/"),
        query="",
        page=found.path,
        entries=entries_of(versions.with_news()),
    )


def of_changes(asked):
    """The news of the log: what was withdrawn, too, and what the law made us seal."""
    query = asked.query().removeprefix("?")
    entries = [*entries_of(asked.versions), *_sealings(asked.seals)]
    entries.sort(key=lambda entry: entry.published, reverse=True)
    return Feed(
        title=f"Changes · {NAME}",
        name=f"feeds/changes{asked.query()}",
        path="/changes",
        query=query,
        page=f"/changes/{asked.query()}",
        entries=tuple(entries[:MOST]),
        head=asked.moment.edition,
    )


def entries_of(versions):
    """The latest versions as entries, newest first: two queries. What is sealed is left out."""
    latest = versions.filter(seal__isnull=True).newest_first().values_list("pk", flat=True)[:MOST]
    found = Version.objects.filter(pk__in=list(latest)).annotate(before_text=BEFORE)
    return tuple(map(_entry, found.select_related("edition").newest_first()))


def _entry(version):
    document, edition = version.document, version.edition
    story = Story(document, day=edition.published_on, today=edition.published_on, published=edition.published_on)
    news = _news(version, story)
    return Entry(
        id=tag(f"promises/{version.promise_id}/versions/{version.number}"),
        title=_title(version, story, news),
        address=public(version_path(version.slug, version.number)),
        published=edition.published_at,
        content=_content(version, story, news),
        categories=(
            Kind(version.kind).value,
            *((story.status.value,) if story.status else ()),
            document["theme"]["slug"],
        ),
    )


def _news(version, story):
    """The updates that this version brought, newest first; of a new promise, all."""
    if version.kind == Kind.NEW:
        return [update for update in story.updates if not update.withdrawn]
    moment = version.edition.published_at
    first = {update["number"] for update in story.document["updates"] if _moment(update["published_at"]) == moment}
    return [update for update in story.updates if update.number in first and not update.withdrawn]


def _moment(text):
    return datetime.fromisoformat(text)


def _title(version, story, news):
    if version.kind == Kind.UPDATE and news:
        return f"{news[0].status.label}: {story.title}. {news[0].headline}"
    return f"{Kind(version.kind).label}: {story.title}"


def _content(version, story, news):
    tells = version.kind in CORRECTIONS and version.before_text
    changed = difference(Version(snapshot_text=version.before_text).snapshot, version.snapshot) if tells else ()
    context = {
        "version": version,
        "story": story,
        "news": news,
        "changed": changed,
        "is_new": version.kind == Kind.NEW,
        "withdrawn": version.snapshot.get("withdrawn", ""),
        "root": public(""),
    }
    return get_template("promises/_entry.html").render(context).strip()


def _sealings(seals):
    newest = seals.select_related("edition", "version").order_by("-edition_id", "version_id")[:MOST]
    for seal in newest:
        version = seal.version
        yield Entry(
            id=tag(f"promises/{version.promise_id}/versions/{version.number}/seal"),
            title=f"Sealed: version {version.number} of a promise",
            address=public(version_path(version.slug, version.number)),
            published=seal.edition.published_at,
            content=get_template("promises/_entry.html").render({"sealed": seal.reason}).strip(),
            categories=("seal",),
        )


# How they are written


class _Atom(Atom1Feed):
    """Django's own, with the licence as a link, the head of the chain, and entries whole."""

    def root_attributes(self):
        return super().root_attributes() | ({"xmlns:record": tag("record")} if self.feed["head"] else {})

    def add_root_elements(self, handler):
        super().add_root_elements(handler)
        handler.addQuickElement("link", "", {"rel": "license", "href": LICENCE_URL})
        if head := head_of(self.feed["head"]):
            handler.addQuickElement("record:head", "", {name: str(value) for name, value in head.items()})

    def add_item_elements(self, handler, item):
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


def atom(feed):
    """The feed as Atom."""
    written = _Atom(
        title=feed.title,
        link=public(feed.page),
        description=None,
        language="en-GB",
        author_name=NAME,
        author_link=public("/"),
        feed_url=public(feed.address("atom")),
        feed_guid=tag(feed.name),
        feed_copyright=LICENCE,
        head=feed.head,
    )
    for entry in feed.entries:
        written.add_item(
            title=entry.title,
            link=entry.address,
            description=None,
            content=entry.content,
            unique_id=entry.id,
            pubdate=entry.published,
            updateddate=entry.published,
            categories=entry.categories,
        )
    written.latest_post_date = lambda: feed.updated
    return written.writeString("utf-8").encode()


def json_feed(feed):
    """The feed as JSON Feed 1.1."""
    content = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": public(feed.page),
        "feed_url": public(feed.address("feed.json")),
        "language": "en-GB",
        "authors": [{"name": NAME, "url": public("/")}],
        "_licence": {"about": LICENCE_URL, "licence": LICENCE},
        **({"_record": {"about": public("/data/#check"), **head_of(feed.head)}} if feed.head else {}),
        "items": [
            {
                "id": entry.id,
                "url": entry.address,
                "title": entry.title,
                "content_html": entry.content,
                "date_published": rfc3339_date(entry.published),
                "date_modified": rfc3339_date(entry.published),
                "tags": list(entry.categories),
            }
            for entry in feed.entries
        ],
    }
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


WRITERS = {
    "atom": (atom, "application/atom+xml; charset=utf-8"),
    "feed.json": (json_feed, "application/feed+json"),
}


def answer(feed, *, format):
    write, content_type = WRITERS[format]
    return open_to_all(HttpResponse(write(feed), content_type=content_type), canonical=feed.address(format))
