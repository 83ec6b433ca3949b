"""Search in index rows: one lookup, the same rows on both databases.

`search_text` holds plain words, each with its stem (`promises.text.searchable`); a term finds
the rows that hold its stem or a word beginning with it (a short one: itself or its plural). SQLite keeps the words in an FTS5
table beside the model's own, PostgreSQL in a generated tsvector column; both are made by a migration.
"""

from django.db import models
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
            "GENERATED ALWAYS AS (array_to_tsvector(string_to_array(search_text, ' '))) STORED",
            f"CREATE INDEX IF NOT EXISTS {table}_words ON {table} USING gin (search_text_words)",
        ]
    forget = f"INSERT INTO {table}_fts({table}_fts, rowid, search_text) VALUES ('delete', OLD.{key}, OLD.search_text);"
    learn = f"INSERT INTO {table}_fts(rowid, search_text) VALUES (NEW.{key}, NEW.search_text);"
    return [
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {table}_fts USING fts5(search_text, content='{table}', "
        f"content_rowid='{key}', tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")",
        f"CREATE TRIGGER IF NOT EXISTS {table}_learn AFTER INSERT ON {table} BEGIN {learn} END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_forget AFTER DELETE ON {table} BEGIN {forget} END",
        f"CREATE TRIGGER IF NOT EXISTS {table}_relearn AFTER UPDATE OF search_text ON {table} "
        f"BEGIN {forget} {learn} END",
    ]
