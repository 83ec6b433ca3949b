"""The API described for programs (OpenAPI 3.1), from the same questions and columns that answer it."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings

from promises.public.counts import FACETS
from promises.public.dictionary import (
    ADDRESS,
    DAY,
    DIGEST,
    KEY,
    KNOWN_DAY,
    LIST,
    MOMENT,
    NUMBER,
    REASONS,
    STATUS,
    TEXT,
    maybe,
)
from promises.public.filters import KEY as KEY_PATTERN
from promises.public.filters import LONGEST_QUESTION, SORTS
from promises.public.responses import LICENCE, LICENCE_URL, public
from promises.reference import slugify
from promises.statuses import Kind, Status

VERSION = "1.0.0"
"""Counted up when something is added; nothing is ever renamed or removed."""
MOST = 2_147_483_647

COUNTS = {
    "type": "object",
    "description": "How many promises stand in each status.",
    "properties": {status.value: NUMBER for status in Status},
    "required": Status.values,
}


def document():
    """The whole description, with the address it is given under."""
    return {**_document(), "servers": [{"url": settings.PUBLIC_URL}]}


@cache
def _document():
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Levelling-up promises",
            "version": VERSION,
            "summary": "What government promised the places outside the capital, and what became of each promise.",
            "description": (
                "Read only, without keys or accounts. Every answer is a function of its address and of the latest "
                "edition of the record; `edition=N&as_of=DAY` pins it for good. Keys are added, never renamed or "
                "removed. Answers carry an ETag and may be read from any web page."
            ),
            "license": {"name": LICENCE, "url": LICENCE_URL},
        },
        "externalDocs": {"description": "The same for people", "url": "/data/"},
        "tags": [{"name": tag} for tag in ("Lists", "Promises", "Numbers", "Changes", "Citing and showing")],
        "paths": {path: {"get": operation} for path, operation in _paths()},
        "components": {"schemas": SCHEMAS, "parameters": PARAMETERS, "responses": RESPONSES},
    }


# What may be asked


def _parameter(name, description, schema, **more):
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _keys(facet):
    """A name that takes keys of a facet and may repeat."""
    known = list(facet.known()) if not facet.open_ended and facet.name != "place" else []
    item = (
        {"type": "string", "enum": known}
        if known
        else {"type": "string", "pattern": f"^{KEY_PATTERN.pattern}$", "maxLength": 100}
    )
    description = f"{facet.label}: any of the keys given. {facet.where_known}".strip()
    return _parameter(
        facet.name, description, {"type": "array", "items": item, "uniqueItems": True}, style="form", explode=True
    )


PARAMETERS = {
    "q": _parameter("q", "Words to look for; all must be found.", {"type": "string", "maxLength": LONGEST_QUESTION}),
    **{facet.name: _keys(facet) for facet in FACETS},
    "as_of": _parameter("as_of", "How things stood on that day, up to today. Without it, today.", DAY),
    "edition": _parameter(
        "edition",
        "What had been published by that edition. Without it, the latest.",
        {"type": "integer", "minimum": 1, "maximum": MOST},
    ),
    "version": _parameter(
        "version",
        "The promise exactly as that version had it.",
        {"type": "integer", "minimum": 1, "maximum": 999_999_999},
    ),
    "sort": _parameter("sort", "The order of the rows; a hyphen reverses it.", {"type": "string", "enum": list(SORTS)}),
    "page": _parameter("page", "Which hundred rows.", {"type": "integer", "minimum": 1, "maximum": 999_999}),
    "kind": _parameter(
        "kind",
        "What a version did: any of the kinds given. Without it, everything but checks.",
        {"type": "array", "items": {"type": "string", "enum": [*Kind.values, "seal"]}, "uniqueItems": True},
        style="form",
        explode=True,
    ),
    "slug": {
        "name": "slug",
        "in": "path",
        "required": True,
        "description": "The key of the promise, theme, place or figure.",
        "schema": {**KEY, "maxLength": 100},
    },
    "number": {
        "name": "number",
        "in": "path",
        "required": True,
        "description": "The number of the update or version.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST},
    },
    "url": _parameter("url", "One of our addresses.", {"type": "string", "maxLength": 2000}, required=True),
    "format": _parameter("format", "How it is written.", {"type": "string", "enum": ["json", "xml"]}),
    "maxwidth": _parameter(
        "maxwidth", "The most pixels across.", {"type": "integer", "minimum": 1, "maximum": 100_000}
    ),
    "maxheight": _parameter(
        "maxheight", "The most pixels down.", {"type": "integer", "minimum": 1, "maximum": 100_000}
    ),
}
MOMENT_ASKED = ("as_of", "edition")
QUESTION = ("q", *(facet.name for facet in FACETS), *MOMENT_ASKED)
OF_PROMISE = ("version", *MOMENT_ASKED)


# What is answered


def _object(properties, *, optional=(), description=""):
    told = {"description": description} if description else {}
    return {
        "type": "object",
        **told,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def _list_of(name):
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


LICENCE_FORM = {"type": "string", "const": LICENCE}
ABOUT = {
    "licence": LICENCE_FORM,
    "generated_at": maybe(MOMENT),
    "edition": NUMBER,
    "as_of": DAY,
    "query": {"type": "object", "description": "The question as understood."},
    "looked_for": maybe(TEXT),
}
PAGES = {"next": maybe(ADDRESS), "previous": maybe(ADDRESS)}
OF_DOCUMENT = {
    "licence": LICENCE_FORM,
    "edition": NUMBER,
    "version": NUMBER,
    "published_at": MOMENT,
    "url": ADDRESS,
}
SNAPSHOT = {
    "type": "object",
    "description": "The promise as published. Its whole form is at /data/snapshot.schema.json.",
    "required": ["schema", "id", "slug", "title", "updates", "sources"],
    "properties": {
        "schema": NUMBER,
        "id": NUMBER,
        "slug": KEY,
        "title": TEXT,
        "updates": {"type": "array", "items": {"$ref": "#/components/schemas/Update"}},
        "sources": {"type": "array", "items": {"type": "object"}},
    },
}

HEAD = _object(
    {"edition": NUMBER, "published_at": MOMENT, "digest": DIGEST},
    description="The head of the chain of digests: it covers everything published up to that edition.",
)

SCHEMAS = {
    "Row": _object({entry.name: {**entry.form, "description": entry.label} for entry in LIST}),
    "Counts": COUNTS,
    "List": _object(
        {
            **ABOUT,
            "count": {**NUMBER, "description": "How many promises match, on all pages."},
            "counts": {"$ref": "#/components/schemas/Counts"},
            "promises": _list_of("Row"),
            **PAGES,
        }
    ),
    "Update": _object(
        {
            "number": NUMBER,
            "date": KNOWN_DAY,
            "counts_from": DAY,
            "published_at": MOMENT,
            "status": STATUS,
            "reason": REASONS,
            "headline": TEXT,
            "explanation": TEXT,
            "sources": {"type": "array", "items": TEXT},
            "citations": {"type": "array", "items": {"type": "object"}},
            "withdrawn": TEXT,
        },
        optional=("withdrawn",),
    ),
    "Snapshot": SNAPSHOT,
    "Promise": _object(
        {
            **OF_DOCUMENT,
            "as_of": maybe(DAY),
            "standing": maybe({"type": "object", "description": "How it stood on the day asked for."}),
            "promise": {"$ref": "#/components/schemas/Snapshot"},
            "digest": maybe(DIGEST),
            "urls": {"type": "object"},
        }
    ),
    "UpdateOfPromise": _object(
        {
            **OF_DOCUMENT,
            "update": {"$ref": "#/components/schemas/Update"},
            "sources": {"type": "array", "items": {"type": "object"}},
            "promise": _object({"slug": KEY, "title": TEXT, "url": ADDRESS}),
            "digest": DIGEST,
            "urls": {"type": "object"},
        }
    ),
    "Version": _object(
        {
            **OF_DOCUMENT,
            "promise": {"$ref": "#/components/schemas/Snapshot"},
            "digest": DIGEST,
            "urls": {"type": "object"},
        }
    ),
    "Head": HEAD,
    "Proof": _object(
        {
            "licence": LICENCE_FORM,
            "url": ADDRESS,
            "check": ADDRESS,
            "promise": NUMBER,
            "version": NUMBER,
            "digest": DIGEST,
            "head": {"$ref": "#/components/schemas/Head"},
            "text": {**TEXT, "description": "The version as digested: the SHA-256 of its UTF-8 is `digest`."},
            "editions": {
                "type": "array",
                "description": "From the edition that published it to the head.",
                "items": _object(
                    {
                        "number": NUMBER,
                        "digest": DIGEST,
                        "payload": {**maybe(TEXT), "description": "What `digest` is the SHA-256 of, as UTF-8."},
                        "withheld": {**TEXT, "description": "Why the payload may not be shown."},
                    },
                    optional=("withheld",),
                ),
            },
        }
    ),
    "Series": _object({**ABOUT, "points": {"type": "array", "items": _object({"date": DAY, **COUNTS["properties"]})}}),
    "Shelf": _object({"slug": KEY, "name": TEXT, "promises": NUMBER, **COUNTS["properties"], "url": ADDRESS}),
    "Themes": _object({**ABOUT, "themes": _list_of("Shelf")}),
    "Places": _object({**ABOUT, "places": _list_of("Shelf")}),
    "Change": _object(
        {
            "edition": NUMBER,
            "published_at": MOMENT,
            "kind": {"type": "string", "enum": [*Kind.values, "seal"]},
            "slug": KEY,
            "title": maybe(TEXT),
            "version": NUMBER,
            "note": maybe(TEXT),
            "url": ADDRESS,
        }
    ),
    "Changes": _object(
        {
            **{name: ABOUT[name] for name in ("licence", "generated_at", "edition", "query")},
            "count": NUMBER,
            "head": {"anyOf": [{"$ref": "#/components/schemas/Head"}, {"type": "null"}]},
            "changes": _list_of("Change"),
            **PAGES,
        }
    ),
    "Figure": _object(
        {
            "licence": LICENCE_FORM,
            "dated": KNOWN_DAY,
            "url": ADDRESS,
            "slug": KEY,
            "title": TEXT,
            "unit": TEXT,
            "note": maybe(TEXT),
            "sources": {"type": "array", "items": {"type": "object"}},
            "points": {"type": "array", "items": {"type": "object"}},
        }
    ),
    "Frame": _object(
        {"version": {"const": "1.0"}, "type": {"const": "rich"}, "html": TEXT, "width": NUMBER, "height": NUMBER}
    ),
    "Errors": _object(
        {"errors": {"type": "object", "additionalProperties": {"type": "array", "items": TEXT}}},
        description="Sentences on what was not understood, by name.",
    ),
    "Gone": _object(
        {"licence": LICENCE_FORM, "errors": {"type": "object"}, "reason": maybe(TEXT), "versions": {"type": "array"}},
        description="Why it is no longer shown, and which versions there were.",
    ),
}


def _json(name):
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _refusal(description, name):
    return {
        "description": description,
        "content": {**_json(name), "text/plain": {"schema": TEXT}},
    }


RESPONSES = {
    "BadQuestion": _refusal("A question we do not understand.", "Errors"),
    "NotFound": _refusal("Nothing is published at this address, or there is no such page.", "Errors"),
    "Gone": _refusal("Withdrawn: with the reason and its history.", "Gone"),
    "Sealed": _refusal("The law forbids us to show it: with the reason.", "Gone"),
    "UnknownFormat": {"description": "A format that we do not write.", "content": {"text/plain": {"schema": TEXT}}},
    "Moved": {
        "description": "Renamed: the address of today.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    },
}


# Each address


def _operation(name, tag, summary, content, *, asks=(), path=(), example=None, refusals=("400", "404")):
    named = {
        "400": "BadQuestion",
        "404": "NotFound",
        "301": "Moved",
        "410": "Gone",
        "451": "Sealed",
        "501": "UnknownFormat",
    }
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "parameters": [{"$ref": f"#/components/parameters/{asked}"} for asked in (*path, *asks)],
        "responses": {
            "200": {"description": "The answer.", "content": content},
            **{status: {"$ref": f"#/components/responses/{named[status]}"} for status in refusals},
        },
        **({"x-example": example} if example else {}),
    }


def _file(content_type):
    return {content_type: {"schema": {"type": "string"}}}


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OF_ONE = ("301", "400", "404", "410", "451")
LISTS = (
    ("/promises", "", "the promises", ()),
    ("/themes/{slug}", "theme_", "those of one theme", ("slug",)),
    ("/places/{slug}", "place_", "those of one place", ("slug",)),
)


def _paths():
    for address, name, what, path in LISTS:
        here = {"/themes/{slug}": "/themes/transport", "/places/{slug}": "/places/north-west"}.get(address, address)
        own = {"theme_": "theme", "place_": "place"}.get(name)
        asks = tuple(asked for asked in QUESTION if asked != own)
        for ending, content, summary in (
            ("json", _json("List"), "A hundred rows of"),
            ("csv", _file("text/csv"), "All rows, as CSV, of"),
            ("xlsx", _file(XLSX), "All rows, as a workbook, of"),
            ("atom", _file("application/atom+xml"), "The latest hundred publications, as Atom, of"),
            ("feed.json", _file("application/feed+json"), "The same, as JSON Feed, of"),
            ("ics", _file("text/calendar"), "What is due when, as a calendar, of"),
        ):
            more = ("sort", "page") if ending == "json" else ("sort",) if ending in ("csv", "xlsx") else ()
            yield (
                f"{address}.{ending}",
                _operation(
                    f"{name}promises_{ending.replace('.', '_')}",
                    "Lists",
                    f"{summary} {what}.",
                    content,
                    asks=(*asks, *more),
                    path=path,
                    example=f"{here}.{ending}?status=kept",
                ),
            )
    yield from _numbers()
    yield from _documents()
    yield from _the_rest()


def _numbers():
    asks = tuple(name for name in QUESTION if name != "status")
    drawn = (("svg", "image/svg+xml"), ("png", "image/png"))
    for ending, kind in drawn:
        what = "The same as a picture, with its source."
        address = f"/chart.{ending}"
        yield address, _operation(f"chart_{ending}", "Numbers", what, _file(kind), asks=asks, example=address)
    for address, schema, what, asked in (
        ("/chart", "Series", "How many stood in each status, month by month.", asks),
        ("/themes", "Themes", "How many stand in each status, by theme.", QUESTION),
        ("/places", "Places", "How many stand in each status, by place.", QUESTION),
    ):
        name = address.strip("/")
        for ending, content in (("json", _json(schema)), ("csv", _file("text/csv"))):
            yield (
                f"{address}.{ending}",
                _operation(f"{name}_{ending}", "Numbers", what, content, asks=asked, example=f"{address}.{ending}"),
            )
    pictures = tuple((ending, _file(kind)) for ending, kind in drawn)
    for ending, content in (("json", _json("Figure")), ("csv", _file("text/csv")), *pictures):
        yield (
            f"/context/{{slug}}.{ending}",
            _operation(
                f"figure_{ending}",
                "Numbers",
                "One of the figures that frame the promises.",
                content,
                path=("slug",),
                refusals=("404",),
                example=f"/context/jobs-created-ratio.{ending}",
            ),
        )


def _documents():
    one = "/promises/{slug}"
    for address, name, summary, content, path, asks in (
        (f"{one}.json", "promise_json", "A promise, whole.", _json("Promise"), ("slug",), OF_PROMISE),
        (f"{one}.csv", "promise_csv", "The history of a promise.", _file("text/csv"), ("slug",), OF_PROMISE),
        (f"{one}.atom", "promise_atom", "Its publications.", _file("application/atom+xml"), ("slug",), ()),
        (f"{one}/updates/{{number}}.json", "update_json", "One change of status.", _json("UpdateOfPromise"), ("slug", "number"), OF_PROMISE),
        (f"{one}/versions/{{number}}.json", "version_json", "Exactly what was published.", _json("Version"), ("slug", "number"), ("as_of",)),
        (f"{one}/versions/{{number}}/proof.json", "version_proof", "All it takes to check that a version was not altered.", _json("Proof"), ("slug", "number"), ("edition",)),
        (f"{one}/card.png", "promise_card", "Its share card.", _file("image/png"), ("slug",), OF_PROMISE),
        (f"{one}/cite.csl.json", "promise_csl", "Its citation, for programs.", _file("application/vnd.citationstyles.csl+json"), ("slug",), OF_PROMISE),
    ):  # fmt: skip
        example = address.replace("{slug}", EXAMPLE).replace("{number}", "1")
        tag = "Citing and showing" if name in ("promise_card", "promise_csl") else "Promises"
        yield address, _operation(name, tag, summary, content, path=path, asks=asks, refusals=OF_ONE, example=example)


def _the_rest():
    asks = ("kind", "theme", "place", "edition")
    for ending, content, more in (
        ("json", _json("Changes"), ("page",)),
        ("csv", _file("text/csv"), ()),
        ("atom", _file("application/atom+xml"), ()),
    ):
        yield (
            f"/changes.{ending}",
            _operation(
                f"changes_{ending}",
                "Changes",
                "Everything published, newest first.",
                content,
                asks=(*asks, *more),
                example=f"/changes.{ending}?kind=new",
            ),
        )
    yield (
        "/oembed",
        _operation(
            "oembed",
            "Citing and showing",
            "The frame that shows an address of ours in another page.",
            {**_json("Frame"), "text/xml": {"schema": {"type": "string"}}},
            asks=("url", "format", "maxwidth", "maxheight"),
            refusals=(*OF_ONE, "501"),
            example="/oembed?url={root}/themes/transport/",
        ),
    )
    yield (
        "/cite.csl.json",
        _operation(
            "list_csl",
            "Citing and showing",
            "The citation of a list with its numbers.",
            _file("application/vnd.citationstyles.csl+json"),
            asks=(*QUESTION, "sort"),
            example="/cite.csl.json?theme=transport",
        ),
    )


EXAMPLE = "{example}"
"""Stands for the key of a promise that is there, whichever that is."""


def examples(slug):
    """(path in the description, address that works) of every operation, given the key of a promise."""
    for path, item in _document()["paths"].items():
        yield path, item["get"]["x-example"].replace(EXAMPLE, slug).replace("{root}", public(""))


# The same for people


@dataclass(frozen=True, slots=True)
class Described:
    """One address of the API as the readable page tells it."""

    address: str
    summary: str
    asks: tuple
    example: str

    @property
    def anchor(self):
        return slugify(self.address)


def by_tag(slug):
    """(heading, the addresses under it), given the key of a promise for the examples."""
    works = dict(examples(slug))
    found = {}
    for path, item in _document()["paths"].items():
        operation = item["get"]
        asks = tuple(parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"])
        here = Described(
            path, operation["summary"], tuple(name for name in asks if f"{{{name}}}" not in path), works[path]
        )
        found.setdefault(operation["tags"][0], []).append(here)
    return tuple(found.items())


def parameters():
    """(name, description, values where they are few) of everything that may be asked."""
    for parameter in PARAMETERS.values():
        if parameter["in"] == "query":
            schema = parameter["schema"]
            values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
            yield parameter["name"], parameter["description"], values
