"""Keys and titles stand in one order, whatever the database's own locale."""

import pytest
from django.db import connection

from promises.record.collation import COLUMNS

pytestmark = pytest.mark.django_db


def test_the_order_does_not_depend_on_the_locale_of_the_database():
    if connection.vendor != "postgresql":
        return  # SQLite orders by code points anyway
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = current_schema() AND collation_name = 'C'"
        )
        found = set(cursor.fetchall())
    assert {(table, column) for table, columns in COLUMNS.items() for column in columns} <= found
