"""Index rows from versions: added at publication, rebuilt whenever wanted."""

from itertools import groupby

from django.db import connection, transaction

from promises import bulk
from promises.record import search
from promises.record.document import Document
from promises.record.edition import OPEN, Edition
from promises.record.listing import Listing, listing_of
from promises.record.period import Period, periods_of
from promises.record.version import Seal, Version

CHUNK = 2000


def add(versions, edition):
    """Close the index rows that these versions replace, and add theirs."""
    replaced = Listing.objects.filter(promise_id__in=[v.promise_id for v in versions], edition_to=OPEN)
    Period.objects.filter(listing__in=list(replaced.values_list("pk", flat=True))).update(edition_to=edition.number)
    replaced.update(edition_to=edition.number)
    rows = [row for version in versions for row in rows_of(version, OPEN, edition.published_at)]
    _store(rows)


@transaction.atomic
def rebuild():
    """Drop every index row and make all anew from the versions; returns the number of listings."""
    search.clear(connection)
    Period.objects.all()._raw_delete(Period.objects.db)
    Listing.objects.all()._raw_delete(Listing.objects.db)
    rows, listings = [], 0
    for row in _all_rows():
        listings += isinstance(row, Listing)
        rows.append(row)
        if len(rows) >= CHUNK and isinstance(row, Listing):
            _store(rows[:-1])
            rows = [row]
    _store(rows)
    search.fill(connection)
    return listings


def _all_rows():
    """Every index row that the versions call for, each listing before its periods."""
    moments = dict(Edition.objects.values_list("number", "published_at"))
    sealed = set(Seal.objects.values_list("version_id", flat=True))
    versions = Version.objects.order_by("promise_id", "number").iterator(chunk_size=500)
    for _, of_one in groupby(versions, key=lambda version: version.promise_id):
        before = None
        for version in of_one:
            if before and before.pk not in sealed:
                yield from rows_of(before, version.edition_id, moments[before.edition_id])
            before = version
        if before.pk not in sealed:
            yield from rows_of(before, OPEN, moments[before.edition_id])


def rows_of(version, edition_to, published_at):
    """The index rows of one version, its listing first; none where it is a withdrawal."""
    document = Document(version.snapshot)
    if document.is_withdrawn:
        return []
    return [
        listing_of(version, edition_to=edition_to, published_at=published_at, document=document),
        *periods_of(version, edition_to=edition_to, document=document),
    ]


def _store(rows):
    bulk.insert(row for row in rows if isinstance(row, Listing))
    bulk.insert(row for row in rows if isinstance(row, Period))
