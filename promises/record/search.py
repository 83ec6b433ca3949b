"""Search in index rows: one lookup, the same rows on both databases.

`search_text` holds plain words, each with its stem (`promises.text.searchable`); a term finds
the rows that hold its stem or a word beginning with it (a short one: itself or its plural). SQLite keeps the words in an FTS5
table beside the model's own, PostgreSQL in a generated tsvector column; both are made by a migration.
"""

from itertools import groupby
from operator import itemgetter

from django.db import DatabaseError, models
from django.db.models import Q

from promises.text import is_short, wholes


@models.TextField.register_lookup
class Finds(models.Lookup):
    """`search_text__finds=term`: rows that hold a word answering this one plain term."""

    lookup_name = "finds"
    prepare_rhs = False

    def as_sqlite(self, compiler, connection):
        table = self.lhs.target.model._meta.db_table
        return (
            f"{self._table(compiler)}.{self._key()} IN (SELECT rowid FROM {table}_fts WHERE {table}_fts MATCH %s)",
            [" OR ".join([f'"{whole}"' for whole in wholes(self.rhs)] + [f'"{term}"*' for term in self._beginnings()])],
        )

    def as_postgresql(self, compiler, connection):
        lexemes = " | ".join(
            [f"'{whole}'" for whole in wholes(self.rhs)] + [f"'{term}':*" for term in self._beginnings()]
        )
        return f'{self._table(compiler)}."search_text_words" @@ %s::tsquery', [lexemes]

    def _beginnings(self):
        return [] if is_short(self.rhs) else [self.rhs]

    def _table(self, compiler):
        return compiler.quote_name_unless_alias(self.lhs.alias)

    def _key(self):
        return f'"{self.lhs.target.model._meta.pk.column}"'


def found(terms, *, as_of, periods):
    """A condition on listings: every term stands in what that day shows.

    `periods` is the queryset of periods; a term may stand in a promise's own words or in any
    of its updates by that day.
    """
    condition = Q()
    for term in terms:
        in_updates = periods.filter(valid_from__lte=as_of, search_text__finds=term).values("listing_id")
        condition &= Q(search_text__finds=term) | Q(pk__in=in_updates)
    return condition


TABLES = {"promises_listing": "version_id", "promises_period": "id"}
"""The tables that are searched, with their keys."""


WORDS = "array_to_tsvector(string_to_array(search_text, ' '))"
TOKENS = "tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\""


def install(connection):
    """Make what the lookup needs; does nothing where it is already there."""
    with connection.cursor() as cursor:
        for table, key in TABLES.items():
            for statement in _statements(connection.vendor, table, key):
                cursor.execute(statement)


def remove(connection):
    """Take away what SQLite would leave of tables that are gone, and fill with theirs when they come back."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS {table}_fts")


def _statements(vendor, table, key):
    if vendor == "postgresql":
        return [
            f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS search_text_words tsvector "
            f"GENERATED ALWAYS AS ({WORDS}) STORED",
            f"CREATE INDEX IF NOT EXISTS {table}_words ON {table} USING gin (search_text_words)",
        ]
    forget = f"INSERT INTO {table}_fts({table}_fts, rowid, search_text) VALUES ('delete', OLD.{key}, OLD.search_text);"
    learn = f"INSERT INTO {table}_fts(rowid, search_text) VALUES (NEW.{key}, NEW.search_text);"
    return [
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_fts USING fts5(search_text, content='{table}', "
        f"content_rowid='{key}', {TOKENS})",
        f"CREATE TRIGGER IF NOT EXISTS {table}_learn AFTER INSERT ON {table} BEGIN {learn} END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_forget AFTER DELETE ON {table} BEGIN {forget} END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_relearn AFTER UPDATE OF search_text ON {table} "
        f"BEGIN {forget} {learn} END",
    ]


def clear(connection):
    """Take the words away before every row is made anew, however broken they are."""
    broken = missing(connection)
    with connection.cursor() as cursor:
        for table in TABLES:
            if connection.vendor == "sqlite":
                for trigger in TRIGGERS:
                    cursor.execute(f"DROP TRIGGER IF EXISTS {table}_{trigger}")
                cursor.execute(f"DROP TABLE IF EXISTS {table}_fts")
            elif f"{table}.search_text_words" in broken:  # one that PostgreSQL makes itself is always right
                cursor.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS search_text_words")
    if connection.vendor == "postgresql" and broken:
        install(connection)  # now, as it cannot be done once rows have gone


def fill(connection):
    """Learn the words of every row that is there."""
    if connection.vendor == "sqlite":
        install(connection)
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"INSERT INTO {table}_fts({table}_fts) VALUES ('rebuild')")


TRIGGERS = ("learn", "forget", "relearn")


def missing(connection):
    """The names of the triggers and columns that are not there, or no longer made of the text."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            found = _columns(cursor)
            return {f"{table}.search_text_words" for table in TABLES if found.get(table) != "ALWAYS"}
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        wanted = {f"{table}_{trigger}" for table in TABLES for trigger in TRIGGERS}
        return wanted - {name for (name,) in cursor.fetchall()}


