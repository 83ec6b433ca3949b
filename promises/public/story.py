"""A promise's document turned into what its page shows: a snapshot in, light objects with finished texts out.

Nothing here touches the database, so that the desk can show a page exactly as it will be.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

from django.utils import timezone
from django.utils.http import urlencode

from promises import reference
from promises.dates import Day, in_words
from promises.public import charts, figures
from promises.statuses import Reason, SourceKind, Status
from promises.text import word_diff

LONG_AGO = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class When:
    """A day for people and, in `iso`, for machines."""

    words: str
    iso: str

    def __str__(self):
        return self.words

    @property
    def in_a_sentence(self):
        """`on 4 October 2023`, `in October 2023`."""
        return f"{'on' if len(self.iso) == 10 else 'in'} {self.words}"


def when(day):
    """Return a day, known as well as it is, for showing; None where there is none."""
    if not day:
        return None
    day = Day(day)
    return When(day.in_words(), str(day))


def moment_in_words(moment):
    """`31 March 2026, 09:12`, in British time."""
    local = timezone.localtime(moment)
    return f"{in_words(local.date())}, {local:%H:%M}"


def in_a_row(labels):
    """`smaller, later`: labels within a sentence."""
    return ", ".join(label[:1].lower() + label[1:] for label in labels)


@dataclass(frozen=True, slots=True)
class Link:
    """Words and the path they lead to."""

    words: str
    path: str


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A source as it stands under what it bears out, with what the citation says of it."""

    key: str
    title: str
    publisher: str
    url: str
    published: When | None
    kind: str
    via: str
    copy_of: str
    archived_url: str
    archived_on: When | None
    locator: str = ""
    quoted: str = ""
    cited_for: tuple = ()


