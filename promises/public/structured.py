"""What pages say of themselves to search engines (schema.org, as JSON-LD). No verdict is given as a rating."""

import json

from django.utils.safestring import mark_safe

from promises import reference
from promises.public.citations import NAME
from promises.public.counts import FACETS
from promises.public.dictionary import LIST
from promises.public.responses import LICENCE_URL, public
from promises.public.sentences import headline
from promises.record.edition import moment as written

SITE = "What government promised the places outside the capital, and what became of each promise."
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def script(*things):
    """The things as one script element that holds data and runs nothing."""
    content = json.dumps({"@context": "https://schema.org", "@graph": list(things)}, ensure_ascii=False)
    for mark, escape in ESCAPES.items():
        content = content.replace(mark, escape)
    return mark_safe(f'<script type="application/ld+json">{content}</script>')  # noqa: S308


# A promise, and its updates


def of_promise(found):
    story = found.story
    sources = story.document["sources"]
    page = {
        **_page(public(found.version_path if found.is_pinned else found.path), story.title, story.summary),
        **_published(found),
        "about": [
            {"@type": "Thing", "name": story.title, "description": story.success_test},
            *map(_place, story.places),
        ],
        "citation": [_work(source) for source in sources],
    }
    return script(page, breadcrumb((story.theme.words, story.theme.path), (story.title, found.path)))


def of_update(found, update):
    story, path = found.story, f"{found.path}updates/{update.number}/"
    sources = [found.story.document.source(source.key) for source in update.sources]
    page = {
        **_page(public(path), update.headline, update.explanation),
        **_published(found),
        "about": [{"@type": "Thing", "name": story.title, "url": public(found.path)}],
        "citation": [_work(source) for source in sources],
    }
    trail = ((story.theme.words, story.theme.path), (story.title, found.path), (update.headline, path))
    return script(page, breadcrumb(*trail))


def _page(url, name, description):
    return {
        "@type": "WebPage",
        "@id": url,
        "url": url,
        "name": name,
        "description": description,
        "inLanguage": "en-GB",
        "isPartOf": {"@type": "WebSite", "name": NAME, "url": public("/")},
        "license": LICENCE_URL,
        "publisher": _publisher(),
    }


def _published(found):
    version = found.version
    first = min(update["published_at"] for update in version.document["updates"])
    return {
        "datePublished": first,
        "dateModified": written(version.edition.published_at),
        "version": str(version.number),
    }


def _publisher():
    return {"@type": "Organization", "name": NAME, "url": public("/about/")}


def _place(link):
    return {"@type": "Place", "name": link.words, "url": public(link.path)}


def _work(source):
    return {
        "@type": "CreativeWork",
        "name": source["title"],
        "url": source["url"],
        "publisher": {"@type": "Organization", "name": source["publisher"]},
        **({"datePublished": source["published"]} if source["published"] else {}),
    }


def breadcrumb(*trail):
    """The way from the tracker to a page: (words, path)."""
    return {
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": words, "item": public(path)}
            for place, (words, path) in enumerate((("Tracker", "/"), *trail), start=1)
        ],
    }


# Lists


def of_list(asked):
    """The tracker, or a shelf of it."""
    site = {"@type": "WebSite", "name": NAME, "url": public("/"), "description": SITE, "inLanguage": "en-GB"}
    if not asked.shelf:
        return script(site)
    name, key = asked.shelf
    facet = next(facet for facet in FACETS if facet.name == name)
    label, path = facet.label_of(key), f"/{name}s/{key}/"
    page = _page(public(path), label, headline(asked))
    if name == "place":
        page["about"] = [{"@type": "Place", "name": label}]
    return script(page, breadcrumb((f"{name.capitalize()}s", f"/{name}s/"), (label, path)))


# The data as a whole

FILES = (
    ("/promises.csv", "text/csv"),
    ("/promises.json", "application/json"),
    ("/promises.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
)


def of_data(moment):
    """The data set, as the latest edition has it."""
    edition = moment.edition
    first = reference.events()[0].date
    dataset = {
        "@type": "Dataset",
        "@id": public("/data/"),
        "url": public("/data/"),
        "name": NAME,
        "description": f"{SITE} Every status has its day, its reasons, its sources and its whole history.",
        "license": LICENCE_URL,
        "isAccessibleForFree": True,
        "inLanguage": "en-GB",
        "creator": _publisher(),
        "publisher": _publisher(),
        "keywords": ["levelling up", "regional inequality", "government promises", "United Kingdom"],
        "spatialCoverage": {"@type": "Place", "name": "United Kingdom"},
        "temporalCoverage": f"{first[:4]}/..",
        "variableMeasured": [
            {"@type": "PropertyValue", "name": entry.name, "description": entry.words} for entry in LIST
        ],
        "distribution": [
            {"@type": "DataDownload", "contentUrl": public(path), "encodingFormat": content_type}
            for path, content_type in FILES
        ],
    }
    if edition:
        dataset |= {
            "version": str(edition.number),
            "dateModified": written(edition.published_at),
            "identifier": f"sha256:{edition.digest}",
        }
    return script(dataset, breadcrumb(("Data", "/data/")))
