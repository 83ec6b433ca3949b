from django.apps import AppConfig, apps
from django.contrib.auth.management import create_permissions
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate


class PromisesConfig(AppConfig):
    """Everything we know about promises."""

    name = "promises"
    verbose_name = "Promises"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        pre_migrate.connect(make_way, sender=self)
        post_migrate.connect(complete_the_database, sender=self)


def make_way(using, plan, **_):
    """Let migrations make tables anew; what stood in their way is put back after them."""
    from promises.desk import triggers

    if plan:
        triggers.make_way(connections[using])


def complete_the_database(app_config, using, **_):
    """Put in place what Django's schema cannot say, after every migration.

    A table that SQLite rebuilds in a migration loses its triggers without a word, hence after every one.
    """
    from promises.desk import roles, triggers
    from promises.desk.imports import reference_rows
    from promises.record import collation, search
    from promises.record import triggers as record_triggers

    connection = connections[using]
    if "promises_seal" not in connection.introspection.table_names():
        search.remove(connection)  # migrated back to nothing
        return
    collation.install(connection)
    search.install(connection)
    record_triggers.install(connection)
    triggers.install(connection)
    for config in (app_config, apps.get_app_config("auth")):  # ours may come first
        create_permissions(config, using=using, verbosity=0)
    roles.give_permissions()
    reference_rows.store()
