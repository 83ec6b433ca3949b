from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from promises.desk.imports.records import dump
from promises.publishing import loading


class Command(BaseCommand):
    help = "Write what is published as record files, one a promise; loading them again changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("path", type=Path, metavar="PATH", help="a folder, made if it is not there")

    def handle(self, *, path, **options):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CommandError(f"{path} cannot be written to: {error.strerror}.") from error
        count = 0
        for record in loading.export():
            (path / f"{record.slug}.yaml").write_text(dump(record), encoding="utf-8")
            count += 1
        self.stdout.write(f"Wrote {count} promises to {path}.")
