"""Backing up: everything of one moment that cannot be made again, in one file, while others go on writing."""

import contextlib
import os
import tomllib

from django.conf import settings
from django.db import connection, transaction

from promises.backups import tables
from promises.backups.archive import FOLDERS, PIECE, Writing
from promises.record.edition import Edition, moment


class CannotBackUp(Exception):
    """Why there is no backup, in a sentence."""


def back_up(file, *, at, say=lambda sentence: None):
    """Write a backup into a file that is open for writing bytes, and return what its manifest tells.

    Memory does not grow with the record. `at` is the moment, for people; `say` is told of each table.
    """
    # Before the database's moment, so that no release is carried whose edition is not.
    files = list(_files())
    with Writing(file) as archive:
        with _at_one_moment():
            schema = _schema()
            head = Edition.objects.newest_first().values("number", "digest").first()
            rows = {model._meta.label_lower: _write_table(archive, model, say) for model in schema.models}
            numbers = tables.last_numbers(schema)
        for path in files:
            _write_file(archive, path)
        told = {
            "software": software(),
            "made_at": moment(at),
            "database": connection.vendor,
            "schema": schema.last,
            "migrations": schema.applied,
            "edition": head["number"] if head else 0,
            "digest": head["digest"] if head else "",
            "rows": rows,
            "numbers": numbers,
        }
        archive.finish(**told)
    return told


def software():
    """The version of this software."""
    return tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]


@contextlib.contextmanager
def _at_one_moment():
    """Let everything read within be of the same moment, and keep nobody from writing."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    # Our own transactions begin IMMEDIATE, as writers must; one that only reads sees, in WAL, the moment it began.
    connection.ensure_connection()
    usual, connection.transaction_mode = connection.transaction_mode, "DEFERRED"
    try:
        with transaction.atomic():
            yield
    finally:
        connection.transaction_mode = usual


def _schema():
    try:
        schema = tables.Schema.of_database()
    except tables.Unknown as unknown:
        raise CannotBackUp(
            f"The database is of a later version of the software: it has {unknown}. Back it up with that version."
        ) from unknown
    if "promises" not in schema.last:
        raise CannotBackUp("The database holds no tables of ours. Look at DATABASE_URL.")
    return schema


def _write_table(archive, model, say):
    label = model._meta.label_lower
    count = -1  # the first line names the columns

    def counted():
        nonlocal count
        for count, line in enumerate(tables.lines_of(model)):  # noqa: B007
            yield line.encode()

    archive.add(f"tables/{label}.jsonl", counted(), model=label)
    say(f"{label}: {count:,} rows")
    return count


def _files():
    for folder in FOLDERS:
        for path in sorted((settings.DATA_DIR / folder).rglob("*")):
            within = path.relative_to(settings.DATA_DIR)
            if path.is_file() and not any(part.startswith(".") for part in within.parts):  # one still being made
                yield path


def _write_file(archive, path):
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return  # an import that was confirmed meanwhile
    with file:
        name = path.relative_to(settings.DATA_DIR).as_posix()
        pieces = iter(lambda: file.read(PIECE), b"")
        archive.add(f"files/{name}", pieces, is_packed=True, modified=int(os.fstat(file.fileno()).st_mtime))
