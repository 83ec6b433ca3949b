"""Restoring: a backup into an empty database, of either kind, all of it or nothing."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from promises.backups import tables
from promises.backups.archive import FOLDERS, Backup, NotABackup
from promises.desk import triggers
from promises.publishing import index
from promises.publishing.announcing import announce
from promises.publishing.door import one_at_a_time
from promises.publishing.verification import findings
from promises.record.edition import Edition

ASIDE = ".restoring-"
CALLED = {
    "promises.edition": ("edition", "editions"),
    "auth.user": ("person", "people"),
    "promises.promise": ("promise at the desk", "promises at the desk"),
}


class CannotRestore(Exception):
    """Why nothing was restored, in a sentence."""


@dataclass(frozen=True)
class Restored:
    """What was restored, once it is verified."""

    manifest: dict
    listings: int
    faults: tuple

    @property
    def edition(self):
        return self.manifest["edition"]

    @property
    def digest(self):
        return self.manifest["digest"]


def restore(path, *, despite_faults=False, say=lambda sentence: None):
    """Restore a backup into the empty database of the settings; raises CannotRestore, and then nothing is changed.

    A backup of an earlier version is taken in as it was, then migrated. `despite_faults` accepts a record
    that was altered before it was backed up, as far as it is the record that was backed up.
    """
    try:
        with Backup(path) as backup:
            say("Every sum in it is right.")
            return _restore(backup, despite_faults, say)
    except NotABackup as error:
        raise CannotRestore(f"{path} {error}") from error
    except IrreversibleError as error:
        raise CannotRestore(
            f"The tables that are there cannot be brought back to those of {path}: restore into a database without tables."
        ) from error
    except (DatabaseError, ValueError) as error:
        raise CannotRestore(f"{path} could not be taken in: {error}") from error
    except OSError as error:
        raise CannotRestore(f"{error.filename or path}: {error.strerror or error}.") from error


def _restore(backup, despite_faults, say):
    schema = _schema_of(backup)
    with _Files(backup) as files, connection.constraint_checks_disabled(), transaction.atomic():
        one_at_a_time()
        _refuse_unless_empty()
        go_to(schema)
        _take_in(backup, schema, say)
        # Else PostgreSQL refuses to alter tables whose rows it has still to check.
        connection.check_constraints()
        call_command("migrate", verbosity=0, interactive=False)
        listings = index.rebuild()
        say(f"Rebuilt the index: {listings:,} listings.")
        faults = _verified(backup.manifest, despite_faults)
        files.put_in_place()
        if head := Edition.objects.newest_first().first():
            announce(head)
    return Restored(backup.manifest, listings, faults)


def _schema_of(backup):
    try:
        return tables.Schema(backup.manifest["migrations"])
    except tables.Unknown as unknown:
        raise NotABackup(
            f"was made by a later version of the software ({backup.manifest['software']}), which has {unknown}. "
            "Restore it with that version."
        ) from unknown


def _refuse_unless_empty():
    try:
        schema = tables.Schema.of_database()
    except tables.Unknown as unknown:
        raise CannotRestore(
            f"The database is of a later version of the software: it has {unknown}. Restore into an empty one."
        ) from unknown
    found = {
        model._meta.label_lower: number
        for model in schema.models
        if model._meta.label_lower not in tables.WRITTEN_BY_MIGRATIONS and (number := model._base_manager.count())
    }
    told = [f"{found[label]} {names[found[label] > 1]}" for label, names in CALLED.items() if label in found]
    if found:
        told = told or [f"{number} rows of {label}" for label, number in found.items()]
        raise CannotRestore(
            f"The database is not empty, it holds {', '.join(told)}. Nothing was changed: restore into an empty one."
        )


def go_to(schema):
    """Bring the empty database to the schema of the backup, forwards or back."""
    triggers.make_way(connection)
    applied = set(MigrationRecorder(connection).applied_migrations())
    for app in sorted(
        {app for app, _ in applied - set(schema.applied)} & MigrationExecutor(connection).loader.migrated_apps
    ):
        MigrationExecutor(connection).migrate([(app, schema.last.get(app))])
    MigrationExecutor(connection).migrate(list(schema.last.items()))


def _take_in(backup, schema, say):
    wanted = {f"tables/{model._meta.label_lower}.jsonl": model for model in schema.models}
    if strange := wanted.keys() ^ {path for path in backup.members if path.startswith("tables/")}:
        raise NotABackup(f"does not fit its own schema: {', '.join(sorted(strange))}.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # migrations leave some of them immediate
    for model in schema.models:
        tables.empty(model)
    for path, model in wanted.items():
        label = model._meta.label_lower
        try:
            count = tables.take_in(model, backup.lines(path))
        except (DatabaseError, ValueError, TypeError) as error:
            raise CannotRestore(f"{path}: {error}. Nothing was changed.") from error
        if count != backup.manifest["rows"][label]:
            raise NotABackup(
                f"was altered: {path} has {count:,} rows, and {backup.manifest['rows'][label]:,} were written."
            )
        say(f"{label}: {count:,} rows")
    tables.go_on_from(schema, backup.manifest["numbers"])
    ContentType.objects.clear_cache()


def _verified(manifest, despite_faults):
    """Return what is wrong with the record, where that is accepted; refuse another record than was backed up."""
    head = Edition.objects.newest_first().first()
    digest = head.digest if head else ""
    if digest != manifest["digest"]:
        raise CannotRestore(
            f"The record is not the one that was backed up: its head digest is {digest or 'none'}, "
            f"and it was {manifest['digest'] or 'none'}. Nothing was changed."
        )
    faults = tuple(finding.sentence for finding in findings() if finding.is_fault)
    if faults and not despite_faults:
        raise CannotRestore(
            f"The record was not as it was published when it was backed up ({' '.join(faults)}), so nothing was "
            "changed. --despite-faults restores it as it is."
        )
    return faults


class _Files:
    """The files of a backup: written aside first, put in place last, taken away if anything fails."""

    def __init__(self, backup):
        self.backup, self.placed = backup, []

    def __enter__(self):
        self._refuse_others()
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        for left in settings.DATA_DIR.glob(f"{ASIDE}*"):  # by a restore that was cut off
            shutil.rmtree(left, ignore_errors=True)
        self.aside = Path(tempfile.mkdtemp(dir=settings.DATA_DIR, prefix=ASIDE))
        try:
            for number, member in enumerate(self.backup.files):
                with (self.aside / str(number)).open("wb") as file:
                    for piece in self.backup.pieces(member["path"]):
                        file.write(piece)
                os.utime(file.name, (member["modified"], member["modified"]))
        except BaseException:
            shutil.rmtree(self.aside, ignore_errors=True)
            raise
        return self

    def put_in_place(self):
        for number, member in enumerate(self.backup.files):
            target = _target(member)
            (settings.DATA_DIR / target.relative_to(settings.DATA_DIR).parts[0]).mkdir(mode=0o700, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                (self.aside / str(number)).rename(target)
                self.placed.append(target)

    def __exit__(self, kind, *_):
        shutil.rmtree(self.aside, ignore_errors=True)
        if kind is None:
            return
        for target in self.placed:
            target.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                target.parent.rmdir()

    def _refuse_others(self):
        """Refuse where other files lie already; the same ones may, from a restore that was cut off."""
        wanted = {_target(member): member["sha256"] for member in self.backup.files}
        for folder in FOLDERS:
            for path in (settings.DATA_DIR / folder).rglob("*"):
                if path.is_file() and wanted.get(path) != _sum_of(path):
                    raise CannotRestore(
                        f"{path} is there already and is not in the backup. Move the folder away, or set DATA_DIR to an empty one."
                    )


def _target(member):
    return settings.DATA_DIR / member["path"].removeprefix("files/")


def _sum_of(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