@dataclass(frozen=True, slots=True)
class UpdateStory:
    """Something that happened to a promise, with its sources."""

    number: int
    day: When
    status: Status
    reasons: tuple
    headline: str
    explanation: str
    sources: tuple
    withdrawn: str
    path: str
    counts_from: date

    @property
    def anchor(self):
        return f"update-{self.number}"

    @property
    def reason(self):
        return in_a_row(self.reasons)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of equal statuses; `until` is empty for the present one."""

    status: Status
    since: When
    until: When | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the promise stands, why it earned that, what came last, and the verdicts it had before."""

    status: Status
    since: When
    reasons: tuple
    earned: UpdateStory
    latest: UpdateStory | None
    earlier: tuple

    @property
    def reason(self):
        return in_a_row(self.reasons)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number promised or delivered; `width` is the length of its bar in hundredths, None where none is drawn."""

    words: str
    width: str | None
    day: When | None = None


@dataclass(frozen=True, slots=True)
class MeasureStory:
    """A number promised beside the number delivered."""

    name: str
    promised: Figure
    delivered: Figure
    basis: str
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class WordingStory:
    """How the promise was rewritten on a day, word by word."""

    day: When
    before: tuple
    after: tuple
    is_first: bool
    source: SourceLine


@dataclass(frozen=True, slots=True)
class ReplyStory:
    """What the government said in answer."""

    day: When
    by: str
    text: str
    source: SourceLine


class Story:
    """What the page of one document shows as of a day.

    `today` is the reader's; `published` the British day on which the document was published (for
    one that is not yet: today): what is known to the month only counts from then at the latest.
    `slug` is the one of today, where the document has one of old.
    """

    def __init__(self, document, *, day, today, published, slug=""):
        self.document, self.day, self.today, self.published = document, day, today, published
        self.slug = slug or document["slug"]

    @cached_property
    def explained(self):
        """The glossary's terms that the page has explained so far: the template adds to it as it goes."""
        return set()

    # What it is about

    @property
    def path(self):
        return f"/promises/{self.slug}/"

    @property
    def title(self):
        return self.document["title"]

    @property
    def summary(self):
        return self.document["summary"]

    @property
    def success_test(self):
        return self.document["success_test"]

    @cached_property
    def theme(self):
        theme = self.document["theme"]
        return Link(theme["name"], f"/themes/{theme['slug']}/")

    # How it stands

    @cached_property
    def standing(self):
        """The stretch that holds on the day; None before the promise was made."""
        return self.document.standing(self.day)

    @property
    def is_made(self):
        return self.standing is not None

    @property
    def day_in_words(self):
        return in_words(self.day)

    @property
    def status(self):
        return self.standing.status if self.standing else None

    @property
    def made_on(self):
        return when(self.document["made_on"])

    @cached_property
    def verdict(self):
        """The banner; None before the promise was made."""
        if not self.standing:
            return None
        earned = self.document.earning(self.day)
        last = self.standing.update
        return Verdict(
            status=self.status,
            since=when(self.standing.since),
            reasons=_reasons(last),
            earned=self._update(earned),
            latest=self._update(last) if last is not earned else None,
            earlier=tuple(run for run in self.runs[:-1] if run.status.is_verdict),
        )

    @cached_property
    def runs(self):
        """The runs of equal statuses up to the day, oldest first."""
        runs = []
        for span in self.document.spans:
            if span.begins > self.day or span.begins == span.until:
                continue
            if runs and runs[-1].status is span.status:
                continue
            since = when(span.since)
            if runs:
                runs[-1] = replace(runs[-1], until=since)
            runs.append(Run(span.status, since, None))
        return tuple(runs)

    @cached_property
    def strip(self):
        """The runs drawn along the years, from the making to the day."""
        runs = self.document.runs(self.day)
        return charts.strip(runs, (runs[0][1], self.day)) if runs else ""

    @property
    def strip_ends(self):
        """The first and the last day that the strip draws, in words."""
        return self.made_on.words, in_words(self.day)

    # What happened

    @cached_property
    def updates(self):
        """The history, newest first, the withdrawn ones struck through among them."""
        return tuple(self._update(update) for update in reversed(self.document.updates_by(self.day)))

    def update(self, number):
        """The update of that number, of any day; None where there is none."""
        for update in self.document["updates"]:
            if update["number"] == number:
                return self._update(update)
        return None

    def _update(self, update):
        notes = {citation["source"]: citation for citation in update["citations"]}
        return UpdateStory(
            number=update["number"],
            day=when(update["date"]),
            status=Status(update["status"]),
            reasons=_reasons(update),
            headline=update["headline"],
            explanation=update["explanation"],
            sources=tuple(self._source(key, notes.get(key)) for key in dict.fromkeys(update["sources"])),
            withdrawn=update.get("withdrawn", ""),
            path=f"{self.path}updates/{update['number']}/",
            counts_from=date.fromisoformat(update["counts_from"]),
        )

    # In its maker's words

    @property
    def quote(self):
        return self.document["quote"]

    @property
    def quote_source(self):
        key = self.document["quote_source"]
        return self._source(key) if key else None

    @cached_property
    def wordings(self):
        """How it was rewritten by the day, in the record's order."""
        known = [row for row in self.document["wording_changes"] if self._has_come(row["date"])]
        return tuple(
            WordingStory(
                day=when(row["date"]),
                before=tuple(piece for piece in steps if piece[0] <= 0),
                after=tuple(piece for piece in steps if piece[0] >= 0),
                is_first=at == 0,
                source=self._source(row["source"]),
            )
            for at, (row, steps) in enumerate((row, word_diff(row["before"], row["after"])) for row in known)
        )

    # Promised and delivered

    @cached_property
    def measures(self):
        return tuple(self._measure(target) for target in self.document["targets"])

    def _measure(self, target):
        promised, delivered = target["promised"], target["delivered"]
        come = self._has_come(target["as_of"])
        widths = _widths(promised, delivered if come else None)
        return MeasureStory(
            name=target["measure"],
            promised=Figure(_said(promised, target["unit"], "no number was promised"), widths[0]),
            delivered=Figure(
                _said(delivered, target["unit"], "no figure found") if come else f"no figure by {in_words(self.day)}",
                widths[1],
                when(target["as_of"]) if come else None,
            ),
            basis=target["basis"] or "",
            source=self._source(target["source"]) if target["source"] else None,
        )

    # What the government said in answer

    @cached_property
    def reply(self):
        reply = self.document["reply"]
        if not reply or not self._has_come(reply["date"]):
            return None
        return ReplyStory(when(reply["date"]), reply["by"], reply["text"], self._source(reply["source"]))

    # Facts

    @property
    def made_by(self):
        return self.document["made_by"]

    @cached_property
    def makers(self):
        """Links to the other promises of those who made it."""
        people = reference.people()
        return tuple(
            Link(people.label(key), f"/?{urlencode({'by': key})}") for key in people.keys_of(self.document["made_by"])
        )

    @property
    def made_in(self):
        return self.document["made_in"]

    @property
    def due(self):
        return when(self.document["due_on"])

    @property
    def is_overdue(self):
        """Whether the day it was promised for has passed without a verdict."""
        due = self.document["due_on"]
        return bool(due and self.status is Status.IN_PROGRESS and Day(due).last_day < self.day)

    @cached_property
    def department(self):
        key = reference.departments().key_of(self.document["department"])
        return Link(self.document["department"], f"/?{urlencode({'department': key})}")

    @property
    def department_name(self):
        """Its full name, where that is another than the one written."""
        departments = reference.departments()
        name = departments.full_name(departments.key_of(self.document["department"]))
        return "" if name.casefold() == self.document["department"].casefold() else name

    @cached_property
    def places(self):
        """Its regions, then its places."""
        return tuple(
            Link(place["name"], f"/places/{place['slug']}/")
            for place in self.document["regions"] + self.document["places"]
        )

    @property
    def related_slugs(self):
        return self.document["related"]

    # Sources

    @cached_property
    def sources(self):
        """All sources of what the page shows, each with the claims it is cited for."""
        hidden = self._cited_later_only
        return tuple(
            self._source(source["id"], claims=source["claims"])
            for source in self.document["sources"]
            if source["id"] not in hidden
        )

    @cached_property
    def _cited_later_only(self):
        """Keys of sources that are cited, but only by what came after the day."""
        document, everything, shown = self.document, set(), set()
        cited = [(row["source"], self._has_come(row["date"])) for row in document["wording_changes"]]
        cited += [(row["source"], self._has_come(row["as_of"])) for row in document["targets"]]
        cited += [(document["quote_source"], True)]
        if reply := document["reply"]:
            cited += [(reply["source"], self._has_come(reply["date"]))]
        day = self.day.isoformat()
        cited += [(key, update["counts_from"] <= day) for update in document["updates"] for key in update["sources"]]
        for key, is_shown in cited:
            everything.add(key)
            if is_shown:
                shown.add(key)
        return everything - shown

    def _source(self, key, citation=None, *, claims=()):
        source, citation = self.document.source(key), citation or {}
        return SourceLine(
            key=key,
            title=source["title"],
            publisher=source["publisher"],
            url=source["url"],
            published=when(source["published"]),
            kind=SourceKind(source["kind"]).label,
            via=source["via"] or "",
            copy_of=source["copy_of"] or "",
            archived_url=source["archived_url"] or "",
            archived_on=when(source["archived_on"]),
            locator=citation.get("locator") or "",
            quoted=citation.get("quoted") or "",
            cited_for=tuple([citation["note"]] if citation.get("note") else claims),
        )

    # As data

    @cached_property
    def snapshot_by_day(self):
        """The snapshot without what came after the day; the very same where nothing did."""
        snapshot, day = self.document.snapshot, self.day.isoformat()
        reply = snapshot["reply"]
        cut = {
            **snapshot,
            "updates": [update for update in snapshot["updates"] if update["counts_from"] <= day],
            "wording_changes": [row for row in snapshot["wording_changes"] if self._has_come(row["date"])],
            "targets": [
                row if self._has_come(row["as_of"]) else {**row, "delivered": None, "as_of": None}
                for row in snapshot["targets"]
            ],
            "reply": reply if reply and self._has_come(reply["date"]) else None,
            "sources": [row for row in snapshot["sources"] if row["id"] not in self._cited_later_only],
        }
        return snapshot if cut == snapshot else cut

    # When somebody last looked

    @property
    def checked_on(self):
        return when(self.document["checked_on"])

    @property
    def was_checked_long_ago(self):
        checked = self.document["checked_on"]
        return bool(checked) and self.today - date.fromisoformat(checked) > LONG_AGO

    def _has_come(self, day):
        """Whether a day known as it is counts by the day asked for; what has no day of its own always does."""
        return not day or Day(day).counts_from(published=self.published) <= self.day


def _reasons(update):
    return tuple(Reason(key).label for key in update["reason"])


def _said(value, unit, otherwise):
    return otherwise if value is None else figures.in_words(value, unit)


def _widths(promised, delivered):
    """The lengths of the two bars in hundredths of the longer; None where there is nothing to compare."""
    if promised is None or delivered is None:
        return None, None
    sizes = Decimal(promised), Decimal(delivered)
    longest = max(map(abs, sizes))
    if not longest or min(sizes) < 0 < max(sizes):
        return None, None
    return tuple(figures.plain(round(abs(size) * 100 / longest, 2)) for size in sizes)
