"""Whether the record is still what was published: every digest, every number, every trigger, every index row."""

import json
from dataclasses import dataclass

from django.db import connection

from promises.publishing import index
from promises.record import triggers
from promises.record.document import canonical, digest
from promises.record.edition import Edition, edition_digest
from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.version import Seal, Version


@dataclass(frozen=True)
class Finding:
    """What one check found: `altered` is a fault, `sealed` and the like are not."""

    sentence: str
    is_fault: bool = True


def findings(*, with_index=True):
    """Yield a Finding for everything that is not as it was published; the index may be left out where it is new."""
    seals = {seal.version_id: seal for seal in Seal.objects.all()}
    yield from _versions(seals)
    yield from _editions(seals)
    if with_index:
        yield from _index()
    for name in sorted(triggers.missing(connection)):
        yield Finding(f"The trigger {name} is missing. Run `manage.py migrate` to put it back.")


def _versions(seals):
    numbers = {}
    for version in Version.objects.order_by("promise_id", "number").iterator(chunk_size=500):
        expected = numbers.get(version.promise_id, 0) + 1
        if version.number != expected:
            yield Finding(f"{version.slug}: version {expected} is missing.")
        numbers[version.promise_id] = version.number
        if _is_intact(version):
            continue
        if version.pk in seals:
            yield Finding(f"{version.slug}, version {version.number}: sealed.", is_fault=False)
        else:
            yield Finding(f"{version.slug}, version {version.number}: altered, its text does not give its digest.")


def _is_intact(version):
    try:
        snapshot = json.loads(version.snapshot_text)
        return canonical(snapshot).decode() == version.snapshot_text and digest(snapshot) == version.digest
    except (ValueError, TypeError):
        return False


def _editions(seals):
    entries = {}
    for row in Version.objects.values_list("edition_id", "promise_id", "number", "digest", "kind", "note"):
        entries.setdefault(row[0], []).append(row[1:])
    of_version = {v.pk: v for v in Version.objects.filter(pk__in=seals).only("promise_id", "number", "digest")}
    for seal in seals.values():
        version = of_version[seal.version_id]
        entry = (version.promise_id, version.number, version.digest, "seal", seal.reason)
        entries.setdefault(seal.edition_id, []).append(entry)
    before, expected = "", 1
    for edition in Edition.objects.order_by("number").iterator():
        if edition.number != expected:
            yield Finding(f"Edition {expected} is missing.")
        expected = edition.number + 1
        made = edition_digest(
            before=before,
            number=edition.number,
            published_at=edition.published_at,
            roles=edition.roles,
            note=edition.note,
            entries=entries.get(edition.number, []),
        )
        if made != edition.digest:
            yield Finding(f"Edition {edition.number}: altered, what it says does not give its digest.")
        before = edition.digest


def _index():
    """Compare the index rows with those the versions call for."""
    listings = {row["version_id"]: row for row in Listing.objects.values()}
    periods = {}
    for row in Period.objects.order_by("pk").values():
        del row["id"]
        periods.setdefault(row["listing_id"], []).append(row)
    wrong, wanted = set(), set()
    for row in index.all_rows():
        made = {field.attname: field.to_python(getattr(row, field.attname)) for field in row._meta.concrete_fields}
        if isinstance(row, Listing):
            wanted.add(row.pk)
            if listings.get(row.pk) != made:
                wrong.add(row.pk)
        else:
            del made["id"]
            there = periods.get(row.listing_id)
            if not there or there.pop(0) != made:
                wrong.add(row.listing_id)
    wrong |= set(listings) - wanted
    wrong |= {listing for listing, rows in periods.items() if rows}
    if wrong:
        yield Finding(f"The index differs from the record for {len(wrong)} versions. Run `manage.py rebuild_index`.")
