from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from promises.desk.importing import records_at_desk
from promises.desk.imports import records, table_form
from promises.desk.models import Promise
from promises.publishing import loading


class Command(BaseCommand):
    help = "Load record files through the door, in one edition: everything, or nothing with every problem named."

    def add_arguments(self, parser):
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="files (.yaml, .xlsx, .zip, .csv), or folders of YAML"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument("--note", default="Loaded from the record files.", help="the edition's public note")

    def handle(self, *, paths, dry_run, note, **options):
        paths = [path / "promises" if (path / "promises").is_dir() else path for path in paths]
        known = frozenset(Promise.objects.values_list("slug", flat=True))

        def nodes_of(name, data):
            return table_form.nodes_of(name, data, present=records_at_desk)

        reading = records.read(paths, today=timezone.localdate(), known_slugs=known, nodes_of=nodes_of)
        self._stop_at(reading.problems)
        done = loading.load(reading.records, at=timezone.now(), note=note, dry_run=dry_run)
        self._stop_at(done.problems)
        would = "Would publish" if dry_run else "Published"
        counts = f"{len(done.new)} new, {len(done.changed)} changed, {len(done.unchanged)} unchanged"
        self.stdout.write(f"{would} {counts}." if done.edition else f"Nothing to publish: {counts}.")

    def _stop_at(self, problems):
        if not problems:
            return
        for problem in problems:
            self.stderr.write(str(problem))
        raise CommandError(f"Nothing was loaded: {len(problems)} problem{'s' if len(problems) > 1 else ''}.")
