from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from promises.public import freezing


class Command(BaseCommand):
    help = "Write the whole public site as plain files, which any web server can give for ever."

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, metavar="DIR", help="an empty folder, or one that is not there yet")

    def handle(self, *, folder, verbosity, **options):
        say = self.stdout.write if verbosity > 1 else lambda sentence: None
        try:
            files = freezing.freeze(folder, today=timezone.localdate(), say=say)
        except freezing.CannotFreeze as error:
            raise CommandError(error) from error
        self.stdout.write(f"Froze {files:,} files in {folder}")
