"""Rows as lines of JSON, which SQLite and PostgreSQL take in alike, read by the models of the day they were written."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

from django.db import connection, models
from django.db.migrations.loader import MigrationLoader

from promises import bulk

CHUNK = 500
"""Rows held at once: of versions, some ten megabytes."""
LEFT_OUT = {"sessions.session", "promises.listing", "promises.period"}
"""What ends by itself, and what is made again from the versions."""
WRITTEN_BY_MIGRATIONS = {
    *("auth.group", "auth.permission", "auth.group_permissions", "contenttypes.contenttype"),
    *("promises.theme", "promises.place", "promises.place_regions"),
}
"""What stands in a database that nobody has used yet."""
READ_BACK = (models.DateField, models.DecimalField)
"""What JSON has no word for; a moment is a day with a time, to Django as well."""


class Unknown(Exception):
    """There are migrations that this code does not know; the message names them."""


class Schema:
    """The tables as a list of applied migrations left them, whatever this code's models say today."""

    def __init__(self, applied):
        """`applied` are pairs of app and name; raises Unknown."""
        self.applied = sorted(tuple(one) for one in applied)
        self.loader = MigrationLoader(connection)
        if strange := set(self.applied) - set(self.loader.graph.nodes):
            raise Unknown(", ".join(sorted(f"{app}.{name}" for app, name in strange)))
        self.everything = self._models()
        self.models = [model for model in self.everything if model._meta.label_lower not in LEFT_OUT]

    @classmethod
    def of_database(cls):
        """The schema that the database has now; migrations of apps that are gone do not count."""
        loader = MigrationLoader(connection)
        return cls([one for one in loader.applied_migrations if one[0] in loader.migrated_apps])

    @property
    def last(self):
        """The last migration of each app, by app."""
        nodes = self.loader.graph.node_map
        there = set(self.applied)
        return {
            app: name
            for app, name in self.applied
            if not any(child.key[0] == app and child.key in there for child in nodes[app, name].children)
        }

    def _models(self):
        if not self.applied:
            return []
        state = self.loader.project_state(list(self.last.items())).apps
        found = state.get_models(include_auto_created=True)
        return sorted(
            (model for model in found if model._meta.managed and not model._meta.proxy),
            key=lambda model: model._meta.label_lower,
        )


def lines_of(model):
    """Yield the names of a model's columns, then each of its rows, as lines of JSON."""
    names = _names(model)
    yield _line(names)
    rows = model._base_manager.order_by("pk").values_list(*names)
    for row in rows.iterator(chunk_size=CHUNK):
        yield _line(row)


def take_in(model, lines):
    """Insert rows written by `lines_of`; returns how many. Raises ValueError where the columns are others."""
    names, lines = _names(model), iter(lines)
    if json.loads(next(lines, "null")) != names:
        raise ValueError("its columns are not those of the table")
    fields = model._meta.concrete_fields
    readers = [(place, field.to_python) for place, field in enumerate(fields) if isinstance(field, READ_BACK)]
    count = 0
    while chunk := list(islice(lines, CHUNK)):
        rows = [json.loads(line) for line in chunk]
        for row in rows:
            for place, read in readers:
                row[place] = read(row[place])
        bulk.insert(model.from_db(connection.alias, names, row) for row in rows)
        count += len(rows)
    return count


def empty(model):
    """Remove every row: of a table that holds only what migrations wrote."""
    model._base_manager.all()._raw_delete(connection.alias)


def _names(model):
    return [field.attname for field in model._meta.concrete_fields]


def _line(values):
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=_in_words) + "\n"


def _in_words(value):
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} has no form in a backup")


# The number that the next row gets: never that of a row that is gone, whose history is still there


def last_numbers(schema):
    """Return the highest number that each table with numbers of the database's own has ever given."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, seq FROM sqlite_sequence")
            given = dict(cursor.fetchall())
            return {model._meta.db_table: given.get(model._meta.db_table, 0) for model in _numbered(schema)}
        found = {}
        for model in _numbered(schema):
            cursor.execute(f"SELECT last_value, is_called FROM {_sequence(cursor, model)}")  # noqa: S608
            last, is_called = cursor.fetchone()
            found[model._meta.db_table] = last if is_called else 0
        return found


def go_on_from(schema, numbers):
    """Let each table number its next row after these, and after every row that it holds."""
    with connection.cursor() as cursor:
        for model in _numbered(schema):
            table = model._meta.db_table
            highest = model._base_manager.aggregate(last=models.Max("pk"))["last"] or 0
            last = max(highest, numbers.get(table, 0))
            if connection.vendor == "sqlite":
                cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
                cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])
            else:
                sequence = _sequence(cursor, model)
                cursor.execute("SELECT setval(%s, %s, %s)", [sequence, max(last, 1), last > 0])


def _numbered(schema):
    return [model for model in schema.everything if isinstance(model._meta.pk, models.AutoField | models.BigAutoField)]


def _sequence(cursor, model):
    cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{model._meta.db_table}"', model._meta.pk.column])
    return cursor.fetchone()[0]
