"""What every test stands on: its own settings, its own database, nothing of the machine's."""

import contextlib
import os

import django
import pytest

from tests import scale, servers

STARTED = contextlib.ExitStack()
OUR_OWN = [
    "SECRET_KEY",
    "DATABASE_URL",
    "REDIS_URL",
    "PUBLIC_URL",
    "ALLOWED_HOSTS",
    "DEBUG",
    "METRICS_TOKEN",
    "ERROR_HOOK",
]


def pytest_configure(config):
    """Start the database asked for by TEST_DATABASE before Django reads the settings."""
    for name in OUR_OWN:
        os.environ.pop(name, None)
    data = STARTED.enter_context(servers.temporary_directory("tracker-tests-"))
    (data / "static").mkdir()
    os.environ["DATA_DIR"] = str(data)
    database = os.environ.get("TEST_DATABASE", "sqlite")
    if database == "postgresql":
        os.environ["DATABASE_URL"] = STARTED.enter_context(servers.postgresql())
    elif database != "sqlite":
        raise pytest.UsageError(f"TEST_DATABASE is {database!r}. Write sqlite or postgresql.")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()


def pytest_unconfigure(config):
    STARTED.close()


def pytest_terminal_summary(terminalreporter):
    """Say what the tests marked `torture` tried and found."""
    if scale.TALLY:
        terminalreporter.section("tried and found")
        for what, number in sorted(scale.TALLY.items()):
            terminalreporter.write_line(f"{number:>10,}  {what}")


def pytest_collection_modifyitems(items):
    """Mark what drives a browser, run it last, and give flushed databases back what migrations wrote."""
    for item in items:
        asked = item.get_closest_marker("django_db")
        wanted = dict(asked.kwargs) if asked else {}
        if wanted.get("transaction") or {"live_server", "transactional_db"} & set(item.fixturenames):
            wanted |= {"transaction": True, "serialized_rollback": True}
            item.add_marker(pytest.mark.django_db(**wanted), append=False)
        if "browser" in item.fixturenames:
            item.add_marker(pytest.mark.browser)
    # Playwright's event loop stays in our thread once started, and no test could start its own.
    items.sort(key=lambda item: "browser" in item.fixturenames)


@pytest.fixture(scope="session", autouse=True)
def _flush_passes_the_triggers():
    """Let the flush between transactional tests empty the record, which its triggers refuse."""
    from django.db.backends.base.operations import BaseDatabaseOperations

    from promises.desk import triggers as desk_triggers
    from promises.record import triggers

    guarded = BaseDatabaseOperations.execute_sql_flush

    def unguarded(operations, statements):
        triggers.remove(operations.connection)
        desk_triggers.remove(operations.connection)
        try:
            guarded(operations, statements)
        finally:
            triggers.install(operations.connection)
            desk_triggers.install(operations.connection)

    BaseDatabaseOperations.execute_sql_flush = unguarded
    yield
    BaseDatabaseOperations.execute_sql_flush = guarded
