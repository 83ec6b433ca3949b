"""Everything published, newest first: a row for each version, grouped by edition."""

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from django.db.models import Case, Count, Exists, F, OuterRef, Q, Subquery, TextField, Value
from django.db.models import When as If
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils.http import urlencode

from promises import reference
from promises.differences import difference
from promises.public.asking import BadQuestion, MomentForm
from promises.public.columns import LICENCE, number_of
from promises.public.counts import PLACE, THEME, Facet
from promises.public.filters import KeysField, PageField
from promises.public.log import CORRECTIONS, Line, line_of, version_path
from promises.public.responses import csv_data, head_of, json_data, public, published_at
from promises.public.story import Link, When, moment_in_words, when
from promises.record.document import Document
from promises.record.edition import Edition
from promises.record.edition import moment as written
from promises.record.listing import Listing, any_key
from promises.record.version import Seal, Version
from promises.statuses import THEMES, Kind, Status

SEAL = "seal"
KINDS = {**dict(Kind.choices), SEAL: "Sealed"}
KIND = Facet("kind", "Kind", "kind", KINDS.__getitem__, lambda: KINDS)
FACETS = (KIND, THEME, PLACE)
EDITIONS_A_PAGE, ROWS_A_PAGE, JSON_ROWS, CSV_CHUNK = 20, 50, 100, 500
ROWS_UNFOLDED = 20
MOST_DIFFERENCES = 50
"""How many rows of a page tell word by word what changed; the others link to it."""


class ChangesForm(MomentForm):
    """What may be asked of the log."""

    kind = KeysField(facet=KIND, label="Kind")
    theme = KeysField(facet=THEME, label="Theme")
    place = KeysField(facet=PLACE, label="Place")
    page = PageField(label="Page")


