"""What each column holds and of what form it is: read by the data page, the API's description and releases."""

from dataclasses import dataclass

from promises.public.columns import COLUMNS
from promises.statuses import THEMES, Kind, Reason, SourceKind, Status

TEXT = {"type": "string"}
KEY = {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}
NUMBER = {"type": "integer", "minimum": 0}
DAY = {"type": "string", "format": "date"}
KNOWN_DAY = {"type": "string", "pattern": r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}
MOMENT = {"type": "string", "format": "date-time"}
ADDRESS = {"type": "string", "format": "uri"}
DIGEST = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
STATUS = {"type": "string", "enum": Status.values}
REASONS = {"type": "array", "items": {"type": "string", "enum": Reason.values}}
KEYS = {"type": "array", "items": KEY}


def maybe(form):
    """The form of what may also be missing."""
    return {**form, "type": [form["type"], "null"]}


FORMS = {
    "slug": KEY,
    "status": STATUS,
    "since": KNOWN_DAY,
    "date": KNOWN_DAY,
    "theme": {"type": "string", "enum": list(THEMES)},
    "places": KEYS,
    "made_on": KNOWN_DAY,
    "due_on": maybe(KNOWN_DAY),
    "sources": NUMBER,
    "version": NUMBER,
    "url": ADDRESS,
    "reason": REASONS,
    "since_from": DAY,
    "date_from": DAY,
    "update": NUMBER,
    "checked_on": maybe(DAY),
    "published_at": MOMENT,
    "as_of": DAY,
    "edition": NUMBER,
}
"""The columns of a list that hold something else than words."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of some table: its name, what it holds and of what form (JSON Schema) it is."""

    name: str
    label: str
    form: dict

    @property
    def words(self):
        """What it holds, without the marks of code."""
        return self.label.replace("`", "")

    @property
    def in_words(self):
        """Its form for readers."""
        form = self.form
        kinds = form["type"] if isinstance(form["type"], list) else [form["type"]]
        words = {
            "date": "full day",
            "date-time": "moment, UTC",
            "uri": "address",
        }.get(form.get("format"))
        if not words:
            words = {"string": "text", "integer": "whole number", "array": "list of keys"}[kinds[0]]
        if form.get("pattern") == KNOWN_DAY["pattern"]:
            words = "day, month or year"
        return f"{words}, may be empty" if "null" in kinds else words

    @property
    def values(self):
        """The values it can have, where they are few."""
        return self.form.get("enum") or self.form.get("items", {}).get("enum") or ()


LIST = tuple(Entry(column.name, column.label, FORMS.get(column.name, TEXT)) for column in COLUMNS)
"""The columns of every list of promises."""

# The other tables of a release

UPDATES = (
    Entry("slug", "Key of the promise", KEY),
    Entry("number", "Number of the update within its promise, for ever", NUMBER),
    Entry("date", "Day on which it became true, as it is known", KNOWN_DAY),
    Entry("counts_from", "Full day from which it counts", DAY),
    Entry("status", "Status that it gave the promise", STATUS),
    Entry("reason", "Keys of the reasons", REASONS),
    Entry("headline", "What happened", TEXT),
    Entry("explanation", "What changed, and why that earns the status", TEXT),
    Entry("sources", "Keys of its sources in the promise's list", {"type": "array", "items": TEXT}),
    Entry("withdrawn", "Why it no longer counts; empty where it does", maybe(TEXT)),
    Entry("published_at", "When it was first published", MOMENT),
    Entry("version", "Number of the version it was read from", NUMBER),
    Entry("url", "Its address", ADDRESS),
)
SOURCES = (
    Entry("slug", "Key of the promise that cites it", KEY),
    Entry("id", "Its key in the promise's list", TEXT),
    Entry("title", "Its title", TEXT),
    Entry("publisher", "Who published it", TEXT),
    Entry("url", "Where it was read", ADDRESS),
    Entry("published", "Day of its publication, as it is known", maybe(KNOWN_DAY)),
    Entry("kind", "What sort of publisher stands behind it", {"type": "string", "enum": SourceKind.values}),
    Entry("via", "Who carries it, where that is not its publisher", maybe(TEXT)),
    Entry("copy_of", "Whose work an unofficial copy repeats", maybe(TEXT)),
    Entry("archived_url", "Address of an archived copy", maybe(ADDRESS)),
    Entry("archived_on", "Day on which that copy was made", maybe(DAY)),
    Entry("claims", "What it is cited for", {"type": "array", "items": TEXT}),
)
PLACES = (
    Entry("slug", "Its key", KEY),
    Entry("name", "Its name", TEXT),
    Entry("kind", "What sort of place it is", TEXT),
    Entry("code", "Its official code, where it has one", maybe(TEXT)),
    Entry("regions", "Keys of the regions in which it lies", KEYS),
    Entry("promises", "How many promises name it, or a place within it", NUMBER),
    *(Entry(status.value, f"How many of them stand as “{status.label.lower()}”", NUMBER) for status in Status),
    Entry("url", "Its address", ADDRESS),
)
VERSIONS = (
    Entry("edition", "Number of the edition that published it", NUMBER),
    Entry("promise", "Identity of the promise, whatever becomes of its key", NUMBER),
    Entry("number", "Number of the version within its promise", NUMBER),
    Entry("slug", "Key of the promise as this version has it", KEY),
    Entry("kind", "What it did", {"type": "string", "enum": Kind.values}),
    Entry("note", "What readers were told of it", maybe(TEXT)),
    Entry("digest", "SHA-256 of its canonical snapshot", DIGEST),
    Entry("sealed", "Why the law forbids us to show it; empty where it does not", maybe(TEXT)),
    Entry("url", "Its address", ADDRESS),
)
EDITIONS = (
    Entry("number", "Its number", NUMBER),
    Entry("published_at", "When it was published", MOMENT),
    Entry("roles", "Who acted, by role, as JSON", TEXT),
    Entry("note", "A note for the whole", maybe(TEXT)),
    Entry("digest", "SHA-256 of what it says, of its versions and of the edition before", DIGEST),
)
