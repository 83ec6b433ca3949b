import contextlib
import os
import re
import sys
from datetime import timedelta
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from promises.backups.writing import CannotBackUp, back_up

OURS = re.compile(r"\.?tracker-(\d{4}-\d{2}-\d{2})T\d{6}Z\.zip(\.\d+)?", re.ASCII)
"""Our own names in a folder, those too of what was never finished."""


class Command(BaseCommand):
    help = "Write everything that cannot be made again into one file; the site may be in use meanwhile."

    def add_arguments(self, parser):
        parser.add_argument(
            "file",
            metavar="FILE",
            help="a file that is not there yet; a folder, in which it gets a name of its own; or - for standard output",
        )
        parser.add_argument(
            "--keep", type=int, metavar="DAYS", help="with a folder: remove our backups in it that are older than that"
        )

    def handle(self, *, file, keep, verbosity, **options):
        now = timezone.now()
        say = self.stderr.write if verbosity > 1 else lambda sentence: None
        self.stderr.style_func = str  # what is told there is no error
        if keep is not None and (keep < 1 or not Path(file).is_dir()):
            raise CommandError("--keep takes a number of days, at least 1, and FILE must be a folder.")
        if file == "-":
            told = self._write(sys.stdout.buffer, "standard output", now, say)
            self.stderr.write(f"Backed up {told}.")
            return
        path = Path(file)
        if path.is_dir():
            path /= f"tracker-{now:%Y-%m-%dT%H%M%SZ}.zip"
        told = self._write_file(path, now, say)
        self.stdout.write(f"Backed up {told}, in {path} ({path.stat().st_size:,} bytes).")
        if keep is not None:
            self._forget(path, now.date() - timedelta(days=keep))

    def _write_file(self, path, now, say):
        """Write it beside, for our eyes alone, and give it its name once it is whole and on the disk."""
        if path.exists():
            raise CommandError(f"{path} is there already. Nothing was written: name a file that is not there yet.")
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                told = self._write(file, path, now, say)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)
        except OSError as error:
            raise CommandError(
                f"{path} could not be written: {error.strerror or error}. Nothing is left of it."
            ) from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
        return told

    def _write(self, file, name, now, say):
        try:
            told = back_up(file, at=now, say=say)
        except CannotBackUp as error:
            raise CommandError(error) from error
        head = (
            f"edition {told['edition']}, head digest {told['digest']}" if told["edition"] else "nothing published yet"
        )
        return f"{sum(told['rows'].values()):,} rows: {head}"

    def _forget(self, newest, before):
        """Remove what has our name with an earlier day; never what was written just now."""
        gone = [
            path
            for path in newest.parent.iterdir()
            if path != newest and (named := OURS.fullmatch(path.name)) and named[1] < before.isoformat()
        ]
        for path in gone:
            path.unlink(missing_ok=True)
        if gone:
            self.stdout.write(f"Removed {len(gone)} from before {before}.")
