"""Files to drafts: what an import would do to each promise, and doing it; and the promises as files.

An import changes working copies only. What it writes is in the histories under the name of who
imported it, so that a second person has to publish it, like anything typed.
"""

import gc
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from django.db import transaction

from promises import bulk
from promises.desk import audit, workflow
from promises.desk.imports import records
from promises.desk.imports.records import Problem, Record
from promises.desk.imports.store import store
from promises.desk.models import Promise
from promises.desk.models.submission import State
from promises.differences import difference
from promises.publishing import loading
from promises.publishing.door import FEW_WITHDRAWALS
from promises.publishing.snapshot import desk_form, snapshot_of
from promises.record.document import digest
from promises.record.version import latest_versions, promises_of

NEW, CHANGED, UNCHANGED, REFUSED = "new", "changed", "unchanged", "refused"
CHUNK = 500
BASE_LENGTH = 16
"""How much of a digest `based_on` gives: enough to tell any two states of one promise apart."""


def tables():
    """What reads and writes workbooks; it weighs ten megabytes a process, and only few ever want it."""
    from promises.desk.imports import table_form

    return table_form


class Unlike(Exception):
    """What would be imported is no longer what was shown."""


@dataclass(frozen=True)
class Row:
    """What an import does to one promise; `before` and `after` are its documents at the desk."""

    what: str
    slug: str
    record: Record | None = None
    promise: Promise | None = None
    before: dict | None = None
    after: dict | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def title(self):
        return self.record.title if self.record else ""

    @property
    def updates(self):
        return self.record.updates

    @property
    def differences(self):
        """What differs, word by word; empty where only the desk's own notes do."""
        return difference(self.before, self.after) if self.before else []

    @property
    def struck(self):
        """How many updates it withdraws."""
        before = self.before["updates"] if self.before else ()
        standing = {update["number"] for update in before if not update.get("withdrawn")}
        return sum(bool(update.withdrawn) and update.number in standing for update in self.record.updates)


@dataclass(frozen=True)
class Plan:
    """What an import would do, promise by promise; nothing at all while anything is refused."""

    rows: tuple[Row, ...]

    def of(self, *what):
        return [row for row in self.rows if row.what in what]

    @cached_property
    def counts(self):
        return {what: len(self.of(what)) for what in (REFUSED, CHANGED, NEW, UNCHANGED)}

    @property
    def is_refused(self):
        return bool(self.counts[REFUSED])

    @property
    def writes(self):
        return self.counts[NEW] + self.counts[CHANGED]

    @cached_property
    def words(self):
        """What has to be typed to confirm that many updates are withdrawn; empty where it is few."""
        struck = sum(row.struck for row in self.of(CHANGED))
        return f"withdraw {struck} updates" if struck > FEW_WITHDRAWALS else ""

    @cached_property
    def digest(self):
        """Tells this plan from another: by what it does to what."""
        told = [(row.what, row.slug, digest(row.before) if row.before else "") for row in self.rows]
        return hashlib.sha256(repr(told).encode()).hexdigest()


@contextmanager
def without_collecting():
    """Leave the search for garbage until the end: among many new objects it costs as much as the work."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read(name, data, *, today):
    """Read a file of any form into records, with all its problems."""
    with without_collecting():
        known = frozenset(Promise.objects.values_list("slug", flat=True))

        def nodes_of(name, data):
            return tables().nodes_of(name, data, present=records_at_desk)

        return records.read_files([(name, data)], today=today, known_slugs=known, nodes_of=nodes_of)


def plan(reading):
    """Return the Plan of importing what was read."""
    with without_collecting():
        return Plan((*_refused(reading), *_rows(reading.records)))


def _refused(reading):
    """Rows for what cannot be read as a record: a promise's problems together, each other problem by itself."""
    together = {}
    for problem in reading.problems:
        together.setdefault((problem.where.partition(",")[0], "" if problem.where else problem), []).append(problem)
    return [Row(REFUSED, slug, problems=tuple(problems)) for (slug, _), problems in together.items()]


