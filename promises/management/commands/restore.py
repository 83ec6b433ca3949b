from pathlib import Path

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError

from promises.backups.restoring import CannotRestore, restore
from promises.public.columns import number_of


class Command(BaseCommand):
    help = "Restore a backup into an empty database, of either kind: all of it, verified, or nothing."
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, metavar="FILE", help="what `manage.py backup` wrote")
        parser.add_argument(
            "--despite-faults",
            action="store_true",
            help="restore a record too that had been altered before it was backed up",
        )

    def handle(self, *, file, despite_faults, verbosity, **options):
        say = self.stdout.write if verbosity > 1 else lambda sentence: None
        try:
            done = restore(file, despite_faults=despite_faults, say=say)
        except CannotRestore as error:
            raise CommandError(error) from error
        for fault in done.faults:
            self.stderr.write(fault)
        manifest = done.manifest
        record = "as it was published" if not done.faults else "NOT as it was published"
        head = f"head digest {done.digest} before and after" if done.digest else "nothing published yet"
        self.stdout.write(
            f"Restored the backup of {manifest['made_at']} (software {manifest['software']}, {manifest['database']}): "
            f"{sum(manifest['rows'].values()):,} rows. The record is {record}: {number_of(done.edition, 'edition')}, {head}."
        )
        if shut := sum(not opens(one) for one in Authenticator.objects.all()):
            self.stdout.write(
                f"{number_of(shut, 'second factor')} sealed with another SECRET_KEY cannot be opened with this one. Set the "
                "key that the site had, here or in SECRET_KEY_FALLBACKS; else these people set theirs up anew."
            )


def opens(authenticator):
    """Whether this site's key opens what it sealed of a second factor; what it never sealed is open."""
    sealed = [authenticator.data[name] for name in ("secret", "seed") if name in authenticator.data]
    try:
        return all(get_adapter().decrypt(text) is not None for text in sealed)
    except InvalidToken:
        return False
