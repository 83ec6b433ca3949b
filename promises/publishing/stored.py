"""Rows exactly as the database holds them: nothing is taken for granted, so that nothing altered is mended unseen."""

from contextlib import contextmanager
from datetime import UTC, date, datetime

from django.db import connection, models, transaction

WRITTEN = "%Y-%m-%d %H:%M:%S"
"""How a moment stands in the database: UTC, whole seconds."""
PLAIN = {str, int, type(None)}


@contextmanager
def one_moment():
    """Let everything be read as it stood at one moment, whatever is published meanwhile; bad text is no error."""
    if connection.vendor == "postgresql":
        is_own = not connection.in_atomic_block
        with transaction.atomic(durable=is_own):
            if is_own:
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    connection.ensure_connection()
    own, is_own = connection.connection, not connection.in_atomic_block
    own.text_factory = lambda content: content.decode(errors="surrogateescape")
    if is_own:
        own.execute("BEGIN")  # Django's own would keep others from publishing
    try:
        yield
    finally:
        own.text_factory = str
        if is_own:
            own.rollback()


def columns(model, table):
    """The columns of a model, for a query, such that each value comes as it is stored."""
    return ", ".join(column(field, table) for field in model._meta.concrete_fields)


def column(field, table):
    name = f"{table}.{field.column}"
    if connection.vendor == "sqlite":
        return f"+{name}" if isinstance(field, models.DateField) else name  # else the driver reads days and moments
    if isinstance(field, models.DateTimeField):
        return f"CAST({name} AT TIME ZONE 'UTC' AS text)"
    return f"CAST({name} AS text)" if isinstance(field, models.DateField | models.JSONField) else name


def as_stored(row):
    """The values of an unsaved row, as `columns` would read them."""
    return [_as_stored(field, getattr(row, field.attname)) for field in row._meta.concrete_fields]


def _as_stored(field, value):
    if type(value) in PLAIN:
        return value
    value = field.get_db_prep_save(value, connection)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(WRITTEN)
    return value.isoformat() if isinstance(value, date) else value


class NotAMoment(ValueError):
    """What stands for a moment is not one, or not as the record writes it."""


def moment_of(text):
    """Read a moment as it is stored."""
    try:
        moment = datetime.strptime(text, WRITTEN).replace(tzinfo=UTC)
    except (ValueError, TypeError) as error:
        raise NotAMoment(text) from error
    if moment.strftime(WRITTEN) != text:
        raise NotAMoment(text)
    return moment