def _columns(cursor):
    """The tables that have a column of words, each with whether it is generated, as PostgreSQL says it."""
    cursor.execute(
        "SELECT table_name, is_generated FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND column_name = 'search_text_words'"
    )
    return dict(cursor.fetchall())


def out_of_step(connection):
    """Yield (table, key) of every row that is not found by the words of its text; no key where the words are unreadable."""
    for table, key in TABLES.items():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                if table in _columns(cursor):
                    cursor.execute(f"SELECT {key} FROM {table} WHERE search_text_words IS DISTINCT FROM {WORDS}")
                    yield from ((table, found) for (found,) in cursor.fetchall())
        elif not _is_in_step(connection, table):
            try:
                yield from ((table, found) for found in _differing(connection, table, key))
            except DatabaseError:
                yield table, None


def _is_in_step(connection, table):
    """Whether SQLite's own comparison of the words with the table finds nothing; it cannot say where."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table}_fts({table}_fts, rank) VALUES ('integrity-check', 1)")
    except DatabaseError:
        return False
    return True


def _differing(connection, table, key):
    """The keys of rows whose text gives other words than those kept, and of words without a row."""
    with connection.cursor() as cursor, connection.cursor() as other, connection.cursor() as aside:
        aside.execute(f"CREATE VIRTUAL TABLE temp.kept_words USING fts5vocab(main, {table}_fts, instance)")
        aside.execute(f"CREATE VIRTUAL TABLE temp.one_text USING fts5(search_text, {TOKENS})")
        aside.execute("CREATE VIRTUAL TABLE temp.one_words USING fts5vocab(temp, one_text, instance)")
        try:
            cursor.execute("SELECT doc, term FROM temp.kept_words ORDER BY doc, offset")
            kept = groupby(iter(cursor.fetchone, None), key=itemgetter(0))
            other.execute(f"SELECT {key}, search_text FROM {table} ORDER BY {key}")
            doc, words = _next(kept)
            for row, text in iter(other.fetchone, None):
                if not isinstance(row, int):
                    yield row
                    continue
                while doc is not None and doc < row:
                    yield doc
                    doc, words = _next(kept)
                there, (doc, words) = (words, _next(kept)) if doc == row else ([], (doc, words))
                if not (isinstance(text, str) and there == text.split()) and there != _words_of(aside, text):
                    yield row
            while doc is not None:
                yield doc
                doc, words = _next(kept)
        finally:
            cursor.close()
            other.close()
            for name in ("kept_words", "one_words", "one_text"):
                aside.execute(f"DROP TABLE temp.{name}")


def _next(kept):
    doc, rows = next(kept, (None, ()))
    return doc, [term for _, term in rows]


def _words_of(cursor, text):
    """The words of one text as SQLite cuts it."""
    cursor.execute("DELETE FROM temp.one_text")
    cursor.execute("INSERT INTO temp.one_text VALUES (%s)", [text])
    cursor.execute("SELECT term FROM temp.one_words ORDER BY offset")
    return [term for (term,) in cursor.fetchall()]
