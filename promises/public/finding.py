"""Which version of which promise an address means, and what is answered where there is none to show."""

from dataclasses import dataclass
from functools import cached_property, partial, wraps

from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect
from django.utils import timezone

from promises.dates import in_words
from promises.public.asking import BadQuestion, Moment, moment_asked
from promises.public.columns import LICENCE
from promises.public.log import line_of, log_of, seal_of, version_path, versions_of
from promises.public.responses import json_data, page, public
from promises.public.story import Link, Story
from promises.record.version import Version, promise_of


@dataclass(frozen=True)
class Found:
    """The version that an address means, beside the one that stands today."""

    current: Version
    version: Version
    moment: Moment
    is_pinned: bool
    """Whether the reader named the version."""

    @property
    def slug(self):
        """The slug of today, under which every address of the promise is."""
        return self.current.slug

    @property
    def path(self):
        return f"/promises/{self.slug}/"

    @property
    def version_path(self):
        return version_path(self.slug, self.version.number)

    @property
    def is_current(self):
        return self.version.number == self.current.number

    @property
    def title(self):
        """The title, if the law lets us show it."""
        return "A sealed promise" if seal_of(self.version) else self.version.document["title"]

    @cached_property
    def line(self):
        """The version shown, as a line of the log."""
        return line_of(self.version, self.slug)

    @cached_property
    def story(self):
        return Story(
            self.version.document,
            day=self.moment.day,
            today=self.moment.today,
            published=self.version.edition.published_on,
            slug=self.slug,
        )

    @cached_property
    def log(self):
        """Every version of the promise, newest first; one query."""
        return log_of(self.current.promise_id, self.slug)


class Unavailable(Exception):
    """What is asked for is known, and not to be had: status, sentence, and what else there is to say."""

    def __init__(self, status, sentence, *, title="", reason="", instead=None):
        self.status, self.sentence = status, sentence
        self.title, self.reason, self.instead = title, reason, instead
        super().__init__(sentence)


def asked_for(request, current, moment, path):
    """The version that the query names, or the one that the edition asked for left; what is withdrawn is gone."""
    number = _number_asked(request.GET, moment)
    version = _in_edition(current, moment) if number is None else _numbered(current, number)
    if version is None:
        raise BadQuestion({"version": [f"There is no version {number}. The latest is {current.number}."]})
    if _open(version).is_withdrawal:
        raise _withdrawn(version)
    return Found(current, version, moment, is_pinned=number is not None)


def in_path(request, current, moment, path):
    """The version that the path names, which stays when its promise is withdrawn."""
    number = path.pop("number")
    version = _numbered(current, number)
    if version is None:
        raise Http404(f"There is no version {number} of this promise. The latest is {current.number}.")
    return Found(current, _open(version), moment, is_pinned=True)


def any_state(request, current, moment, path):
    """The latest version, whatever became of it: for what shows none of its text."""
    return Found(current, current, moment, is_pinned=False)


def of_promise(view=None, *, finds=asked_for):
    """Give a view the `Found` that its slug means, and answer for it, in its format, where there is none.

    Slugs of old redirect, what is withdrawn answers 410, what is sealed 451.
    """
    if view is None:
        return partial(of_promise, finds=finds)

    @wraps(view)
    def answered(request, slug, format="html", **path):
        moment = moment_asked(request.GET, today=timezone.localdate())
        current = _current(slug)
        if current.slug != slug:
            return HttpResponsePermanentRedirect(_moved(request.get_full_path(), slug, current.slug))
        try:
            response = view(request, finds(request, current, moment, path), format=format, **path)
        except Unavailable as unavailable:
            response = _answer(request, unavailable, current, moment, format)
        response["Surrogate-Key"] = f"promise-{current.promise_id}"  # by which a cache in front can drop it
        return response

    return answered


def _current(slug):
    promise_id = promise_of(slug)
    if promise_id is None:
        raise Http404(f"No promise has the key “{slug}”.")
    return versions_of(promise_id).first()


def _moved(path, old, new):
    """The same address, with its query, under the slug of today."""
    return path.replace(f"/promises/{old}", f"/promises/{new}", 1)


def _number_asked(data, moment):
    """The number in the query's `version`; None where it is not given."""
    given = data.get("version", "").strip()
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise BadQuestion({"version": ["Write the version as a whole number."]})
    if moment.asked_edition:
        raise BadQuestion({"version": ["“version” and “edition” both say what to answer from. Give one of them."]})
    return int(given)


def _withdrawn(version):
    document = version.document
    sentence = f"This promise was withdrawn on {in_words(version.edition.published_on)}."
    return Unavailable(410, sentence, title=document["title"], reason=document["withdrawn"])


def _numbered(current, number):
    return current if number == current.number else versions_of(current.promise_id).filter(number=number).first()


def _in_edition(current, moment):
    """The version as the edition asked for left it."""
    if current.edition_id <= moment.number:
        return current
    version = versions_of(current.promise_id).filter(edition_id__lte=moment.number).first()
    if version is None:
        first = versions_of(current.promise_id).last().edition
        raise Unavailable(
            404,
            f"In edition {moment.number} this promise had not been published. It came with edition {first.number}, "
            f"on {in_words(first.published_on)}.",
            title="Not yet published",
            instead=Link("The promise as it is published today", f"/promises/{current.slug}/"),
        )
    return version


def _open(version):
    """The version, if the law lets us show it."""
    if seal := seal_of(version):
        raise Unavailable(
            451,
            f"Version {version.number} was sealed on {in_words(seal.edition.published_on)}: the law forbids us to show it.",
            title="Sealed",
            reason=seal.reason,
        )
    return version


# What is answered instead

PAGES = {404: "promises/unpublished.html", 410: "promises/gone.html", 451: "promises/sealed.html"}


def _answer(request, unavailable, current, moment, format):
    """The answer in the format asked for: page, JSON, or one sentence."""
    status = unavailable.status
    log = [] if status == 404 else log_of(current.promise_id, current.slug)
    if format == "html":
        return page(
            request,
            PAGES[status],
            {"unavailable": unavailable, "log": log, "path": f"/promises/{current.slug}/"},
            moment=moment,
            status=status,
        )
    if format == "json":
        return json_data(_as_data(unavailable, log), status=status)
    words = f"{unavailable.sentence} {unavailable.reason}".strip()
    return HttpResponse(words + "\n", content_type="text/plain; charset=utf-8", status=status)


def _as_data(unavailable, log):
    instead = unavailable.instead
    return {
        "licence": LICENCE,
        "errors": {"promise": [unavailable.sentence]},
        "reason": unavailable.reason or None,
        "instead": public(instead.path) if instead else None,
        "versions": [
            {
                "number": line.number,
                "published_at": line.published.iso,
                "kind": line.kind.value,
                "note": line.note,
                "url": public(line.path),
            }
            for line in log
        ],
    }
