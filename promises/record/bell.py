"""How every process learns of a new edition: a bell for this machine, a look into the database for the others."""

import contextlib
import logging
import os
import tempfile

from django.conf import settings

from promises.record.edition import Edition
from promises.record.version import Seal, Version
from promises.statuses import Kind

log = logging.getLogger(__name__)


def path():
    """The file that is replaced whenever something was published on this machine."""
    return settings.DATA_DIR / "edition"


def ring(number):
    """Tell the processes of this machine that there is a new edition; the number is for people who look.

    Where that cannot be written (a full disk), all find it within a second by themselves.
    """
    beside = None
    try:
        handle, beside = tempfile.mkstemp(dir=settings.DATA_DIR, prefix="edition.")
        with os.fdopen(handle, "w") as file:
            file.write(f"{number}\n")
        os.replace(beside, path())
    except OSError as error:
        log.warning("The processes of this machine are not told of edition %s: %s", number, error)
        if beside:
            with contextlib.suppress(OSError):
                os.unlink(beside)


def look(since):
    """Return the number and digest of the latest edition, and whether one after `since` withdrew or sealed anything."""
    number, digest = Edition.objects.newest_first().values_list("number", "digest").first() or (0, "")
    if number <= since:
        return number, digest, False
    gone = Version.objects.filter(edition__gt=since, kind=Kind.WITHDRAWAL).exists()
    return number, digest, gone or Seal.objects.filter(edition__gt=since).exists()
