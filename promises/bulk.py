"""Many rows of one model written at once, by what each database does fastest; always in the caller's transaction.

Django's own bulk methods build one long statement from an expression for every value, which costs
more than the database's work. Rows go in as they are: no signals, no history, no default of the database.
"""

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

AS_THEY_ARE = {str, int, type(None)}


def insert(rows):
    """Insert these rows, giving each its key where the database would; returns them."""
    rows = list(rows)
    if not rows:
        return rows
    model = type(rows[0])
    _give_keys(model, [row for row in rows if row.pk is None])
    fields = model._meta.concrete_fields
    _learn_keys(rows, fields)
    names = ", ".join(f'"{field.column}"' for field in fields)
    table = model._meta.db_table
    values = _values(rows, fields)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
                for row in values:
                    copy.write_row(row)
        else:
            places = ", ".join(["%s"] * len(fields))
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', list(values))  # noqa: S608
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias
    return rows


def change(rows, names):
    """Write these fields of rows that are there already."""
    rows = list(rows)
    if not rows:
        return
    model = type(rows[0])
    fields = [model._meta.get_field(name) for name in names]
    _learn_keys(rows, fields)
    columns = ", ".join(f'"{field.column}" = %s' for field in fields)
    key = model._meta.pk
    with connection.cursor() as cursor:
        cursor.executemany(
            f'UPDATE "{model._meta.db_table}" SET {columns} WHERE "{key.column}" = %s',  # noqa: S608
            list(_values(rows, [*fields, key])),
        )


def remove(rows):
    """Delete these rows; whatever leans on them has to be gone already."""
    rows = list(rows)
    if not rows:
        return
    meta = type(rows[0])._meta
    statement = f'DELETE FROM "{meta.db_table}" WHERE "{meta.pk.column}" = %s'  # noqa: S608  (names of our own)
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(row.pk,) for row in rows])


def _values(rows, fields):
    """Yield what the database is given for each row: texts and whole numbers as they are, the rest as Django has it."""
    database = connections[DEFAULT_DB_ALIAS]  # asking the proxy for each value would cost more than the value
    prepared = [(field.attname, field.get_db_prep_save, isinstance(field, models.JSONField)) for field in fields]
    for row in rows:
        given = row.__dict__
        yield [
            value if type(value := given[name]) in AS_THEY_ARE and not is_json else prepare(value, database)
            for name, prepare, is_json in prepared
        ]


def _learn_keys(rows, fields):
    """Take the key of a related row that had none when it was set."""
    for field in fields:
        if not field.is_relation:
            continue
        for row in rows:
            if getattr(row, field.attname) is None and field.is_cached(row) and field.get_cached_value(row):
                setattr(row, field.attname, field.get_cached_value(row).pk)


def _give_keys(model, rows):
    """Number rows as the database would: from the table's own sequence, which no one else is given twice."""
    if not rows:
        return
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [f'"{table}"', key, len(rows)],
            )
            keys = [number for (number,) in cursor.fetchall()]
        else:
            # Transactions begin IMMEDIATE: nobody else writes meanwhile.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            last = (cursor.fetchone() or [0])[0]
            keys = range(last + 1, last + 1 + len(rows))
    for row, number in zip(rows, keys, strict=True):
        row.pk = number
