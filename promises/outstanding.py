"""Whether the database is as this code expects it, or waits for `manage.py migrate`."""

from django.db.migrations.executor import MigrationExecutor


def outstanding(connection):
    """The names of the migrations that this database has yet to be given, in their order; costs one query.

    A database with more migrations than this code knows has none outstanding: machines are renewed one by one.
    """
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
