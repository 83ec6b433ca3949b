"""Numbered releases of the whole record: files beside the database, made by `manage.py release`."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import FileResponse, Http404

from promises.dates import in_words
from promises.public.columns import number_of
from promises.public.responses import open_to_all, page, public
from promises.record.edition import moment as written
from promises.record.version import Seal
from promises.statuses import Kind

MANIFEST = "release.json"
NAME = "levelling-up-promises"


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as its manifest tells it."""

    number: int
    edition: int
    published_at: str
    as_of: str
    digest: str
    previous: dict | None
    file: str
    bytes: int
    sha256: str
    counts: dict
    changes: dict
    files: list

    @property
    def path(self):
        return f"/data/releases/{self.number}/"

    @property
    def file_path(self):
        return f"{self.path}{self.file}"

    @property
    def published(self):
        return in_words(datetime.fromisoformat(self.published_at).date())

    @property
    def size(self):
        """How large the file is, in words."""
        return f"{self.bytes / 1_000_000:.1f} MB" if self.bytes >= 100_000 else f"{max(1, round(self.bytes / 1000))} kB"

    @property
    def holds(self):
        """What it holds, in words: `106 promises, 512 updates`."""
        nouns = {"promises": "promise", "updates": "update", "sources": "source", "versions": "version"}
        return ", ".join(number_of(self.counts[name], noun) for name, noun in nouns.items())

    @property
    def changed(self):
        """(what, how many) of each kind of change since the release before."""
        return [(Kind(kind).label, n) for kind, n in self.changes.items()]


def folder():
    return settings.DATA_DIR / "releases"


def manifest_path(number):
    return folder() / str(number) / MANIFEST


def get(number):
    """The release of that number; None where there is none."""
    try:
        return Release(**json.loads(manifest_path(number).read_bytes()))
    except FileNotFoundError:
        return None


def all_releases():
    """Every release, newest first."""
    there = folder()
    numbers = [int(entry.name) for entry in there.iterdir() if entry.name.isdecimal()] if there.is_dir() else []
    return [release for number in sorted(numbers, reverse=True) if (release := get(number))]


def heads():
    """Yield (name, edition, digest) of every release on this disk; of one that cannot be read, no edition and no digest."""
    there = folder()
    for number in (
        sorted(int(entry.name) for entry in there.iterdir() if entry.name.isdecimal()) if there.is_dir() else ()
    ):
        try:
            release = get(number)
        except (ValueError, TypeError, OSError):
            yield f"Release {number}, whose {MANIFEST} cannot be read", None, ""
            continue
        if release:
            yield f"Release {number}", release.edition, release.digest


def sealed_in(release):
    """The seals put on what a release holds, since it was made."""
    return list(
        Seal.objects.filter(edition_id__gt=release.edition, version__edition_id__lte=release.edition)
        .select_related("edition")
        .order_by("edition_id", "version_id")
    )


# Answers


def list_page(request, moment):
    context = {"section": "data", "releases": all_releases()}
    return page(request, "promises/releases.html", context, moment=moment)


def release_page(request, number, moment):
    release = _found(number)
    seals = sealed_in(release)
    context = {"section": "data", "release": release, "seals": seals, "canonical": public(release.path)}
    return page(request, "promises/release.html", context, moment=moment, status=451 if seals else 200)


def release_file(request, number, name, moment):
    """The file of a release, or its manifest; of one that holds what was sealed since, its page, which says so."""
    release = _found(number)
    if name not in (release.file, MANIFEST):
        raise Http404(f"Release {number} has no file {name}. Its file is {release.file}.")
    if sealed_in(release):
        return release_page(request, number, moment)
    file = manifest_path(number).with_name(name).open("rb")
    response = FileResponse(file, as_attachment=name != MANIFEST, filename=name)
    return open_to_all(response, canonical=f"{release.path}{name}")


def _found(number):
    release = get(number)
    if release is None:
        raise Http404(f"There is no release {number}. All are listed at /data/releases/.")
    return release


def about(edition):
    """What a release says of the edition it holds."""
    return {
        "edition": edition.number,
        "published_at": written(edition.published_at),
        "as_of": edition.published_on.isoformat(),
        "digest": edition.digest,
    }