def _rows(given):
    there = _meant(given)
    published = published_documents(there.values())
    given = [_with_former_slugs(record, published, there) for record in given]
    notes = loading.notes_of(list(there.values()))
    rows, unlike = {}, []
    for record in given:
        promise = there.get(record.slug)
        document = published.get(promise.identity) if promise else None
        if document and loading.document_of(record, document) == document and _same_notes(record, notes[promise.pk]):
            rows[record.slug] = Row(UNCHANGED, record.slug, record, promise)
        elif promise:
            unlike.append(record)
        else:
            rows[record.slug] = Row(NEW, record.slug, record, after=loading.document_of(record))
    copies = with_everything([there[record.slug] for record in unlike])
    for record in unlike:
        promise = copies[there[record.slug].pk]
        rows[record.slug] = _row(record, promise, published.get(promise.identity), notes[promise.pk])
    taken = _taken(rows.values()) | _twice(rows.values())
    return [
        replace(row, what=REFUSED, problems=(*row.problems, *taken[slug])) if slug in taken else row
        for slug, row in ((record.slug, rows[record.slug]) for record in given)
    ]


def _meant(given):
    """The promises that records mean, by the record's slug; also those whose draft has another slug than the record."""
    there = loading.promises_meant(given, Promise.objects.all())
    holders = _holders([record.slug for record in given if record.slug not in there])
    promises = {}
    identities = list(holders.values())
    for start in range(0, len(identities), CHUNK):
        found = Promise.objects.filter(identity__in=identities[start : start + CHUNK])
        promises |= {promise.identity: promise for promise in found}
    published = published_documents(promises.values())
    return there | {
        slug: promises[identity]
        for slug, identity in holders.items()
        if identity in promises and published[identity]["slug"] == slug
    }


def _holders(slugs):
    """The identities of the promises of the record that have or had these slugs, by slug."""
    found = {}
    for start in range(0, len(slugs), CHUNK):
        found |= promises_of(slugs[start : start + CHUNK])
    return found


def _row(record, promise, published, notes):
    """The row of a record that is not what was published; `published` is that document, in the desk's form."""
    copy = snapshot_of(promise)
    document = loading.document_of(record, copy)
    if document == copy and _same_notes(record, notes):
        return Row(UNCHANGED, record.slug, record, promise)
    sentences = list(loading.lost(record, published)) if published else []
    stands = digest(copy)[:BASE_LENGTH]
    has_draft = published is None or stands != digest(published)[:BASE_LENGTH]
    if record.based_on and record.based_on != stands and not (has_draft and _knows_only(published, record)):
        sentences.append("was changed after the file was written. Export it again, and make your change in that file.")
    elif has_draft and record.based_on != stands:
        sentences.append(
            "has a draft at the desk, which this file does not know of. Publish the draft or take it back first; "
            "or export the working copies, and make your change in that file."
        )
    problems = tuple(Problem(record.file, record.line, record.slug, sentence) for sentence in sentences)
    return Row(REFUSED if problems else CHANGED, record.slug, record, promise, copy, document, problems)


def _knows_only(published, record):
    """Whether the file was written from what is published now."""
    return bool(published) and record.based_on == digest(published)[:BASE_LENGTH]


def _with_former_slugs(record, published, there):
    """A record whose promise had other slugs keeps them, whether or not the file says so."""
    document = published.get(there[record.slug].identity) if record.slug in there else None
    if document is None or document["former_slugs"] == list(record.former_slugs):
        return record
    former = dict.fromkeys([*document["former_slugs"], *record.former_slugs])
    return replace(record, former_slugs=tuple(slug for slug in former if slug != record.slug))


def _same_notes(record, notes):
    """Whether the desk's own notes on claims are those of the record."""
    told = {
        (source.id, item.claim): (item.read, item.how, item.address)
        for source in record.sources
        for item in source.evidence
    }
    return told == {key: (row.read, row.how, row.address) for key, row in notes.items()}


def _taken(rows):
    """Problems, by slug, of records whose key belongs to another promise of the record."""
    wanted = {row.slug: row for row in rows if row.what != UNCHANGED}
    holders = _holders(list(wanted))
    return {
        slug: (
            Problem(
                row.record.file,
                row.record.line,
                slug,
                f"The key “{slug}” belonged to another promise and is never used again. Choose another.",
            ),
        )
        for slug, row in wanted.items()
        if slug in holders and holders[slug] != (row.promise and row.promise.identity)
    }


def _twice(rows):
    """Problems, by slug, of records that mean a promise which an earlier one means by another key."""
    first, found = {}, {}
    for row in rows:
        other = first.setdefault(row.promise.pk, row) if row.promise else row
        if other is not row:
            sentence = f"is the same promise as “{other.slug}”, under an earlier key. Keep one."
            found[row.slug] = (Problem(row.record.file, row.record.line, row.slug, sentence),)
    return found


def published_documents(promises):
    """What was published last of each promise, in the desk's form, by identity; a withdrawal taken away again."""
    documents = {
        identity: desk_form(version.snapshot)
        for identity, version in latest_versions(promise.identity for promise in promises).items()
    }
    for document in documents.values():
        document.pop("withdrawn", None)
    return documents


