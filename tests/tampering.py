"""Altering a database past the program: its file itself on SQLite, as a superuser on PostgreSQL."""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from django.core.management.color import no_style
from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction

from promises.record.period import Period
from promises.record.version import Version

OF_SEARCH = ("_learn", "_forget", "_relearn")


@contextmanager
def own_database(folder):
    """A database of its own, migrated and empty, in place of the tests' for a while; yields what opens copies of it."""
    name = connection.settings_dict["NAME"]
    connection.close()
    if connection.vendor == "sqlite":
        own = str(folder / "record.sqlite3")
        with closing(sqlite3.connect(name)) as source, closing(sqlite3.connect(own)) as copy:
            source.backup(copy)
    else:
        own = f"{name}_tampered"
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{own}" TEMPLATE "{name}"')
    _use(own)
    _count_rows_from_one()
    try:
        yield Outside(own)
    finally:
        _use(name)
        if connection.vendor == "postgresql":
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{own}" WITH (FORCE)')


def _count_rows_from_one():
    """Let row numbers be the same whatever other tests did before."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence")
        for statement in connection.ops.sequence_reset_sql(no_style(), [Version, Period]):
            cursor.execute(statement)


def _use(name):
    connection.close()
    connection.settings_dict["NAME"] = name


class Outside:
    """Somebody with the database in hand."""

    def __init__(self, name):
        self.name = name

    @contextmanager
    def attempt(self):
        """Let one thing be altered after another, and everything be as it was afterwards."""
        if connection.vendor == "postgresql":
            with transaction.atomic():
                yield self.as_superuser
                transaction.set_rollback(True)
            return
        copy = Path(self.name).with_suffix(".copy")
        for file in copy.parent.glob(f"{copy.name}*"):
            file.unlink()
        with closing(sqlite3.connect(self.name)) as source, closing(sqlite3.connect(copy)) as there:
            source.backup(there)
        settled = connections[DEFAULT_DB_ALIAS]
        altered = connections[DEFAULT_DB_ALIAS] = settled.copy()
        altered.settings_dict["NAME"] = str(copy)
        try:
            yield self.in_the_file
        finally:
            altered.close()
            connections[DEFAULT_DB_ALIAS] = settled

    def as_superuser(self, *statements):
        """Run statements while no trigger and no foreign key looks."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL session_replication_role = replica")
            for statement in statements:
                cursor.execute(statement)
            cursor.execute("SET LOCAL session_replication_role = origin")

    def in_the_file(self, *statements):
        """Run statements on the file with the triggers of the record out of the way, and put them back."""
        path = connection.settings_dict["NAME"]
        connection.close()
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            file.execute("PRAGMA synchronous = OFF")
            file.execute("PRAGMA ignore_check_constraints = ON")
            found = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            guards = {name: sql for name, sql in found if not name.endswith(OF_SEARCH)}
            for name in guards:
                file.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                file.execute(statement)
            for sql in guards.values():
                file.execute(sql)

    def row(self, table, condition):
        """A row of a table, by column."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} WHERE {condition}")
            return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
