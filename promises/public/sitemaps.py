"""Where everything is, for those who crawl: the map of the site, and what is asked of robots and researchers."""

from datetime import timedelta
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import Http404, HttpResponse, StreamingHttpResponse

from promises import reference
from promises.public.counts import PLACE
from promises.public.responses import public
from promises.record.edition import moment as written
from promises.record.listing import Listing
from promises.statuses import THEMES

A_MAP = 20_000
"""How many addresses a map holds; fifty thousand are allowed."""
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
PAGES = ("/", "/themes/", "/places/", "/changes/", "/context/", "/data/", "/data/api/", "/data/releases/")
WORDS = ("/method/", "/about/", "/glossary/", "/accessibility/", "/privacy/", "/suggest/")
XML = "application/xml; charset=utf-8"


def index(moment):
    """The map of maps: one of pages, and as many of promises as they need."""
    count = _listings(moment).count()
    paths = ["/sitemap-pages.xml", *(f"/sitemap-promises-{n}.xml" for n in range(1, -(-count // A_MAP) + 1))]
    changed = _last_changed(moment)
    entries = "".join(f"<sitemap><loc>{escape(public(path))}</loc>{changed}</sitemap>" for path in paths)
    return HttpResponse(_document("sitemapindex", entries), content_type=XML)


def of_pages(moment):
    """Every page but those of promises."""
    census = _census(moment)
    shelves = [f"/themes/{key}/" for key in THEMES]
    shelves += [f"/places/{place.slug}/" for place in reference.places() if place.is_region or place.slug in census]
    changed = _last_changed(moment)
    entries = [_entry(path, changed) for path in (*PAGES, *shelves)] + [_entry(path) for path in WORDS]
    return HttpResponse(_document("urlset", "".join(entries)), content_type=XML)


def of_promises(moment, number):
    """A map of promises, each with the moment of its latest version."""
    listings = _listings(moment)
    if number != 1 and not 1 <= number <= -(-listings.count() // A_MAP):
        raise Http404(f"There is no map {number}.")
    rows = listings.order_by("slug").values_list("slug", "published_at")[(number - 1) * A_MAP : number * A_MAP]
    return StreamingHttpResponse(_chunks(rows), content_type=XML)


def _chunks(rows):
    begin, end = _document("urlset", "|").split("|")
    yield begin
    for slug, published_at in rows.iterator(chunk_size=2000):
        yield _entry(f"/promises/{slug}/", f"<lastmod>{written(published_at)}</lastmod>")
    yield end


def _listings(moment):
    return Listing.objects.in_edition(moment.number, latest=moment.latest)


def _census(moment):
    """The keys of every place that a promise names."""
    return {
        key for keys in _listings(moment).values_list("place_keys", flat=True).distinct() for key in PLACE.keys(keys)
    }


def _last_changed(moment):
    return f"<lastmod>{written(moment.edition.published_at)}</lastmod>" if moment.edition else ""


def _entry(path, changed=""):
    return f"<url><loc>{escape(public(path))}</loc>{changed}</url>"


def _document(root, content):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{content}</{root}>\n'


# For robots, and for who finds a hole


ROBOTS = """User-agent: *
Allow: /*card.png
Disallow: /admin/
Disallow: /accounts/
Disallow: /health/
Disallow: /cite
Disallow: /*?q=
Disallow: /*?sort=
Disallow: /*?*&

Sitemap: {sitemap}
"""
"""Filters can be combined without end: each alone may be crawled, their combinations need not be."""


def robots():
    return _words(ROBOTS.format(sitemap=public("/sitemap.xml")))


GOOD_FOR = timedelta(days=180)


def security(today):
    """Whom to tell of a hole (RFC 9116)."""
    contact = settings.CONTACT_EMAIL
    lines = [
        f"Contact: {f'mailto:{contact}' if contact else public('/about/')}",
        f"Expires: {today + GOOD_FOR}T00:00:00Z",
        "Preferred-Languages: en",
        f"Canonical: {public('/.well-known/security.txt')}",
    ]
    return _words("".join(f"{line}\n" for line in lines))


def _words(words):
    return HttpResponse(words, content_type="text/plain; charset=utf-8")
