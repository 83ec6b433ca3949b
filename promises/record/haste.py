"""How long the database may take over one query of a reader's: a question that asks for more is cut off."""

import contextlib
import sqlite3
import time
from functools import partial

from django.db import Error, OperationalError, connections

CANCELLED = "57014"
"""What PostgreSQL calls a query that was cut off."""
STEPS = 500_000
"""So many steps SQLite does between two looks at the clock: some 20 ms."""


@contextlib.contextmanager
def at_most(seconds):
    """Let no query of this thread take longer meanwhile, of any database; what is streamed afterwards may."""
    with contextlib.ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(_in_time))
        stack.enter_context(_allowing(seconds))
        yield


def at_leisure():
    """Let queries take their time meanwhile: for what is made once for all readers."""
    return _allowing(None)


def was_cut_off(error):
    """Whether this error says that a query took longer than it was allowed."""
    cause = error.__cause__
    codes = getattr(cause, "sqlstate", None), getattr(cause, "sqlite_errorcode", None)
    return isinstance(error, OperationalError) and (codes[0] == CANCELLED or codes[1] == sqlite3.SQLITE_INTERRUPT)


@contextlib.contextmanager
def _allowing(seconds):
    there = connections.all()
    before = [getattr(connection, "allowed", None) for connection in there]
    for connection in there:
        connection.allowed = seconds
    try:
        yield
    finally:
        for connection, earlier in zip(there, before, strict=True):
            connection.allowed = earlier
            if earlier is None and connection.connection is not None:
                with contextlib.suppress(Error):  # a connection that broke is not used again
                    _tell(connection, None)


def _in_time(execute, sql, params, many, context):
    connection = context["connection"]
    _tell(connection, connection.allowed)
    return execute(sql, params, many, context)


def _tell(connection, seconds):
    """Have the database hold to it; None for what it was set up with."""
    raw = connection.connection
    with connection.wrap_database_errors:  # a lost connection is found out here, and is the same as later
        if connection.vendor == "sqlite":
            raw.set_progress_handler(seconds and partial(_has_passed, time.monotonic() + seconds), STEPS)
        elif getattr(raw, "allowed", None) != seconds:
            raw.execute(f"SET statement_timeout = {int(seconds * 1000) if seconds else 'DEFAULT'}")
            raw.allowed = seconds


def _has_passed(moment):
    return time.monotonic() > moment
