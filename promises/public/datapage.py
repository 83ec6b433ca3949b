"""What the pages about the data show."""

from promises.public import openapi, proofs, structured
from promises.public.dictionary import LIST
from promises.public.responses import public
from promises.public.story import Link, moment_in_words
from promises.record.listing import Listing

NO_PROMISE = "SLUG"
"""Stands in examples for the key of a promise where there is none."""

EVERYTHING = (
    ("Every promise", "/promises", ("csv", "xlsx", "json")),
    ("How many stood in each status, month by month", "/chart", ("csv", "json")),
    ("Themes, with how their promises stand", "/themes", ("csv", "json")),
    ("Places, with how their promises stand", "/places", ("csv", "json")),
    ("Everything published, with every correction", "/changes", ("csv", "json", "atom")),
    ("What is due when, as a calendar", "/promises", ("ics",)),
    ("What is new, to follow", "/promises", ("atom", "feed.json")),
)
NAMES = {"csv": "CSV", "xlsx": "Excel", "json": "JSON", "atom": "Atom", "feed.json": "JSON Feed", "ics": "iCalendar"}


def context(moment):
    """What the page of downloads needs."""
    return {
        "section": "data",
        "downloads": [
            (what, [Link(NAMES[ending], f"{path}.{ending}") for ending in endings])
            for what, path, endings in EVERYTHING
        ],
        "columns": LIST,
        "structured": structured.of_data(moment),
        "published": moment.edition and moment_in_words(moment.edition.published_at),
        "commands": (
            proofs.FETCH.format(address=public(f"/promises/{NO_PROMISE}/versions/N/proof.json")),
            proofs.SUM,
            proofs.CHECK,
        ),
    }


def api_context(moment):
    """What the readable description of the API needs; one query."""
    listings = Listing.objects.in_edition(moment.number, latest=moment.latest).order_by("slug")
    slug = listings.values_list("slug", flat=True).first() or NO_PROMISE
    return {"section": "data", "groups": openapi.by_tag(slug), "parameters": list(openapi.parameters())}
