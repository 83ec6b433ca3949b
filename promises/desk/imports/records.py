"""Files to records and back: reads, checks everything, says every problem at once; knows no database."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from promises import reference
from promises.dates import Day
from promises.desk import rules
from promises.desk.imports.yaml_form import (
    Fields,
    FormError,
    Items,
    Text,
    Unreadable,
    number_text,
    read_tree,
    spoken,
    write_tree,
)
from promises.statuses import Reason, SourceKind, Status, Theme, reasons_problem

MOST_BYTES = 32 * 1024 * 1024
"""The largest file that is read: some eight thousand records."""

# Each record has the fields of the file, in the order in which they are written there.
# A field with a default is left out of the file while it has it.


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """A claim that a source bears out; how it was read is the researcher's own note."""

    claim: str
    read: str = ""
    how: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecord:
    """A document, under the short key by which its record cites it."""

    id: str
    title: str
    publisher: str
    url: str
    published: Day | None
    kind: str
    via: str = ""
    copy_of: str = ""
    archived_url: str = ""
    archived_on: Day | None = None
    evidence: tuple[EvidenceRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationRecord:
    """The tie between an update and a source; in a file just the source's key while there is no more to say."""

    source: str
    locator: str = ""
    quoted: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRecord:
    """Something that happened, and the status it earned; without a number it is new."""

    number: int | None = None
    date: Day
    status: str
    reason: tuple[str, ...] = ()
    headline: str
    explanation: str
    sources: tuple[CitationRecord, ...]
    withdrawn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRecord:
    """A number promised against the number delivered; either may be unknown."""

    measure: str
    unit: str
    promised: Decimal | None
    delivered: Decimal | None
    as_of: Day | None
    basis: str
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingRecord:
    """How the promise itself was rewritten on a day."""

    date: Day
    before: str
    after: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRecord:
    """What the government said in answer."""

    date: Day
    by: str
    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A promise as a file holds it; `file` and `line` say where it began.

    `based_on` is the beginning of the digest that the desk's copy had when the file was written, if
    the file says so.
    """

    slug: str
    former_slugs: tuple[str, ...] = ()
    title: str
    summary: str
    quote: str = ""
    quote_source: str = ""
    success_test: str
    theme: str
    regions: tuple[str, ...]
    places: tuple[str, ...]
    made_by: str
    department: str
    made_on: Day
    made_in: str
    due_on: Day | None
    targets: tuple[MeasureRecord, ...]
    wording_changes: tuple[WordingRecord, ...]
    updates: tuple[UpdateRecord, ...]
    sources: tuple[SourceRecord, ...]
    related: tuple[str, ...]
    checked_on: Day | None
    reply: ReplyRecord | None = None
    based_on: str = field(default="", compare=False, repr=False)
    file: str = field(default="", compare=False, repr=False)
    line: int = field(default=0, compare=False, repr=False)

    def note_of(self, citation):
        """Return what the source is cited for: the note, or the claims noted with it if one update alone cites it."""
        if citation.note:
            return citation.note
        citing = sum(cited.source == citation.source for update in self.updates for cited in update.sources)
        if citing != 1:
            return ""
        claims = (row.claim for source in self.sources if source.id == citation.source for row in source.evidence)
        return "; ".join(claims)


MOST_CHARACTERS = {
    EvidenceRecord: {"claim": 1000, "read": 2000, "how": 60, "address": 60},
    SourceRecord: {"title": 300, "publisher": 200, "via": 200, "copy_of": 300},
    CitationRecord: {"locator": 200, "quoted": 1000, "note": 1000},
    UpdateRecord: {
        "headline": rules.HEADLINE_MOST,
        "explanation": rules.TEXT_MOST,
        "withdrawn": 1000,
    },
    MeasureRecord: {"measure": 200, "unit": 60, "basis": 1000},
    WordingRecord: {"before": 600, "after": 600},
    ReplyRecord: {"by": 200, "text": rules.TEXT_MOST},
    Record: {
        "title": rules.TITLE_MOST,
        "summary": rules.TEXT_MOST,
        "quote": 600,
        "success_test": rules.TEXT_MOST,
        "made_by": 200,
        "department": 100,
        "made_in": 200,
    },
}
"""The longest text of each field: as long as the desk's own columns, which a test compares."""

NAMES = {kind: tuple(column.name for column in fields(kind) if column.compare) for kind in MOST_CHARACTERS}
KNOWN = {kind: frozenset(names) for kind, names in NAMES.items()}
KNOWN[Record] |= {"based_on"}
NEED_NOT_BE_GIVEN = {
    "due_on", "published", "promised", "delivered", "as_of", "basis", "places", "targets", "wording_changes", "related",
    "checked_on",
}  # fmt: skip
"""Fields without a default that a file may leave out all the same: null, or an empty list."""


class Problem(NamedTuple):
    """Why a file is refused: which one, on which line, in which record, and in a sentence what to do."""

    file: str
    line: int
    where: str
    message: str

    def __str__(self):
        return ": ".join(part for part in (_place(self.file, self.line), self.where, self.message) if part)


def _place(file, line):
    return ", ".join(part for part in (file, spoken(line)) if part)


class Reading(NamedTuple):
    """What the files held: the records without a problem, and all problems."""

    records: tuple[Record, ...]
    problems: tuple[Problem, ...]


# Reading


def yaml_nodes(name, data):
    """Return the promises of a YAML file as (name, node); one node, `Unreadable`, where it is none."""
    try:
        nodes = _promises_of(_tree_of(data))
    except FormError as error:
        nodes = [Unreadable(str(error), error.line)]
    return [(name, node) for node in nodes]


def read(paths, *, today, known_slugs=frozenset(), nodes_of=yaml_nodes):
    """Read files, and folders of YAML files, into records.

    `known_slugs` may be related to, though no file holds them; `nodes_of` knows the form of the files.
    """
    paths = [paths] if isinstance(paths, str | Path) else list(paths)
    files, problems = [], []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(file for file in path.iterdir() if file.suffix in {".yaml", ".yml"} and file.is_file())
            if not inside:
                problems.append(Problem(str(path), 0, "", "There is no .yaml file in this folder."))
            files += inside
        elif path.is_file():
            files.append(path)
        else:
            problems.append(Problem(str(path), 0, "", "There is no such file or folder."))
    reading = read_files(
        ((str(file), _bytes_of(file)) for file in files), today=today, known_slugs=known_slugs, nodes_of=nodes_of
    )
    return Reading(reading.records, (*problems, *reading.problems))


def _bytes_of(path):
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def read_files(files: Iterable[tuple[str, bytes]], *, today, known_slugs=frozenset(), nodes_of=yaml_nodes):
    """Read files, given as (name, bytes), into records."""
    found, problems, places = [], [], Counter()
    for name, node in chain.from_iterable(nodes_of(*file) for file in files):
        if type(node) is Unreadable:
            problems.append(Problem(name, node.line, node.where, node.why))
            continue
        places[name] += 1
        check = RecordCheck(name, f"promise {places[name]}", today)
        found.append((check, check.record(node)))
        problems += sorted(check.problems, key=lambda problem: problem.line)
    problems += _problems_between(found, known_slugs)
    refused = {(problem.file, problem.where) for problem in problems}
    records = tuple(
        record for check, record in found if record and not check.problems and (check.file, record.slug) not in refused
    )
    return Reading(records, tuple(problems))


def _tree_of(data):
    if len(data) > MOST_BYTES:
        raise FormError(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it.", 0)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormError(
            f"Byte 0x{data[error.start]:02X} at position {error.start} is not UTF-8. Save the file as UTF-8.", line
        ) from None
    return read_tree(data)


def _promises_of(tree):
    """Return the nodes of a file's records: it is one record, or a list of them under `promises`."""
    if tree is None or (type(tree) is Text and not tree.value):
        raise FormError("The file is empty.", 0)
    if type(tree) is not Fields:
        raise FormError("A file holds the fields of one promise, or a list of promises under “promises:”.", tree.line)
    if "promises" not in tree.value:
        return [tree]
    if others := [name for name in tree.value if name != "promises"]:
        raise FormError(
            f"“{others[0][:40]}” stands beside “promises”. A file of many holds only their list.", tree.line
        )
    if tree.twice:
        raise FormError("“promises” is given twice. Make it one list.", tree.twice[0][1])
    listed = tree.value["promises"]
    if type(listed) is not Items:
        raise FormError("“promises” is not a list. Begin each promise with “- slug:”.", listed.line)
    return listed.value


def _problems_between(found, known_slugs):
    """Yield what is wrong between records: keys used twice, relations to nothing."""
    holders = {}
    for check, _ in found:
        for slug, line in check.slugs:
            if slug in holders:
                first = holders[slug]
                message = f"The key “{slug}” is used already in {_place(*first)}. Each promise needs its own."
                yield Problem(check.file, line, check.name, message)
            else:
                holders[slug] = (check.file, line)
    own = {check.slugs[0][0] for check, _ in found if check.slugs}
    for check, _ in found:
        for slug, line in check.related:
            if slug not in own and slug not in known_slugs:
                message = f"related names “{slug}”, which is no promise here. Correct it or leave it out."
                yield Problem(check.file, line, check.name, message)
    yield from _sources_told_twice(found)


def _sources_told_twice(found):
    """Yield sources that two records tell of in different ways: they are one row, and one of the two would be lost."""
    first = {}
    for check, record in found:
        for source in record.sources if record else ():
            told = first.setdefault((source.url, source.title, source.published), (check, source))
            if told[1] is source:
                continue
            for name in SHARED:
                here, there = getattr(source, name), getattr(told[1], name)
                if here != there:
                    message = (
                        f"The source “{source.title}” has the {name} “{here or ''}” here, and “{there or ''}” in "
                        f"{told[0].name}. It is one document: tell of it in one way."
                    )
                    yield Problem(check.file, record.line, check.name, message)


SHARED = ("publisher", "kind", "via", "copy_of", "archived_url", "archived_on")
"""What is said of a source in every promise alike; its address, title and day tell it from others."""


MARKUP_OR_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f<\u202a-\u202e\u2066-\u2069\ufeff]")
"""A quick look: only a text that has one of these is worth a slow one."""

