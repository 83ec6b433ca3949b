"""Work that must not be done twice at once, on one machine or on many."""

import contextlib
import fcntl
import zlib

from django.conf import settings
from django.db import connection

CLASS = 20211118
"""Sets our advisory locks apart from those of others in the same database."""


@contextlib.contextmanager
def alone(name):
    """Give whether nobody else is doing this; keeps others from it until the end."""
    holds = _in_postgresql if connection.vendor == "postgresql" else _beside_the_database
    with holds(name) as is_alone:
        yield is_alone


@contextlib.contextmanager
def _in_postgresql(name):
    numbers = [CLASS, zlib.crc32(name.encode()) % 2**31]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers)
        is_alone = cursor.fetchone()[0]
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", numbers)


@contextlib.contextmanager
def _beside_the_database(name):
    settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
    with (settings.DATA_DIR / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