class Changes:
    """One question about the log, understood in full or refused (`BadQuestion`).

    `format` names the answer, as not each has pages.
    """

    def __init__(self, data, *, today, format="html"):
        self.form = ChangesForm(data, today=today)
        errors = {name.replace("__all__", "query"): list(sentences) for name, sentences in self.form.errors.items()}
        if format == "csv" and data.get("page", "").strip():
            errors["page"] = ["CSV has no pages: it holds every row. Leave “page” out."]
        if errors:
            raise BadQuestion(errors)
        self.moment = self.form.moment
        self.chosen = {facet.name: self.form.cleaned_data[facet.name] for facet in FACETS}
        self.number = self.form.cleaned_data["page"] or 1

    @property
    def kinds(self):
        return self.chosen["kind"]

    @property
    def edition_asked(self):
        """The number of the edition asked for; empty where none was."""
        return self.moment.number if self.moment.asked_edition else ""

    # What was published

    @cached_property
    def versions(self):
        """The versions asked for, in no order; checks only where they are asked for."""
        versions = self._everything
        return versions.filter(kind__in=self.kinds) if self.kinds else versions.with_news()

    @cached_property
    def _everything(self):
        return Version.objects.filter(self._is_about(), edition_id__lte=self.moment.number)

    @cached_property
    def seals(self):
        """What was sealed, as far as the question has it."""
        seals = Seal.objects.filter(self._is_about("version__"), edition_id__lte=self.moment.number)
        return seals if not self.kinds or SEAL in self.kinds else seals.none()

    def _is_about(self, prefix=""):
        """A condition: the version is about a theme and a place asked for.

        One without a listing (a withdrawal, or what is sealed) is about what its promise ever was.
        """
        condition = Q()
        if themes := self.chosen["theme"]:
            condition &= _listed(prefix, Q(**{f"{prefix}listing__theme__in": themes}), Q(theme__in=themes))
        if places := self.chosen["place"]:
            condition &= _listed(prefix, any_key(f"{prefix}listing__place_keys", places), any_key("place_keys", places))
        return condition

    # The page of editions

    @cached_property
    def entries(self):
        """The editions of the page asked for, each with its rows or, where they are many, a sentence."""
        editions = list(self.cut(self._editions, EDITIONS_A_PAGE))
        counts = self._counts(editions)
        few = [edition.number for edition in editions if _total(counts, edition) <= ROWS_UNFOLDED]
        versions = self.versions.filter(edition_id__in=few).newest_first()
        found = {}
        for row in self.rows(versions, self.seals.filter(edition__in=editions)):
            found.setdefault(row.line.edition.number, []).append(row)
        return [
            Entry(edition, counts.get(edition.number, {}), tuple(found.get(edition.number, ())), self.query())
            for edition in editions
        ]

    @property
    def _editions(self):
        """The editions that have a row, newest first."""
        has_version = Exists(self.versions.filter(edition_id=OuterRef("pk")))
        has_seal = Exists(self.seals.filter(edition_id=OuterRef("pk")))
        return Edition.objects.filter(has_version | has_seal).newest_first()

    def _counts(self, editions):
        counts = {}
        versions = self.versions.filter(edition__in=editions).order_by()
        for edition, kind, n in versions.values_list("edition_id", "kind").annotate(n=Count("pk")):
            counts.setdefault(edition, {})[kind] = n
        return counts

    # The page of one edition

    def entry(self, number):
        """One edition with a page of its rows, checks among them unless kinds are asked for."""
        edition = Edition.objects.filter(number=number).first()
        if edition is None:
            raise Http404(f"There is no edition {number}. The latest is {self.moment.latest}.")
        versions = (self.versions if self.kinds else self._everything).filter(edition=edition)
        counts = dict(versions.order_by().values_list("kind").annotate(n=Count("pk")))
        shown = self.cut(versions.newest_first().values_list("pk", flat=True), ROWS_A_PAGE, sum(counts.values()))
        shown = Version.objects.filter(pk__in=list(shown)).newest_first()
        return Entry(edition, counts, tuple(self.rows(shown, self.seals.filter(edition=edition))), self.query())

    # Rows and pages

    def rows(self, versions, seals):
        """Rows made ready for a page, in the order of the versions, then what was sealed: two queries."""
        texts = {
            "own_text": _text_of(*TOLD, Kind.WITHDRAWAL),
            "before_text": _text_of(*TOLD, text=BEFORE),
            "row_title": TITLE,
        }
        found = versions.annotate(**texts).select_related("edition", "seal").defer("snapshot_text")
        rows = [Row.of_version(version, tells=at < MOST_DIFFERENCES) for at, version in enumerate(found)]
        return rows + [Row.of_seal(seal) for seal in seals.select_related("edition", "version")]

    def cut(self, rows, a_page, count=None):
        """The rows of the page asked for; 404 beyond the last."""
        self.count = rows.count() if count is None else count
        self.pages = max(1, -(-self.count // a_page))
        if self.number > self.pages:
            raise Http404(f"There is no page {self.number}: this log ends with page {self.pages}.")
        return rows[(self.number - 1) * a_page : self.number * a_page]

    # Addresses

    @property
    def parameters(self):
        """The question as understood."""
        given = {name: keys for name, keys in self.chosen.items() if keys}
        if self.moment.asked_edition:
            given["edition"] = self.moment.number
        return given | ({"page": self.number} if self.number > 1 else {})

    def query(self, *, page=None):
        """The query that asks the same of another page, with its question mark; empty where nothing was asked."""
        given = {name: value for name, value in self.parameters.items() if name != "page"}
        query = urlencode(given | ({"page": page} if page and page > 1 else {}), doseq=True)
        return f"?{query}" if query else ""

    def pager(self, path):
        """The addresses of the pages before and after this one, empty where there is none."""
        return {
            "number": self.number,
            "pages": self.pages,
            "previous": f"{path}{self.query(page=self.number - 1)}" if self.number > 1 else "",
            "next": f"{path}{self.query(page=self.number + 1)}" if self.number < self.pages else "",
        }

    # As data

    @property
    def keys(self):
        """The same rows for data, newest first, what was sealed among them: where each stands and which it is."""
        versions = self.versions.annotate(is_seal=Value(0)).values_list(*KEY)
        if not self.seals.exists():  # an index gives this order; putting both in order sorts everything
            return versions.order_by("-edition_id", "slug")
        seals = self.seals.annotate(is_seal=Value(1))
        sealed = seals.values_list("edition_id", "version__slug", "version__number", "version_id", "is_seal")
        return versions.union(sealed, all=True).order_by("-edition_id", "slug")


KEY = ("edition_id", "slug", "number", "pk", "is_seal")
TOLD = (Kind.UPDATE, Kind.RENAME, *CORRECTIONS)
"""The kinds of which the log tells word by word what changed."""
BRINGS_NEWS = (Kind.UPDATE, Kind.RENAME, Kind.MAJOR_CORRECTION)
BEFORE = Subquery(
    Version.objects.filter(promise_id=OuterRef("promise_id"), number=OuterRef("number") - 1, seal__isnull=True).values(
        "snapshot_text"
    )[:1]
)
LAST_TITLE = Subquery(
    Listing.objects.filter(promise_id=OuterRef("promise_id"), number__lt=OuterRef("number"))
    .order_by("-number")
    .values("title")[:1]
)
TITLE = Case(If(seal__isnull=True, then=Coalesce("listing__title", LAST_TITLE)), output_field=TextField())
"""The title of a version; of a withdrawal, which has no listing, that of the version before."""


def _text_of(*kinds, text="snapshot_text"):
    """The text of versions of these kinds alone: most rows of the log do not need it."""
    return Case(If(kind__in=kinds, seal__isnull=True, then=text), output_field=TextField())


def _listed(prefix, own, ever):
    """A condition on a version's listing, or, where it has none, on any of its promise's."""
    listed = Exists(Listing.objects.filter(ever, promise_id=OuterRef(f"{prefix}promise_id")))
    return own | Q(listed, **{f"{prefix}listing__isnull": True})


def _total(counts, edition):
    return sum(counts.get(edition.number, {}).values())


# As a page shows it


@dataclass(frozen=True, slots=True)
class News:
    """An update that came with a version."""

    day: When
    status: Status
    headline: str
    path: str


@dataclass(frozen=True, slots=True)
class Row:
    """One version in the log: what it did, in words, and for corrections word by word."""

    line: object
    kind: str
    label: str
    title: str
    path: str
    note: str
    news: tuple = ()
    differences: tuple = ()

    @property
    def tone(self):
        """The class of its tag."""
        return {Kind.MAJOR_CORRECTION: "major", Kind.WITHDRAWAL: "major", SEAL: "major", Kind.NEW: "new"}.get(
            self.kind, ""
        )

    @property
    def is_told_elsewhere(self):
        """Whether what changed is told on the version's own page alone."""
        return self.line.kind in TOLD and not self.differences and not self.line.is_sealed

    @classmethod
    def of_version(cls, version, *, tells):
        line = line_of(version, version.slug)
        label = line.kind.label
        if line.is_sealed:
            return cls(line, version.kind, label, "", line.path, "")
        snapshot = json.loads(version.own_text) if version.own_text else {}
        before = json.loads(version.before_text) if tells and version.before_text else None
        differences = tuple(difference(before, snapshot)) if before else ()
        news = _news(version, snapshot, before) if version.kind in BRINGS_NEWS else ()
        note = version.note or snapshot.get("withdrawn", "")
        return cls(line, version.kind, label, version.row_title or "", line.path, note, tuple(news), differences)

    @classmethod
    def of_seal(cls, seal):
        version = seal.version
        line = Line(version.slug, version.number, Kind(version.kind), "", seal.edition, True)
        return cls(line, SEAL, KINDS[SEAL], "", line.path, seal.reason)


def _news(version, snapshot, before):
    """The updates that a version brought, by day; without the version before, by when they were published."""
    known = {update["number"] for update in before["updates"]} if before else set()
    published = written(version.edition.published_at)
    for update in Document(snapshot).history:
        is_new = update["number"] not in known if before else update["published_at"] == published
        if is_new and not update.get("withdrawn"):
            path = f"/promises/{version.slug}/updates/{update['number']}/"
            yield News(when(update["date"]), Status(update["status"]), update["headline"], path)


@dataclass(frozen=True)
class Entry:
    """An edition in the log, with its rows or, where they are many, a sentence that counts them."""

    edition: Edition
    counts: dict
    rows: tuple
    query: str

    @property
    def path(self):
        return self.path_of(self.edition.number)

    @staticmethod
    def path_of(number):
        return f"/changes/{number}/"

    @property
    def published(self):
        return When(moment_in_words(self.edition.published_at), written(self.edition.published_at))

    @property
    def roles(self):
        """Who published it, as the end of a sentence."""
        words = self.edition.roles_in_words
        return f"by {words}" if self.edition.roles.get("by") else words

    @property
    def total(self):
        return sum(self.counts.values())

    @property
    def is_folded(self):
        return self.total > ROWS_UNFOLDED

    @property
    def in_words(self):
        """`106 promises: 104 new promises, 2 updates`."""
        parts = [number_of(self.counts[kind], *NOUNS[kind]) for kind in Kind.values if kind in self.counts]
        return f"{number_of(self.total, 'promise')}: {', '.join(parts)}"


NOUNS = {
    Kind.WITHDRAWAL: ("withdrawal",),
    Kind.RENAME: ("new address", "new addresses"),
    Kind.MAJOR_CORRECTION: ("major correction",),
    Kind.NEW: ("new promise",),
    Kind.UPDATE: ("update",),
    Kind.MINOR_CORRECTION: ("minor correction",),
    Kind.CHECK: ("check",),
}


# The filter form


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    is_chosen: bool


def fields(asked):
    """The choices of the filter form: of places the countries and regions, and any that was chosen."""
    places = {place.slug: place.name for place in reference.places() if place.is_region or place.is_whole_country}
    places |= {key: reference.places().get(key).name for key in asked.chosen["place"]}
    labels = {"kind": KINDS, "theme": THEMES, "place": places}
    return [
        (
            facet.name,
            facet.label,
            [Option(key, label, key in asked.chosen[facet.name]) for key, label in labels[facet.name].items()],
        )
        for facet in FACETS
    ]


# What the pages need


def list_context(asked):
    """What `promises/changes.html` needs."""
    return {
        "section": "changes",
        "asked": asked,
        "entries": asked.entries,
        "count": number_of(asked.count, "edition"),
        "fields": fields(asked),
        "pager": asked.pager("/changes/"),
        "is_filtered": any(asked.chosen.values()),
        "data": [Link(format.upper(), f"/changes.{format}{asked.query()}") for format in ("csv", "json")],
        "canonical": public(f"/changes/{asked.query(page=asked.number)}"),
    }


def edition_context(asked, number):
    """What `promises/edition.html` needs of one edition."""
    entry = asked.entry(number)
    before = Edition.objects.filter(number=number - 1).first()
    return {
        "section": "changes",
        "asked": asked,
        "entry": entry,
        "before": before,
        "pager": asked.pager(entry.path),
        "earlier": entry.path_of(number - 1) if before else "",
        "later": entry.path_of(number + 1) if number < asked.moment.latest else "",
        "is_filtered": any(asked.chosen.values()),
    }


# As data

COLUMNS = (
    "edition",
    "published_at",
    "kind",
    "slug",
    "title",
    "version",
    "note",
    "by",
    "checked_by",
    "why",
    "url",
    "edition_url",
    "licence",
)
OF_VERSION = {
    "shown_note": Case(If(seal__isnull=True, then=F("note")), default=Value(""), output_field=TextField()),
    "shown_title": TITLE,
    "own_text": _text_of(Kind.WITHDRAWAL),
}
READ = ("pk", "kind", "shown_note", "shown_title", "own_text")


def data_rows(keys):
    """The rows of these keys: three queries."""
    keys = list(keys)
    versions = Version.objects.filter(pk__in=[pk for *_, pk, is_seal in keys if not is_seal])
    seals = Seal.objects.filter(version__in=[pk for *_, pk, is_seal in keys if is_seal])
    read = {row[0]: row for row in versions.annotate(**OF_VERSION).values_list(*READ)}
    reasons = dict(seals.values_list("version_id", "reason"))
    editions = Edition.objects.in_bulk({key[0] for key in keys})
    told = {number: _of_edition(edition) for number, edition in editions.items()}
    for number_of_edition, slug, number, pk, is_seal in keys:
        _, kind, note, title, text = (pk, SEAL, reasons[pk], None, None) if is_seal else read[pk]
        edition = told[number_of_edition]
        yield {
            "edition": number_of_edition,
            "published_at": edition["published_at"],
            "kind": kind,
            "slug": slug,
            "title": title,
            "version": number,
            "note": note or (json.loads(text)["withdrawn"] if text else ""),
            "by": edition["by"],
            "checked_by": edition["checked_by"],
            "why": edition["why"],
            "url": public(version_path(slug, number)),
            "edition_url": edition["url"],
            "licence": LICENCE,
        }


def _of_edition(edition):
    roles = {name: edition.roles.get(name) for name in ("by", "checked_by", "why")}
    return {"published_at": written(edition.published_at), "url": public(f"/changes/{edition.number}/"), **roles}


def changes_json(asked):
    """The rows asked for, a hundred a page."""
    rows = data_rows(asked.cut(asked.keys, JSON_ROWS))
    pager = asked.pager("/changes.json")
    return json_data(
        {
            "licence": LICENCE,
            "generated_at": published_at(asked.moment),
            "edition": asked.moment.number,
            "query": asked.parameters,
            "count": asked.count,
            "head": head_of(asked.moment.edition),
            "changes": [{name: value for name, value in row.items() if name != "licence"} for row in rows],
            **{name: public(pager[name]) if pager[name] else None for name in ("next", "previous")},
        },
        canonical=f"/changes.json{asked.query(page=asked.number)}",
    )


def changes_csv(asked):
    """The rows asked for, all of them."""
    keys = asked.keys.iterator()
    chunks = iter(lambda: list(islice(keys, CSV_CHUNK)), [])
    lines = (list(row.values()) for chunk in chunks for row in data_rows(chunk))
    name = f"changes-edition-{asked.moment.number}.csv"
    return csv_data(COLUMNS, lines, name=name, canonical=f"/changes.csv{asked.query()}")
