"""Making a release: one zip of everything public, the same bytes for the same record."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from dataclasses import asdict
from datetime import UTC
from pathlib import Path

from django.db.models import Count

from promises import reference
from promises.dates import in_words
from promises.public.asking import Moment
from promises.public.columns import COLUMNS, rows_of
from promises.public.counts import PLACE
from promises.public.dictionary import EDITIONS, LIST, PLACES, SOURCES, UPDATES, VERSIONS
from promises.public.filters import PromiseFilter
from promises.public.log import version_path
from promises.public.releases import MANIFEST, NAME, Release, about, all_releases, folder
from promises.public.responses import LICENCE, LICENCE_URL, csv_chunks, public
from promises.public.shelves import Shelves
from promises.record.edition import Edition
from promises.record.edition import moment as written
from promises.record.listing import Listing
from promises.record.version import Version
from promises.statuses import Kind
from promises.zips import write_member

FETCHED = 500
CHANGES = ("edition", "published_at", "kind", "slug", "version", "title", "note", "url")


class NothingNew(Exception):
    """There is nothing to release that was not released already; the message says so."""


def make():
    """Make the next release, of the latest edition, and return it."""
    edition = Edition.objects.newest_first().first()
    if edition is None:
        raise NothingNew("Nothing has been published yet, so there is nothing to release.")
    before = next(iter(all_releases()), None)
    if before and before.edition == edition.number:
        raise NothingNew(f"Release {before.number} holds edition {edition.number} already, and nothing came after it.")
    number = before.number + 1 if before else 1
    folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder(), prefix=".making-") as there:
        release = write(Path(there), number=number, edition=edition, before=before)
        shutil.move(there, folder() / str(number))
        Path(there).mkdir()  # for the context to take away
    return release


def write(there, *, number, edition, before):
    """Write the zip and the manifest of a release into a folder; `before` is the release before it, or None."""
    name = f"{NAME}-{number}.zip"
    with zipfile.ZipFile(there / name, "w") as archive:
        made = _Archive(archive, edition, f"{NAME}-{number}")
        book = _Book(edition)
        counts = {table: made.table(table, columns, rows) for table, columns, rows in book.tables()}
        made.json("promises.json", book.head | {"promises": book.promises})
        for table, columns, rows in book.tables():
            if table != "promises":
                keys = [column.name for column in columns]
                whole = (
                    book.whole_versions()
                    if table == "versions"
                    else (dict(zip(keys, row, strict=True)) for row in rows)
                )
                made.json(f"{table}.json", book.head | {table: lambda whole=whole: whole})
        after = before.edition if before else 0
        made.csv("changes.csv", CHANGES, book.changes(after=after))
        release = Release(
            number=number,
            **about(edition),
            previous=before and {"number": before.number, "edition": before.edition},
            file=name,
            bytes=0,
            sha256="",
            counts=counts,
            changes=book.kinds(after=after),
            files=made.files,
        )
        made.text("CHANGES.txt", *_changes_in_words(release, book.changes(after=after)))
        made.text("CITATION.cff", _citation(release, edition))
        made.text("README.txt", _readme(release, edition))
        made.text("datapackage.json", json.dumps(_datapackage(release, made), ensure_ascii=False, indent=2) + "\n")
        made.text("SHA256SUMS", "".join(f"{file['sha256']}  {file['path']}\n" for file in made.files), is_listed=False)
    path = there / name
    release = Release(**asdict(release) | {"bytes": path.stat().st_size, "sha256": _sum_of(path)})
    (there / MANIFEST).write_text(json.dumps(asdict(release), ensure_ascii=False, indent=2) + "\n")
    return release


def _sum_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Archive:
    """A zip being written, one file after the other, each with its length and sum."""

    def __init__(self, archive, edition, root):
        self.archive, self.root = archive, root
        self.stamp = edition.published_at.astimezone(UTC).timetuple()[:6]
        self.files = []

    def table(self, name, columns, rows):
        """Write a table as CSV; returns how many rows it has."""
        return self.csv(f"{name}.csv", [column.name for column in columns], rows)

    def csv(self, path, header, rows):
        counted = _Counted(rows)
        self._write(path, csv_chunks(header, counted))
        return counted.number

    def json(self, path, content):
        """Write an object whose last value is a function that gives its items, one after the other."""
        self._write(path, _json_chunks(content))

    def text(self, path, *parts, is_listed=True):
        self._write(path, (part.encode() for part in parts), is_listed=is_listed)

    def _write(self, path, chunks, *, is_listed=True):
        entry = zipfile.ZipInfo(f"{self.root}/{path}", self.stamp)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3  # Unix, wherever it is made
        entry.external_attr = 0o644 << 16
        written = write_member(self.archive, entry, chunks)
        if is_listed:
            self.files.append({"path": path, **written})


class _Counted:
    """Rows that are counted as they go by."""

    def __init__(self, rows):
        self.rows, self.number = rows, 0

    def __iter__(self):
        for row in self.rows:
            self.number += 1
            yield row


def _json_chunks(content):
    *head, (name, items) = content.items()
    told = "".join(f"{_json(key)}: {_json(value)},\n" for key, value in head)
    yield f"{{{told}{_json(name)}: [\n".encode()
    comma = ""
    for item in items():
        yield f"{comma}{_json(item)}".encode()
        comma = ",\n"
    yield b"\n]}\n"


def _json(value):
    return json.dumps(value, ensure_ascii=False)


class _Book:
    """The record as one edition left it, table by table, a chunk of rows at a time."""

    def __init__(self, edition):
        self.edition = edition
        day, latest = edition.published_on, Edition.objects.latest_number()
        self.moment = Moment(day=day, today=day, edition=edition, latest=latest, asked_day=True, asked_edition=True)
        self.listings = Listing.objects.in_edition(edition.number, latest=latest)
        self.head = {"licence": LICENCE, **about(edition)}

    def tables(self):
        """(name, columns, rows) of every table."""
        yield "promises", LIST, self._promises()
        yield "updates", UPDATES, self._updates()
        yield "sources", SOURCES, self._sources()
        yield "places", PLACES, self._places()
        yield "versions", VERSIONS, self._versions()
        yield "editions", EDITIONS, self._editions()

    def _promises(self):
        standing = self.listings.standing(as_of=self.moment.day).order_by("slug")
        return ([column.value(row, self.moment) for column in COLUMNS] for row in rows_of(standing))

    @property
    def current(self):
        """The version of every promise, by slug."""
        versions = Version.objects.filter(listing__in=self.listings).select_related("edition").order_by("slug")
        return versions.iterator(chunk_size=FETCHED)

    def promises(self):
        """Every promise whole: its document, as digested."""
        for version in self.current:
            yield {
                "version": version.number,
                "published_at": written(version.edition.published_at),
                "digest": version.digest,
                "url": public(version_path(version.slug, version.number)),
                "promise": version.snapshot,
            }

    def _updates(self):
        for version in self.current:
            for update in version.snapshot["updates"]:
                given = update | {
                    "slug": version.slug,
                    "version": version.number,
                    "url": public(f"/promises/{version.slug}/updates/{update['number']}/"),
                }
                yield [given.get(column.name) for column in UPDATES]

    def _sources(self):
        for version in self.current:
            for source in version.snapshot["sources"]:
                given = source | {"slug": version.slug}
                yield [given.get(column.name) for column in SOURCES]

    def _places(self):
        given = {"as_of": self.moment.day.isoformat(), "edition": str(self.edition.number)}
        asked = PromiseFilter(given, today=self.moment.today, format="places.csv")
        for shelf in Shelves(asked, PLACE):
            place = reference.places().get(shelf.key)
            yield [
                place.slug,
                place.name,
                place.kind,
                place.code or None,
                list(place.regions),
                shelf.total.number,
                *(cell.number for cell in shelf.cells),
                public(f"/places/{place.slug}/"),
            ]

    @property
    def _everything(self):
        versions = Version.objects.filter(edition_id__lte=self.edition.number).select_related("edition", "seal")
        return versions.order_by("edition_id", "promise_id", "number")

    def _versions(self):
        return map(self._version, self._everything.defer("snapshot_text").iterator(chunk_size=FETCHED))

    def _version(self, version):
        seal = getattr(version, "seal", None)
        return [
            version.edition_id,
            version.promise_id,
            version.number,
            version.slug,
            version.kind,
            None if seal else version.note or None,
            version.digest,
            seal.reason if seal else None,
            public(version_path(version.slug, version.number)),
        ]

    def whole_versions(self):
        """Every version with its document, from which its digest can be made again; sealed ones without."""
        keys = [column.name for column in VERSIONS]
        for version in self._everything.iterator(chunk_size=FETCHED):
            row = dict(zip(keys, self._version(version), strict=True))
            yield row | {"snapshot": None if row["sealed"] else version.snapshot}

    def _editions(self):
        for edition in Edition.objects.filter(number__lte=self.edition.number).order_by("number"):
            roles = json.dumps(edition.roles, ensure_ascii=False, sort_keys=True)
            yield [edition.number, written(edition.published_at), roles, edition.note or None, edition.digest]

    def _news(self, after):
        return self._everything.filter(edition_id__gt=after).with_news()

    def kinds(self, *, after):
        """How many versions of each kind were published after an edition."""
        counts = dict(self._news(after).order_by().values_list("kind").annotate(n=Count("pk")))
        return {kind: counts[kind] for kind in Kind.values if kind in counts}

    def changes(self, *, after):
        """What was published after an edition, oldest first, checks left out."""
        for version in self._news(after).iterator(chunk_size=FETCHED):
            is_sealed = getattr(version, "seal", None) is not None
            yield [
                version.edition_id,
                written(version.edition.published_at),
                version.kind,
                version.slug,
                version.number,
                None if is_sealed else version.snapshot["title"],
                None if is_sealed else version.note or None,
                public(version_path(version.slug, version.number)),
            ]


# What stands beside the tables


def _changes_in_words(release, changes):
    since = f"since release {release.previous['number']}" if release.previous else "since the beginning"
    yield f"Release {release.number}, edition {release.edition}: what was published {since}\n\n"
    for edition, published_at, kind, _slug, version, title, note, url in changes:
        yield f"{published_at[:10]}  edition {edition}  {Kind(kind).label}: {title or 'sealed'}, version {version}\n"
        yield "".join(f"            {line}\n" for line in (note, url) if line)


def _citation(release, edition):
    return "\n".join(
        [
            "cff-version: 1.2.0",
            "message: If you use these data, cite them as below.",
            "type: dataset",
            f"title: Levelling-up promises, release {release.number}",
            f'version: "{release.number}"',
            f"date-released: {release.as_of}",
            "license: CC-BY-4.0",
            f"url: {json.dumps(public(release.path))}",
            "authors:",
            "  - name: Levelling-up promises",
            f"abstract: Edition {release.edition} of the record of what government promised the places outside the "
            "capital, and what became of each promise.",
            "",
        ]
    )


def _readme(release, edition):
    held = "\n".join(f"  {file['path']:<16} {file['bytes']:>12,} bytes" for file in release.files)
    return f"""Levelling-up promises, release {release.number}

