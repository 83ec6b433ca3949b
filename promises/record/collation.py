"""One order of keys and titles on every database: by code points, as SQLite and Python have it."""

COLUMNS = {
    "promises_listing": {"slug": 60, "title_plain": 200},
    "promises_period": {"slug": 60},
    "promises_version": {"slug": 60},
}


def install(connection):
    """Let PostgreSQL order these columns as the other database does; does nothing where it does already."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table, columns in COLUMNS.items():
            cursor.execute(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_schema = current_schema() AND table_name = %s AND collation_name = 'C'",
                [table],
            )
            there = {name for (name,) in cursor.fetchall()}
            for column, length in columns.items():
                if column not in there:
                    cursor.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({length}) COLLATE "C"')
