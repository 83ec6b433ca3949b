"""The door: the one function by which anything becomes public."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction
from django.utils import timezone

from promises import bulk
from promises.dates import Day
from promises.desk.models import Promise
from promises.publishing import index, schema
from promises.publishing.announcing import announce
from promises.publishing.snapshot import in_order, snapshot_of
from promises.record.document import canonical, digest_of
from promises.record.edition import Edition, edition_digest, moment
from promises.record.listing import Listing
from promises.record.version import Alias, Seal, Version, latest_versions, promises_of
from promises.statuses import Kind

LOCK = 7_205_759_403  # any number, the same for every process
FEW_WITHDRAWALS = 3
CHUNK = 500


class Refused(Exception):
    """What was put before the door cannot be published; `problems` says why, one sentence each."""

    def __init__(self, problems):
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


class NothingToPublish(Refused):
    """What was put before the door is what is published already."""


@dataclass(frozen=True)
class Publication:
    """One promise put before the door.

    `note` is public; `correction` says how a change is marked that is none of the greater
    kinds; `withdrawal` is the public reason for taking the promise out; `document` is given
    where the working copy is not to be asked (the same promise with a corrected source).
    """

    promise: Promise
    note: str = ""
    correction: Kind = Kind.MINOR_CORRECTION
    withdrawal: str = ""
    document: dict | None = None


def publish(publications, *, at, roles, note="", confirmed=""):
    """Publish promises in one edition, in one transaction, and return the Edition.

    `publications` are `Publication`s; the working copies are read anew here, where none but this
    publication is under way. `at` is the moment; `roles` who acted, never persons. What has not changed is left out.
    `confirmed` must be `withdraw N promises` where many would be withdrawn at once.
    Raises `Refused` (nothing is written) or `NothingToPublish`.
    """
    with transaction.atomic():
        one_at_a_time()
        at = at.replace(microsecond=0)
        _refuse_many_withdrawals(publications, confirmed)
        before = Edition.objects.newest_first().first()
        if before and at < before.published_at:
            raise Refused(
                [f"The moment {moment(at)} is before that of edition {before.number} ({moment(before.published_at)})."]
            )
        entries = _entries(publications, at)
        if not entries:
            raise NothingToPublish(["Nothing differs from what is published."])
        return _write(entries, before=before, at=at, roles=roles, note=note)


def seal(versions, *, at, reason, note=""):
    """Seal versions that the law forbids us to show: an edition that names them. Returns the Edition."""
    with transaction.atomic():
        one_at_a_time()
        at = at.replace(microsecond=0)
        before = Edition.objects.newest_first().first()
        edition = _edition(
            before,
            at=at,
            roles={"by": "administrator", "why": "sealed because the law demands it"},
            note=note,
            entries=[(v.promise_id, v.number, v.digest, "seal", reason) for v in versions],
        )
        Seal.objects.bulk_create(Seal(version=version, edition=edition, reason=reason) for version in versions)
        Listing.objects.filter(version__in=versions).delete()
        return edition


def completed(promise, *, at, before=None, identity=None, document=None):
    """Return the document as it would be published at that moment.

    Gives numbers, counting days and moments to what has none; `before` is the snapshot
    published last, whose own are carried on.
    """
    today = timezone.localtime(at).date()
    document = json.loads(json.dumps(document or snapshot_of(promise)))
    known = {update["number"]: update for update in before["updates"]} if before else {}
    document["id"] = (before or {}).get("id") or promise.identity or identity
    taken = max([*known, *(u["number"] for u in document["updates"] if u["number"])], default=0)
    for update in document["updates"]:
        earlier = known.get(update["number"])
        if update["number"] is None:
            taken += 1
            update["number"] = taken
        if earlier and earlier["date"] == update["date"]:
            update["counts_from"] = earlier["counts_from"]
        else:
            update["counts_from"] = Day(update["date"]).counts_from(published=today).isoformat()
        update["published_at"] = earlier["published_at"] if earlier else moment(at)
    document["updates"].sort(key=lambda update: update["number"])
    if before:
        former = [*before["former_slugs"], before["slug"], *document["former_slugs"]]
        document["former_slugs"] = [slug for slug in dict.fromkeys(former) if slug != document["slug"]]
    return document


def kind_of(before, after, *, correction=Kind.MINOR_CORRECTION):
    """Return what a version does, given the snapshots before (or None) and after; None where they are the same."""
    if before is None:
        return Kind.NEW
    if canonical(before) == canonical(after):
        return None
    if after.get("withdrawn"):
        return Kind.WITHDRAWAL
    if before["slug"] != after["slug"]:
        return Kind.RENAME
    if correction == Kind.MAJOR_CORRECTION or _struck(after) - _struck(before):
        return Kind.MAJOR_CORRECTION
    if before.get("withdrawn"):
        return Kind.NEW
    if {u["number"] for u in after["updates"]} - {u["number"] for u in before["updates"]}:
        return Kind.UPDATE
    if canonical({**before, "checked_on": None}) == canonical({**after, "checked_on": None}):
        return Kind.CHECK
    return Kind.MINOR_CORRECTION


def _struck(snapshot):
    return {update["number"] for update in snapshot["updates"] if update.get("withdrawn")}


def one_at_a_time():
    """Let publications wait for each other; SQLite does so by itself (transactions begin IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _refuse_many_withdrawals(publications, confirmed):
    leaving = sum(bool(publication.withdrawal) for publication in publications)
    words = f"withdraw {leaving} promises"
    if leaving > FEW_WITHDRAWALS and confirmed != words:
        raise Refused([f"This would withdraw {leaving} promises at once. If that is meant, confirm with “{words}”."])


@dataclass(frozen=True)
class _Entry:
    publication: Publication
    promise: Promise
    document: dict
    text: str
    digest: str
    kind: Kind
    number: int
    before: Version | None


def _entries(publications, at):
    today = timezone.localtime(at).date()
    promises = _read_anew([publication.promise.pk for publication in publications])
    latest = latest_versions(promise.identity for promise in promises.values())
    free = _free_identity() if any(promise.identity is None for promise in promises.values()) else None
    entries, problems = [], []
    for publication in publications:
        promise = promises[publication.promise.pk]
        before = latest.get(promise.identity)
        earlier = before and before.snapshot
        if publication.withdrawal:
            if before is None:
                problems.append(f"{promise.slug}: was never published, so there is nothing to withdraw.")
                continue
            document = {**earlier, "withdrawn": publication.withdrawal}
        else:
            document = completed(promise, at=at, before=earlier, identity=free, document=publication.document)
        kind = kind_of(earlier, document, correction=publication.correction)
        if kind is None:
            continue
        if found := _own_problems(earlier, document, today=today):
            problems += found
            continue
        if promise.identity is None:
            free += 1
        text = canonical(document)
        number = before.number + 1 if before else 1
        entries.append(_Entry(publication, promise, document, text.decode(), digest_of(text), kind, number, before))
    slugs = Counter(slug for entry in entries for slug in _slugs_of(entry.document))
    problems += [f"{slug}: stands here twice." for slug, times in slugs.items() if times > 1]
    problems += _slugs_taken([(entry.before and entry.before.snapshot, entry.document) for entry in entries])
    if problems:
        raise Refused(problems)
    return entries


def _free_identity():
    return (Version.objects.order_by("-promise_id").values_list("promise_id", flat=True).first() or 0) + 1


def _read_anew(ids):
    """The working copies as they are now: what was read before the lock may have been published meanwhile."""
    found = {}
    for start in range(0, len(ids), CHUNK):
        found |= Promise.objects.with_everything().in_bulk(ids[start : start + CHUNK])
    return found


def problems_of(before, after, *, today):
    """Return sentences on what keeps a completed document from replacing the snapshot `before` (or None)."""
    return _own_problems(before, after, today=today) + _slugs_taken([(before, after)])


def _own_problems(before, after, *, today):
    return schema.problems(after, today=today) + _lost(before, after)


def _lost(before, after):
    """Sentences on published updates that the document no longer has: they may be withdrawn, never left out."""
    if not before:
        return []
    there = {update["number"] for update in after["updates"]}
    return [
        f"{after['slug']}: update {u['number']} (“{u['headline']}”) was published and is missing. "
        "Withdraw it with a reason instead of leaving it out."
        for u in before["updates"]
        if u["number"] not in there
    ]


def _slugs_taken(changes):
    """Sentences on keys that belonged to other promises; `changes` are pairs of snapshots, before and after."""
    wanted = []
    for before, after in changes:
        known = _slugs_of(before) if before else set()
        wanted += [(slug, after) for slug in sorted(_slugs_of(after) - known)]
    holders = {}
    for start in range(0, len(wanted), CHUNK):
        holders |= promises_of([slug for slug, _ in wanted[start : start + CHUNK]])
    return [
        f"{after['slug']}: the key “{slug}” belonged to another promise and is never used again. Choose another."
        for slug, after in wanted
        if holders.get(slug) not in (None, after["id"])
    ]


def _slugs_of(document):
    """Every key that is the promise's, now or earlier."""
    return {document["slug"], *document["former_slugs"]}


def _edition(before, *, at, roles, note, entries):
    number = before.number + 1 if before else 1
    edition = Edition.objects.create(
        number=number,
        published_at=at,
        roles=roles,
        note=note,
        digest=edition_digest(
            before=before.digest if before else "",
            number=number,
            published_at=at,
            roles=roles,
            note=note,
            entries=entries,
        ),
    )
    announce(edition)
    return edition


def _write(entries, *, before, at, roles, note):
    edition = _edition(
        before,
        at=at,
        roles=roles,
        note=note,
        entries=[(e.document["id"], e.number, e.digest, e.kind.value, e.publication.note) for e in entries],
    )
    for start in range(0, len(entries), CHUNK):
        _write_chunk(entries[start : start + CHUNK], edition)
    return edition


def _write_chunk(entries, edition):
    versions = bulk.insert(
        Version(
            edition=edition,
            promise_id=entry.document["id"],
            number=entry.number,
            slug=entry.document["slug"],
            kind=entry.kind,
            note=entry.publication.note,
            snapshot_text=entry.text,
            digest=entry.digest,
        )
        for entry in entries
    )
    Alias.objects.bulk_create(
        [
            Alias(slug=slug, promise_id=entry.document["id"], edition=edition)
            for entry in entries
            for slug in entry.document["former_slugs"]
            if not (entry.before and slug in entry.before.snapshot["former_slugs"])
        ],
        ignore_conflicts=True,
    )
    index.add(versions, edition)
    _tell_the_desk(entries)


def _tell_the_desk(entries):
    """Write back what the door gave: identities, update numbers, counting days."""
    promises, updates = [], []
    for entry in entries:
        promise, document = entry.promise, entry.document
        given = document["id"], document["former_slugs"]
        if given != (promise.identity, promise.former_slugs):
            promise.identity, promise.former_slugs = given
            promises.append(promise)
        if entry.publication.document or entry.publication.withdrawal:
            continue
        rows = _rows_in_order(promise, entry)
        for row, update in rows:
            counts_from = date.fromisoformat(update["counts_from"])
            if row.number != update["number"] or row.counts_from != counts_from:
                row.number, row.counts_from = update["number"], counts_from
                updates.append(row)
    bulk.change(promises, ["identity", "former_slugs"])
    bulk.change(updates, ["number", "counts_from"])


def _rows_in_order(promise, entry):
    by_number = {update["number"]: update for update in entry.document["updates"]}
    fresh = sorted(set(by_number) - {row.number for row in promise.updates.all()})
    for row in in_order(promise.updates.all()):
        yield row, by_number[row.number if row.number is not None else fresh.pop(0)]