What government promised the places outside the capital, and what became of each promise:
edition {release.edition}, published {in_words(edition.published_on)}, as things stood on that day.

{release.holds}.

{held}

datapackage.json describes every column (Frictionless Data Package). SHA256SUMS holds the sum of
each file: check them with `sha256sum -c SHA256SUMS`. versions.json holds every version that was
ever published: the SHA-256 of a version is that of its snapshot as UTF-8 JSON with sorted keys
and no blanks. editions.csv holds the chain that binds them; its head, edition {release.edition}, is

  {release.digest}

Days are written as they are known: 2024-02-29, 2024-02 or 2024. In CSV a text that a spreadsheet
would run as a formula has an apostrophe before it, and lists have ; between their items.

Licence: {LICENCE} ({LICENCE_URL}). Say where it is from: {public(release.path)}
"""


TYPES = {"string": "string", "integer": "integer", "array": "string"}
FORMATS = {"date": "date", "date-time": "datetime"}
KEYS = {
    "promises": ["slug"],
    "updates": ["slug", "number"],
    "sources": ["slug", "id"],
    "places": ["slug"],
    "versions": ["promise", "number"],
    "editions": ["number"],
}
TIES = {
    "updates": [("slug", "promises", "slug")],
    "sources": [("slug", "promises", "slug")],
    "versions": [("edition", "editions", "number")],
}
TABLES = {
    "promises": LIST,
    "updates": UPDATES,
    "sources": SOURCES,
    "places": PLACES,
    "versions": VERSIONS,
    "editions": EDITIONS,
}


def _datapackage(release, made):
    return {
        "profile": "data-package",
        "name": NAME,
        "id": public(release.path),
        "title": f"Levelling-up promises, release {release.number}",
        "description": "What government promised the places outside the capital, and what became of each promise.",
        "version": str(release.number),
        "created": release.published_at,
        "homepage": public("/"),
        "licenses": [{"name": "CC-BY-4.0", "title": LICENCE, "path": LICENCE_URL}],
        "contributors": [{"title": "Levelling-up promises", "path": public("/about/"), "role": "publisher"}],
        "edition": release.edition,
        "as_of": release.as_of,
        "digest": release.digest,
        "resources": [_resource(file) for file in made.files if file["path"].endswith((".csv", ".json"))],
    }


def _resource(file):
    name, _, ending = file["path"].partition(".")
    told = {
        "name": name if ending == "csv" else f"{name}-json",
        "path": file["path"],
        "format": ending,
        "mediatype": {"csv": "text/csv", "json": "application/json"}[ending],
        "encoding": "utf-8",
        "bytes": file["bytes"],
        "hash": f"sha256:{file['sha256']}",
    }
    if ending != "csv" or name not in TABLES:
        return told | (
            {"profile": "tabular-data-resource", "schema": CHANGES_SCHEMA}
            if ending == "csv"
            else {"profile": "data-resource"}
        )
    schema = {"fields": [_field(column) for column in TABLES[name]], "primaryKey": KEYS[name], "missingValues": [""]}
    if ties := TIES.get(name):
        schema["foreignKeys"] = [
            {"fields": own, "reference": {"resource": other, "fields": key}} for own, other, key in ties
        ]
    return told | {"profile": "tabular-data-resource", "schema": schema}


CHANGES_SCHEMA = {
    "fields": [{"name": name, "type": "integer" if name in ("edition", "version") else "string"} for name in CHANGES],
    "missingValues": [""],
}


def _field(column):
    form = column.form
    kinds = form["type"] if isinstance(form["type"], list) else [form["type"]]
    constraints = {} if "null" in kinds or kinds[0] == "array" or form == {"type": "string"} else {"required": True}
    if kinds[0] == "string":
        constraints |= {name: form[name] for name in ("enum", "pattern") if name in form}
    return {
        "name": column.name,
        "type": FORMATS.get(form.get("format")) or TYPES[kinds[0]],
        "description": column.label,
        **({"constraints": constraints} if constraints else {}),
    }
