from django.core.management.commands import migrate
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor


class WholeMigrations(MigrationExecutor):
    """Does each migration and the note that it is done in one transaction.

    Django writes the note after the commit where indexes come last, so that a machine which went down between
    the two could not migrate again.
    """

    def apply_migration(self, state, migration, *arguments, **options):
        return self._whole(super().apply_migration, state, migration, *arguments, **options)

    def unapply_migration(self, state, migration, *arguments, **options):
        return self._whole(super().unapply_migration, state, migration, *arguments, **options)

    def _whole(self, do, state, migration, *arguments, **options):
        if not migration.atomic:
            return do(state, migration, *arguments, **options)
        # SQLite wants its checks off before the transaction; the schema editor checks all in the end.
        with self.connection.constraint_checks_disabled(), transaction.atomic(using=self.connection.alias):
            return do(state, migration, *arguments, **options)


migrate.MigrationExecutor = WholeMigrations
Command = migrate.Command
