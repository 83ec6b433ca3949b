"""What was published, when and as what: versions as lines of a log."""

from dataclasses import dataclass

from promises.dates import in_words
from promises.public.story import When, moment_in_words
from promises.record.edition import Edition
from promises.record.edition import moment as written
from promises.record.version import Version
from promises.statuses import Kind

CORRECTIONS = (Kind.MINOR_CORRECTION, Kind.MAJOR_CORRECTION)


@dataclass(frozen=True, slots=True)
class Line:
    """One version in the log; `slug` is the one under which the promise is found today, where that is known."""

    slug: str
    number: int
    kind: Kind
    note: str
    edition: Edition
    is_sealed: bool

    @property
    def path(self):
        return version_path(self.slug, self.number)

    @property
    def number_before(self):
        return self.number - 1

    @property
    def is_correction(self):
        return self.kind in CORRECTIONS

    @property
    def is_major(self):
        return self.kind is Kind.MAJOR_CORRECTION

    @property
    def published(self):
        return When(moment_in_words(self.edition.published_at), written(self.edition.published_at))

    @property
    def published_on(self):
        return in_words(self.edition.published_on)


def version_path(slug, number):
    return f"/promises/{slug}/versions/{number}/"


def versions_of(promise_id):
    """The versions of one promise, newest first, each with its edition and its seal."""
    return Version.objects.of_promise(promise_id).select_related("edition", "seal__edition").order_by("-number")


def log_of(promise_id, slug):
    """Every version of a promise as lines, newest first; one query, and no text is fetched."""
    return [line_of(version, slug) for version in versions_of(promise_id).defer("snapshot_text")]


def line_of(version, slug):
    sealed = seal_of(version) is not None
    return Line(slug, version.number, Kind(version.kind), "" if sealed else version.note, version.edition, sealed)


def seal_of(version):
    """The seal that the law put on a version; None where it is open."""
    return getattr(version, "seal", None)
