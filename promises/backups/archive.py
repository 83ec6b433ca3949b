"""The file that a backup is: a zip of lines of JSON and files, with a manifest that holds the sum of each."""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

from promises.zips import write_member

WHAT = "a backup of the levelling-up promises tracker"
FORM = 1
"""Counted up when an older reader would misread it."""
MANIFEST = "manifest.json"
FOLDERS = ("releases", "imports")
"""What lies in DATA_DIR and cannot be made again; everything else there can, or is the key."""
PIECE = 1 << 20
NOT_OURS = "is not a backup of ours, or only the beginning of one: it does not end in a manifest."


UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, KeyError, EOFError, OSError, RuntimeError, struct.error)
"""What the reader of zips raises at one that is bent: it has no word of its own for all of it."""


class NotABackup(Exception):
    """Why a file cannot be read as a backup, in a sentence that goes on from its name."""


class Writing:
    """A backup being written, member after member; nothing is ever gone back to, so a pipe will do."""

    def __init__(self, file):
        self.zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self.members = []

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.zip.fp = None  # else it would still write its end, and the half would look like a whole

    def add(self, path, chunks, *, is_packed=False, **told):
        """Write one member from pieces of bytes, and note its length and sum, and what else is told of it."""
        entry = zipfile.ZipInfo(path)
        entry.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
        entry.external_attr = 0o600 << 16
        self.members.append({"path": path, **write_member(self.zip, entry, chunks), **told})

    def finish(self, **told):
        """Write the manifest and the end, without which it is no backup."""
        manifest = {"what": WHAT, "form": FORM, **told, "members": self.members}
        self.zip.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1) + "\n")
        self.zip.close()


class Backup:
    """A backup that somebody made, opened for reading; every sum has been checked."""

    def __init__(self, path):
        """Open and check it; raises NotABackup."""
        self.file = open(path, "rb")  # noqa: SIM115 (we are the context)
        try:
            self.zip = self._opened()
            self.manifest = self._manifest()
            self.members = {member["path"]: member for member in self.manifest["members"]}
            self._check()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.file.close()

    def lines(self, path):
        """The lines of a member."""
        return io.TextIOWrapper(self.zip.open(path), encoding="utf-8", newline="\n")

    def pieces(self, path):
        """The bytes of a member, piece after piece."""
        with self.zip.open(path) as member:
            while piece := member.read(PIECE):
                yield piece

    @property
    def files(self):
        """The members that were files in DATA_DIR, each with its path in there."""
        return [member for member in self.members.values() if member["path"].startswith("files/")]

    def _opened(self):
        try:
            return zipfile.ZipFile(self.file)
        except UNREADABLE as error:
            raise NotABackup(NOT_OURS) from error

    def _manifest(self):
        try:
            manifest = json.loads(self.zip.read(MANIFEST))
        except UNREADABLE as error:
            raise NotABackup(NOT_OURS) from error
        if not isinstance(manifest, dict) or manifest.get("what") != WHAT:
            raise NotABackup(NOT_OURS)
        if manifest["form"] > FORM:
            raise NotABackup(
                f"was made by a later version of the software (form {manifest['form']}, and this one reads "
                f"{FORM}). Restore it with version {manifest['software']} or later."
            )
        return manifest

    def _check(self):
        there = {name for name in self.zip.namelist() if name != MANIFEST}
        if there != set(self.members):
            raise NotABackup(f"was altered: {', '.join(sorted(there ^ set(self.members)))} is missing or was added.")
        for member in self.members.values():
            path = member["path"]
            if path.startswith("files/") and not is_ours(path):
                raise NotABackup(f"was altered: {path} would not lie where our files do.")
            digest = hashlib.sha256()
            try:
                for piece in self.pieces(path):
                    digest.update(piece)
            except UNREADABLE as error:
                raise NotABackup(f"was altered: {path} cannot be read.") from error
            if digest.hexdigest() != member["sha256"]:
                raise NotABackup(f"was altered: {path} is not what was written.")


def is_ours(path):
    """Whether a member's path names a file within the folders that are carried."""
    parts = PurePosixPath(path).parts
    return len(parts) > 2 and parts[1] in FOLDERS and ".." not in parts and "/" not in parts and "\0" not in path
