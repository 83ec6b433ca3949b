from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from promises.desk.imports import table_form
from promises.desk.imports.records import dump, name_of
from promises.publishing import loading

WRITERS = {".xlsx": table_form.workbook, ".zip": table_form.csv_zip}


class Command(BaseCommand):
    help = "Write what is published as record files; loading them again changes nothing."

    def add_arguments(self, parser):
        parser.add_argument(
            "path",
            type=Path,
            metavar="PATH",
            help="a folder for one YAML file a promise, or a file: a workbook (.xlsx) or a zip of CSV (.zip)",
        )

    def handle(self, *, path, **options):
        given = list(loading.export())
        try:
            if write := WRITERS.get(path.suffix.lower()):
                path.write_bytes(write(given))
            else:
                path.mkdir(parents=True, exist_ok=True)
                for record in given:
                    (path / name_of(record)).write_text(dump(record), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path} cannot be written to: {error.strerror}.") from error
        self.stdout.write(f"Wrote {len(given)} promises to {path}.")