def with_everything(promises):
    """The promises with all that a snapshot needs, by primary key."""
    keys = [promise.pk for promise in promises]
    found = {}
    for start in range(0, len(keys), CHUNK):
        for promise in Promise.objects.with_everything().filter(pk__in=keys[start : start + CHUNK]):
            found[promise.pk] = promise
    return found


# Doing it


def apply(name, data, *, by, at, today, seen, words=""):
    """Write the drafts that the plan of a file makes, all or none; returns the Plan.

    `seen` is the digest of the plan that was shown, `words` the confirmation it asked for. Raises
    `Unlike` where the desk has changed since, so that the file would do something else now.
    """
    reading = read(name, data, today=today)  # before the transaction, which holds up everybody else
    with transaction.atomic():
        list(Promise.objects.select_for_update().order_by("pk").values_list("pk", flat=True))
        done = plan(reading)
        if done.is_refused or done.digest != seen:
            raise Unlike("The desk has changed since the file was looked at. This is what it would do now.")
        if done.words and words.strip() != done.words:
            raise Unlike(f"To confirm that so many updates are withdrawn, type: {done.words}")
        writing = done.of(NEW, CHANGED)
        there = {row.slug: row.promise for row in writing if row.promise}
        with without_collecting():
            trail = Trail(by=by, at=at, reason=f"imported from {name}")
            store([row.record for row in writing], there=there, trail=trail)
        approved = Promise.objects.filter(submissions__state=State.SCHEDULED)
        workflow.lift_if_changed(list(approved), at=at, by=by)
    return done


class Trail:
    """Writes into the histories what somebody did to many rows."""

    def __init__(self, *, by, at, reason):
        self.by, self.at, self.reason = by, at, reason[:100]

    def before(self, rows):
        """Note how rows stand that have no history yet."""
        model = type(rows[0])
        for start in range(0, len(rows), CHUNK):
            audit.remember(model, [row.pk for row in rows[start : start + CHUNK]], at=self.at)

    def note(self, sign, rows):
        """Note that rows were added (+), changed (~) or deleted (-)."""
        history = type(rows[0]).history.model
        names = [field.attname for field in history.tracked_fields]
        bulk.insert(
            history(
                history_date=self.at,
                history_user=self.by,
                history_change_reason=self.reason,
                history_type=sign,
                **{name: getattr(row, name) for name in names},
            )
            for row in rows
        )


# Promises as files


def records_at_desk(slugs):
    """The promises of these slugs as they stand at the desk, as records by slug."""
    promises = {}
    for start in range(0, len(slugs), CHUNK):
        for promise in Promise.objects.with_everything().filter(slug__in=slugs[start : start + CHUNK]):
            promises[promise.slug] = promise
    notes = loading.notes_of(list(promises.values()))
    return {slug: loading.record_of(snapshot_of(promise), notes[promise.pk]) for slug, promise in promises.items()}


@dataclass(frozen=True)
class Form:
    """A form in which promises are given out."""

    label: str
    suffix: str
    content_type: str
    write: object


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = {
    "xlsx": Form("Excel workbook", "xlsx", XLSX, lambda *given: tables().workbook(*given)),
    "csv": Form(
        "CSV, one file for each table, in a zip", "zip", "application/zip", lambda *given: tables().csv_zip(*given)
    ),
    "yaml": Form(
        "YAML, one file for each promise, in a zip", "zip", "application/zip", lambda r, _: tables().yaml_zip(r)
    ),
}


def export(form, promises, *, drafts=False):
    """Return the promises of a query in one of the FORMS: what is published of them, or with drafts as they stand.

    Tables say what they are based on, so that importing them later overwrites nobody's work.
    """
    with without_collecting():
        promises = list(promises.order_by("slug").distinct())
        if drafts:
            documents = {pk: snapshot_of(promise) for pk, promise in with_everything(promises).items()}
        else:
            versions = latest_versions(promise.identity for promise in promises)
            documents = {
                promise.pk: desk_form(version.snapshot)
                for promise in promises
                if (version := versions.get(promise.identity)) and not version.is_withdrawal
            }
        notes = loading.notes_of(promises)
        given = [loading.record_of(document, notes[pk]) for pk, document in documents.items()]
        based_on = {document["slug"]: digest(document)[:BASE_LENGTH] for document in documents.values()}
        return FORMS[form].write(sorted(given, key=lambda record: record.slug), based_on)
