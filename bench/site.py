"""The tracker as it is measured: its settings, its database."""

import os


def set_up(**environment):
    """Start Django on this machine's settings with these variables, and bring the database up to date."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    os.environ["STATEMENT_TIMEOUT"] = "0"
    os.environ.update(environment)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def with_room():
    """Let SQLite keep a gigabyte of pages in memory while a great many rows are loaded."""
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size=-1000000")
