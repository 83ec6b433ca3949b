"""What the digest of each edition covers: the versions it published and the seals it put on."""

from promises.record.edition import OPEN, reading

CHUNK = 2000
ENTRIES = """
SELECT v.edition_id, v.promise_id, v.number, v.digest, v.kind, v.note
  FROM promises_version v
  JOIN promises_edition e ON e.number = v.edition_id
 WHERE v.edition_id >= %s AND v.edition_id <= %s
UNION ALL
SELECT s.edition_id, v.promise_id, v.number, v.digest, 'seal', s.reason
  FROM promises_seal s
  JOIN promises_edition e ON e.number = s.edition_id
  JOIN promises_version v ON v.id = s.version_id
 WHERE s.edition_id >= %s AND s.edition_id <= %s
 ORDER BY 1, 2, 3, 4, 5, 6
"""


def entries(first=1, last=OPEN):
    """Yield (edition number, entry) of these editions, in the order of their digests; one query.

    An entry is [promise id, version number, version digest, kind, note], as `edition.payload` has it;
    the kind of a seal is `seal`, its note the reason.
    """
    for edition, *entry in rows(ENTRIES, [first, last, first, last]):
        yield edition, entry


def rows(statement, parameters=()):
    """Yield the rows of a query as the database gives them, a few thousand at a time."""
    with reading().chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while chunk := cursor.fetchmany(CHUNK):
            yield from chunk


class Following:
    """Rows in the order of what they belong to, which takes them as its turn comes: their first value is its key."""

    def __init__(self, rows):
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def of(self, key):
        """Yield the rows of this key, which come next if there are any."""
        while self._next is not None and self._next[0] == key:
            row, self._next = self._next, next(self._rows, None)
            yield row