SURELY_AN_ADDRESS = re.compile("https?://[A-Za-z0-9.-]+(/[!-~]*)?")
"""A quick look: an address of another form is worth a slow one, and so is a very long one."""

VALUES = {choices: frozenset(choices.values) for choices in (Status, SourceKind, Theme)}
known_reasons_problem = lru_cache(maxsize=1024)(reasons_problem)

NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
SLUG = re.compile(rules.SLUG_PATTERN)
SHOWN = 40
ABSENT = Text(None, 0)


class RecordCheck:
    """Turns the tree of one promise into a `Record`, and notes every problem on the way."""

    def __init__(self, file, name, today):
        self.file = file
        self.name = name
        self.today = today
        self.today_in_iso = today.isoformat()
        self.problems = []
        self.slugs = []
        self.related = []
        self.part = ""

    def refuse(self, line, message):
        """Note a problem on a line, in the part of the record that is being read."""
        self.problems.append(Problem(self.file, line, self.name + self.part, message))

    def record(self, node):
        """Return the promise; `None` where it has a problem."""
        if type(node) is not Fields:
            self.refuse(node.line, "This is not a promise. Write its fields, beginning with “slug:”.")
            return None
        slug = node.value.get("slug", ABSENT)
        if type(slug) is Text and slug.value and SLUG.fullmatch(slug.value.strip()[: rules.SLUG_MOST]):
            self.name = slug.value.strip()[: rules.SLUG_MOST]
        self.known_fields(node, Record)
        slug = self.slug(node, "slug")
        if slug:
            self.slugs.append((slug, node.value["slug"].line))
        former_slugs = self.slugs_in(node, "former_slugs")
        self.slugs += former_slugs
        self.related = self.slugs_in(node, "related")
        for other, line in self.related:
            if other == slug:
                self.refuse(line, f"related names “{other}” itself. Leave it out.")
        made_on = self.day(node, "made_on")
        sources = self.each(node, "sources", "source", self.source)
        ids = self.source_ids(node)
        record = dict(
            self.texts(node, Record),
            slug=slug,
            former_slugs=tuple(former for former, _ in former_slugs),
            quote_source=self.cited(node, "quote_source", ids, optional=True) or "",
            theme=self.choice(node, "theme", Theme),
            regions=self.regions(node),
            places=self.places(node),
            made_on=made_on,
            due_on=self.day(node, "due_on", optional=True, future=True),
            targets=self.each(node, "targets", "target", self.measure, ids),
            wording_changes=self.each(node, "wording_changes", "wording change", self.wording, ids),
            updates=self.each(node, "updates", "update", self.update, ids),
            sources=sources,
            related=tuple(other for other, _ in self.related),
            checked_on=self.day(node, "checked_on", optional=True, full=True),
            reply=self.reply(node, ids),
            based_on=self.scalar(node, "based_on", optional=True),
            file=self.file,
            line=node.line,
        )
        if bool(node.value.get("quote", ABSENT).value) != bool(node.value.get("quote_source", ABSENT).value):
            self.refuse(node.line, "quote and quote_source come together. Give both or neither.")
        self.words(node, "quote", record["quote"], rules.QUOTE_WORDS_MOST)
        self.history(node, made_on, record["updates"])
        return None if self.problems else Record(**record)

    # The parts of a promise

    def source(self, node):
        self.known_fields(node, SourceRecord)
        return dict(
            self.texts(node, SourceRecord),
            id=self.slug(node, "id"),
            url=self.address(node, "url"),
            published=self.day(node, "published", optional=True),
            kind=self.choice(node, "kind", SourceKind),
            archived_url=self.address(node, "archived_url", optional=True),
            archived_on=self.day(node, "archived_on", optional=True, full=True),
            evidence=self.each(node, "evidence", "evidence", self.evidence),
        ), SourceRecord

    def evidence(self, node):
        self.known_fields(node, EvidenceRecord)
        return self.texts(node, EvidenceRecord), EvidenceRecord

    def update(self, node, ids):
        self.known_fields(node, UpdateRecord)
        status = self.choice(node, "status", Status)
        reason = tuple(text for text, _ in self.listed(node, "reason"))
        if status and (problem := known_reasons_problem(status, reason)):
            self.refuse(node.value.get("reason", node).line, f"reason: {problem}")
        elif len(set(reason)) < len(reason):
            self.refuse(node.value["reason"].line, "reason names one thing twice. Name it once.")
        return dict(
            self.texts(node, UpdateRecord),
            number=self.count(node, "number"),
            date=self.day(node, "date"),
            status=status,
            reason=reason,
            sources=self.citations(node, ids),
        ), UpdateRecord

    def citations(self, node, ids):
        """Return an update's ties to sources, each given as a bare key or with its fields."""
        listed = self.items(node, "sources")
        if not listed:
            self.refuse(node.line, "sources is empty. An update needs at least one source.")
        citations, seen = [], set()
        for item in listed:
            if type(item) is Fields:
                self.known_fields(item, CitationRecord)
                given = dict(self.texts(item, CitationRecord), source=self.cited(item, "source", ids))
            else:
                given = {"source": self.cited_in(item, "sources", ids)}
            if given["source"] in seen:
                self.refuse(item.line, f"sources names “{given['source']}” twice. Name it once.")
            if given["source"]:
                seen.add(given["source"])
            citations.append(CitationRecord(**given))
        return tuple(citations)

    def measure(self, node, ids):
        self.known_fields(node, MeasureRecord)
        return dict(
            self.texts(node, MeasureRecord),
            promised=self.number(node, "promised"),
            delivered=self.number(node, "delivered"),
            as_of=self.day(node, "as_of", optional=True),
            source=self.cited(node, "source", ids, optional=True),
        ), MeasureRecord

    def wording(self, node, ids):
        self.known_fields(node, WordingRecord)
        texts = self.texts(node, WordingRecord)
        for name, text in texts.items():
            self.words(node, name, text, rules.WORDING_WORDS_MOST)
        return dict(texts, date=self.day(node, "date"), source=self.cited(node, "source", ids)), WordingRecord

    def reply(self, node, ids):
        reply = node.value.get("reply", ABSENT)
        if type(reply) is Text and reply.value is None:
            return None
        self.part = ", reply"
        try:
            if type(reply) is not Fields:
                self.refuse(reply.line, "reply is not a list of fields. Write date, by, text and source below it.")
                return None
            self.known_fields(reply, ReplyRecord)
            return ReplyRecord(
                **self.texts(reply, ReplyRecord),
                date=self.day(reply, "date"),
                source=self.cited(reply, "source", ids),
            )
        finally:
            self.part = ""

    def history(self, node, made_on, updates):
        """Refuse a history that does not begin with the making of the promise, or numbers one thing twice."""
        listed = node.value.get("updates", ABSENT)
        lines = [item.line for item in listed.value] if type(listed) is Items else []
        if not lines:
            self.refuse(listed.line or node.line, "updates is empty. The first update is the making of the promise.")
        if len(lines) != len(updates):
            return
        numbers = {}
        beginning = True
        for place, (line, update) in enumerate(zip(lines, updates, strict=True), start=1):
            self.part = f", update {place}"
            if update.number is not None and numbers.setdefault(update.number, place) != place:
                self.refuse(line, f"number is {update.number}, as in update {numbers[update.number]}. Numbers differ.")
            if update.date and made_on and update.date.last_day < made_on.first_day:
                self.refuse(
                    line, f"date is {update.date}, before the promise was made ({made_on}). Correct one of them."
                )
            if not update.withdrawn:
                if beginning:
                    self.beginning(line, update, made_on)
                elif Reason.MADE in update.reason:
                    self.refuse(line, "reason is “made”, which only the first update is. Give another.")
                beginning = False
        self.part = ""

    def beginning(self, line, update, made_on):
        if update.status and (update.status != Status.IN_PROGRESS or update.reason != (Reason.MADE,)):
            self.refuse(line, "The first update is the making of the promise: status in_progress, reason made.")
        elif update.date and made_on and update.date != made_on:
            self.refuse(
                line, f"date is {update.date}, but made_on is {made_on}. The first update is the making of the promise."
            )

    # Lists of keys

    def regions(self, node):
        known = reference.places()
        regions = []
        for slug, line in self.listed(node, "regions"):
            place = known.get(slug)
            if not place or not (place.is_region or place.is_whole_country):
                names = ", ".join(place.slug for place in known if place.is_region or place.is_whole_country)
                self.refuse(line, f"regions names “{slug[:SHOWN]}”. Known: {names}.")
            elif slug in regions:
                self.refuse(line, f"regions names “{slug}” twice. Name it once.")
            regions.append(slug)
        if not regions:
            self.refuse(node.value.get("regions", node).line, "regions is empty. Name at least one; [uk] is for all.")
        return tuple(regions)

    def places(self, node):
        """Return the names under which our list has the places, whichever spelling was written."""
        known = reference.places()
        names = []
        for name, line in self.listed(node, "places"):
            place = known.by_name(name)
            if not place:
                self.refuse(
                    line, f"places names “{name[:SHOWN]}”, which fixtures/places.yaml does not list. Add it there."
                )
            elif place.name in names:
                self.refuse(line, f"places names “{place.name}” twice. Name it once.")
            else:
                names.append(place.name)
        return tuple(names)

    def slugs_in(self, node, name):
        found = {}
        for text, line in self.listed(node, name):
            if problem := _slug_problem(text):
                self.refuse(line, f"{name} names “{text[:SHOWN]}”. {problem}")
            elif text in found:
                self.refuse(line, f"{name} names “{text}” twice. Name it once.")
            found.setdefault(text, line)
        return list(found.items())

    def source_ids(self, node):
        listed = node.value.get("sources", ABSENT)
        ids = {}
        for place, item in enumerate(listed.value if type(listed) is Items else (), start=1):
            text = item.value.get("id", ABSENT) if type(item) is Fields else ABSENT
            if type(text) is Text and text.value and ids.setdefault(text.value.strip(), place) != place:
                self.refuse(text.line, f"sources has the id “{text.value[:SHOWN]}” twice. Each needs its own.")
        return ids

    # Single fields

    def known_fields(self, node, kind):
        """Refuse names that are unknown, given twice or missing."""
        names = NAMES[kind]
        if not node.value.keys() <= KNOWN[kind]:
            for name, value in node.value.items():
                if name not in KNOWN[kind]:
                    self.refuse(value.line, f"“{name[:SHOWN]}” is not a field here. Known: {', '.join(names)}.")
        for name, line in node.twice:
            self.refuse(line, f"{name[:SHOWN]} is given twice. Keep one.")

    def texts(self, node, kind):
        """Return all plain texts of this kind of record, by name."""
        optional = OPTIONAL[kind]
        return {
            name: self.text(node, name, most, optional=name in optional) for name, most in MOST_CHARACTERS[kind].items()
        }

    def text(self, node, name, most, *, optional=False):
        text = self.scalar(node, name, optional=optional)
        if not text:
            return ""
        if len(text) > most:
            self.refuse(node.value[name].line, f"{name} has {len(text)} characters; at most {most} are allowed.")
        elif MARKUP_OR_CONTROL.search(text) and (problem := rules.text_problem(text)):
            self.refuse(node.value[name].line, f"{name} is “{text[:SHOWN]}”. {problem}")
        return text

    def scalar(self, node, name, *, optional):
        """Return the field's text, trimmed; an empty one where it is absent or refused."""
        value = node.value.get(name)
        if value is None:
            if not optional:
                self.refuse(node.line, f"{name} is missing.")
            return ""
        if type(value) is not Text:
            why = value.why if type(value) is Unreadable else "is a list or has fields of its own. Write one text."
            self.refuse(value.line, f"{name} {why}")
            return ""
        text = value.value.strip() if value.value else ""
        if not text and not optional:
            self.refuse(value.line, f"{name} is empty.")
        return text

    def slug(self, node, name):
        slug = self.scalar(node, name, optional=False)
        if slug and (problem := _slug_problem(slug)):
            self.refuse(node.value[name].line, f"{name} is “{slug[:SHOWN]}”. {problem}")
        return slug

    def choice(self, node, name, choices):
        text = self.scalar(node, name, optional=False)
        if text and text not in VALUES[choices]:
            self.refuse(node.value[name].line, f"{name} is “{text[:SHOWN]}”. Known: {', '.join(choices.values)}.")
            return ""
        return text

    def day(self, node, name, *, optional=False, future=False, full=False):
        text = self.scalar(node, name, optional=optional)
        if not text:
            return None
        line = node.value[name].line
        try:
            day = Day.parse(text)
        except ValueError as error:
            self.refuse(line, f"{name}: {error}")
            return None
        if full and day.precision != "day":
            self.refuse(line, f"{name} is {day}. Write the full day, YYYY-MM-DD.")
        elif not future and day > self.today_in_iso[: len(day)]:
            self.refuse(line, f"{name} is {day}, after today ({self.today_in_iso}). Write a day that has come.")
        return day

    def number(self, node, name):
        text = self.scalar(node, name, optional=True)
        if not text:
            return None
        if not NUMBER.fullmatch(text):
            self.refuse(
                node.value[name].line,
                f"{name} is “{text[:SHOWN]}”. Write a number such as 2.5, with a point, without unit or commas, "
                "with at most 12 digits before the point and 6 after it.",
            )
            return None
        return Decimal(number_text(Decimal(text))) + 0  # + 0: no such thing as minus nought

    def count(self, node, name):
        text = self.scalar(node, name, optional=True)
        if not text:
            return None
        if not re.fullmatch("[1-9][0-9]{0,4}", text):
            self.refuse(node.value[name].line, f"{name} is “{text[:SHOWN]}”. Write 1, 2, 3 …, or leave it out.")
            return None
        return int(text)

    def address(self, node, name, *, optional=False):
        text = self.scalar(node, name, optional=optional)
        if not text or (len(text) <= rules.URL_MOST and SURELY_AN_ADDRESS.fullmatch(text)):
            return text
        if problem := rules.url_problem(text):
            self.refuse(node.value[name].line, f"{name}: {problem}")
        return text

    def cited(self, node, name, ids, *, optional=False):
        text = self.scalar(node, name, optional=optional)
        return self.known_source(text, node.value[name].line, name, ids) if text else None

    def cited_in(self, item, name, ids):
        if type(item) is not Text or not item.value:
            self.refuse(item.line, f"{name} holds something that is no source. Write the id of one.")
            return ""
        return self.known_source(item.value.strip(), item.line, name, ids)

    def known_source(self, text, line, name, ids):
        if text not in ids:
            self.refuse(line, f"{name} names “{text[:SHOWN]}”, which is not among the record's sources. Add it there.")
        return text

    def words(self, node, name, text, most):
        if problem := rules.words_problem(text, most):
            self.refuse(node.value[name].line, f"{name}: {problem}")

    # Lists

    def items(self, node, name):
        """Return the nodes of a list; none where it is absent or refused."""
        value = node.value.get(name, ABSENT)
        if type(value) is Items:
            return value.value
        if type(value) is Unreadable:
            self.refuse(value.line, f"{name} {value.why}")
        elif type(value) is Fields or value.value is not None:
            self.refuse(value.line, f"{name} is not a list. Write each item on a line of its own, after “- ”.")
        return ()

    def listed(self, node, name):
        """Return the texts of a list, each with its line."""
        texts = []
        for item in self.items(node, name):
            if type(item) is not Text or not item.value or not item.value.strip():
                self.refuse(item.line, f"{name} holds something that is no text. Write one text for each item.")
            else:
                texts.append((item.value.strip(), item.line))
        return texts

    def each(self, node, name, what, read, *others):
        """Read each item of a list of fields; `what` names it in messages."""
        above, records = self.part, []
        for place, item in enumerate(self.items(node, name), start=1):
            self.part = f"{above}, {what} {place}"
            if type(item) is Fields:
                given, kind = read(item, *others)
                records.append(kind(**given))
            else:
                self.refuse(item.line, f"This is not a {what}. Write its fields.")
        self.part = above
        return tuple(records)


def _slug_problem(slug):
    if len(slug) > rules.SLUG_MOST:
        return f"It has {len(slug)} characters; at most {rules.SLUG_MOST} are allowed."
    return "" if SLUG.fullmatch(slug) else "Write lower-case letters, digits and single hyphens."


OPTIONAL = {
    kind: {column.name for column in fields(kind) if column.default is not MISSING or column.name in NEED_NOT_BE_GIVEN}
    for kind in MOST_CHARACTERS
}


# Writing


def as_fields(record):
    """Return a record as plain fields, those of `SCHEMA.md` in its order: what a file holds."""
    if isinstance(record, CitationRecord) and record == CitationRecord(source=record.source):
        return record.source
    written = {}
    for column in fields(record):
        value = getattr(record, column.name)
        if not column.compare or (column.default is not MISSING and value == column.default):
            continue
        if isinstance(value, tuple):
            value = [as_fields(item) if type(item) in NAMES else item for item in value]
        elif type(value) in NAMES:
            value = as_fields(value)
        written[column.name] = value
    return written


def dump(record):
    """Return the record as the text of a YAML file, always in the same form."""
    return write_tree(as_fields(record))


def name_of(record):
    """Return the name of the file that holds this record alone."""
    return f"{record.slug}.yaml"
