"""Whether the record is still what was published: every row of it and of its indexes is held against the chain."""

import json
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, islice

from django.db import DatabaseError, connection

from promises.desk.models import Submission
from promises.publishing import index, stored
from promises.record import search, triggers
from promises.record.chain import Following, entries, rows
from promises.record.document import canonical, digest
from promises.record.edition import OPEN, Edition, digest_of_pieces, payload
from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.version import Version
from promises.statuses import Kind

RUBBISH = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
"""What reading a text can end in that was never published."""
MOST_NAMED = 10
MOST_TRIED = 60
"""How many rows an edition may have for us to look which of them was altered, by trying."""


@dataclass(frozen=True)
class Finding:
    """What one check found: `altered` is a fault, `sealed` and the like are not."""

    sentence: str
    is_fault: bool = True


@dataclass(frozen=True)
class Head:
    """A head digest that somebody kept: whose words they are, the edition they name (or None), the digest."""

    of: str
    edition: int | None
    digest: str


def findings(heads=()):
    """Yield a Finding for everything that is not as it was published; `heads` are digests kept elsewhere."""
    with stored.one_moment():
        walk = _Walk()
        for check in (walk.promises, walk.editions, _foreign, walk.end, lambda: _heads(heads)):
            yield from _to_the_end(check)
    for check in (walk.search, _guards):
        yield from _to_the_end(check)


def _to_the_end(check):
    """The findings of a check, the last of which says so where the database could not be read on."""
    try:
        yield from check()
    except (DatabaseError, *RUBBISH) as error:
        yield Finding(f"The record cannot be read to its end: {' '.join(str(error).split())}")


# Names


def _word(value):
    """A value as a sentence can hold it, however odd."""
    return value if isinstance(value, str) and value.isprintable() and 0 < len(value) <= 80 else ascii(value)[:80]


def _name(slug, number):
    return f"{_word(slug)}, version {_word(number)}"


def _gap(noun, first, last):
    """What is missing between two numbers, as a sentence."""
    return f"{noun} {first} is missing." if first == last else f"{noun}s {first} to {last} are missing."


@dataclass(frozen=True, slots=True)
class _Row:
    """A version as the database holds it, with what the database holds of its edition and seal."""

    id: object
    edition: object
    promise: object
    number: object
    slug: object
    kind: object
    note: object
    text: object
    digest: object
    edition_number: object
    published_at: object
    sealed_by: object

    @property
    def name(self):
        return _name(self.slug, self.number)

    def snapshot(self):
        """Its text as a document, and what is wrong with it in a few words; None where it cannot be relied on."""
        try:
            snapshot = json.loads(self.text)
            if canonical(snapshot).decode() != self.text or digest(snapshot) != self.digest:
                return None, "altered, its text does not give its digest"
            if not isinstance(snapshot, dict):
                return None, "altered, its text is not that of a promise"
        except RUBBISH:
            return None, "altered, its text does not give its digest"
        return snapshot, ""

    def index_rows(self, snapshot, edition_to, published_at):
        """The index rows that it calls for."""
        version = Version(
            id=self.id, edition_id=self.edition, promise_id=self.promise, number=self.number, slug=self.slug
        )
        version.snapshot = snapshot
        return index.rows_of(version, edition_to, published_at)


class _Walk:
    """One walk through the record, first promise by promise, then edition by edition, in bounded memory."""

    def __init__(self):
        self.missing = []
        """Numbers that no promise has: a hint, once the chain says that something is gone."""
        self.is_broken = False
        self.is_index_wrong = False

    # Promise by promise

    def promises(self):
        """Every version with its index rows, every alias."""
        listings = Following(rows(_beside(Listing, "version_id")))
        periods = Following(rows(_beside(Period, "listing_id", "x.id")))
        aliases = Following(rows(ALIASES))
        last = 0
        for promise, versions in groupby((_Row(*row) for row in rows(_versions())), key=lambda row: row.promise):
            if isinstance(promise, int) and isinstance(last, int):
                self.missing += range(last + 1, min(promise, last + 1 + MOST_NAMED - len(self.missing)))
            last = promise
            claims = _Claims()
            before = current = None
            for current, following in _with_next(versions):
                snapshot, problem = current.snapshot()
                yield from _version(current, before, snapshot, problem)
                claims.read(current, snapshot)
                edition_to = following.edition if following else OPEN
                wanted = None if problem else (snapshot, edition_to)
                yield from self._index(current, wanted, list(listings.of(current.id)), list(periods.of(current.id)))
                before = current
            yield from claims.held_against(aliases.of(promise), current)
            if current.kind == Kind.WITHDRAWAL:
                yield Finding(f"{_word(current.slug)}: withdrawn by edition {current.edition}.", is_fault=False)

    def _index(self, version, wanted, listings, periods):
        """What the index says of a version, against what its text calls for (None: unreadable, and named already)."""
        if version.sealed_by is not None:
            made = []
        elif wanted is None:
            return
        else:
            try:
                made = version.index_rows(*wanted, stored.moment_of(version.published_at))
            except stored.NotAMoment:
                return  # its edition is named for that
            except RUBBISH:
                yield Finding(f"{version.name}: altered, its text is not that of a promise.")
                return
        listing = [stored.as_stored(row) for row in made if isinstance(row, Listing)]
        period = [stored.as_stored(row)[1:] for row in made if isinstance(row, Period)]
        for noun, model, there, right in (
            ("listing", Listing, [list(row[1:]) for row in listings], listing),
            ("period", Period, [list(row[2:]) for row in periods], period),
        ):
            if there != right:
                self.is_index_wrong = True
                yield Finding(f"{version.name}: the index differs, {_difference(noun, model, there, right)}.")

    # Edition by edition

    def editions(self):
        """Every edition against the chain of digests."""
        published = Following(entries())
        before, made, expected, earlier, tried, last = "", "", 1, None, 0, 0
        for number, published_at, roles, note, kept in rows(EDITIONS.format(stored.columns(Edition, "e"))):
            name = f"Edition {_word(number)}"
            own = (entry for _, entry in published.of(number))
            is_whole = number == expected
            if not is_whole:
                self.is_broken = True
                yield Finding(_not_in_turn(number, expected))
            about = _About(number, published_at, roles, note)
            found, count = about.digests({before, made}, own)
            if not count:
                self.is_broken = True
                yield Finding(f"{name}: publishes nothing any more.")
            if problem := about.problem:
                yield Finding(f"{name}: altered, {problem}.")
            elif kept == found.get(made) != found.get(before):
                yield Finding(
                    f"{name} was made on the digest that edition {last} gives: there the digest was altered.",
                    is_fault=False,
                )
            elif kept != found.get(before):
                self.is_broken = True
                if not is_whole:
                    why = "its digest cannot be made again without the one before"
                elif count <= MOST_TRIED and tried < MOST_TRIED:
                    tried += 1
                    why = about.culprit(before, kept) or _suspects(number)
                else:
                    why = _suspects(number)
                yield Finding(f"{name}: altered, what it says does not give its digest: {why}.")
            if earlier and about.published_at and about.published_at < earlier:
                yield Finding(f"{name}: altered, it is dated before the edition before it.")
            last = number
            before, made = kept, found.get(before, "")
            expected, earlier = (number + 1 if isinstance(number, int) else expected), about.published_at or earlier

    # The rest

    def end(self):
        """What else tells that something is gone from the end, or altogether."""
        latest = Edition.objects.latest_number()
        for number in sorted(set(Submission.objects.filter(edition__gt=latest).values_list("edition", flat=True))):
            yield Finding(f"Edition {number} is missing: the desk published it.")
        if self.is_broken:
            for promise in self.missing:
                yield Finding(f"Promise {promise} is missing: none of its versions is there.")

    def search(self):
        """The words by which index rows are found, against those of their texts."""
        for name in sorted(search.missing(connection)):
            self.is_index_wrong = True
            yield Finding(f"The search words of {name} are missing or altered.")
        for table, key in search.out_of_step(connection):
            self.is_index_wrong = True
            yield Finding(
                f"{_of_index_row(table, key)}: the index differs, its search words are not those of its text."
            )
        if self.is_index_wrong:
            yield Finding("Run `manage.py rebuild_index` to make the index anew.", is_fault=False)


def _with_next(rows):
    """Each row with the one after it, None after the last."""
    before = None
    for row in rows:
        if before is not None:
            yield before, row
        before = row
    yield before, None


def _is_before(one, other, *, or_same=False):
    """Whether one number is before another; what is no number is neither."""
    return isinstance(one, int) and isinstance(other, int) and (one < other or (or_same and one == other))


# Versions


def _versions():
    published_at = stored.column(Edition._meta.get_field("published_at"), "e")
    return (
        f"SELECT {stored.columns(Version, 'v')}, e.number, {published_at}, s.edition_id "  # noqa: S608
        "FROM promises_version v LEFT JOIN promises_edition e ON e.number = v.edition_id "
        "LEFT JOIN promises_seal s ON s.version_id = v.id ORDER BY v.promise_id, v.number, v.id"
    )


def _beside(model, key, *order):
    """Index rows in the order of their versions, each after the key of its version."""
    return (
        f"SELECT v.id, {stored.columns(model, 'x')} FROM promises_version v "  # noqa: S608
        f"JOIN {model._meta.db_table} x ON x.{key} = v.id ORDER BY {', '.join(['v.promise_id, v.number, v.id', *order])}"
    )


def _version(version, before, snapshot, problem):
    """What is wrong with a version itself, beside the version before it."""
    expected = before.number + 1 if before and isinstance(before.number, int) else 1
    if version.number != expected:
        if isinstance(version.number, int) and version.number > expected:
            yield Finding(f"{_word(version.slug)}: {_gap('version', expected, version.number - 1)}")
        else:
            yield Finding(f"{version.name}: altered, its number is not one that comes after the version before.")
    if version.edition_number is None:
        yield Finding(f"{version.name}: altered, its edition {_word(version.edition)} is not there.")
    elif before and _is_before(version.edition, before.edition, or_same=True):
        yield Finding(
            f"{version.name}: altered, its edition {version.edition} is not after edition {before.edition} "
            "of the version before."
        )
    if version.sealed_by is not None:
        gone = "; its text is no longer that published" if problem else ""
        yield Finding(f"{version.name}: sealed by edition {_word(version.sealed_by)}{gone}.", is_fault=False)
    elif problem:
        yield Finding(f"{version.name}: {problem}.")
    if snapshot:
        for name, given, told in (
            ("slug", version.slug, snapshot.get("slug")),
            ("promise_id", version.promise, snapshot.get("id")),
        ):
            if given != told:
                yield Finding(
                    f"{version.name}: altered, its {name} is {_word(given)}, and its text says {_word(told)}."
                )
        if bool(snapshot.get("withdrawn")) != (version.kind == Kind.WITHDRAWAL):
            yield Finding(f"{version.name}: altered, its kind {_word(version.kind)} is not that of its text.")


# Aliases

ALIASES = (
    "SELECT a.promise_id, a.slug, a.edition_id FROM promises_alias a "
    "WHERE EXISTS (SELECT 1 FROM promises_version v WHERE v.promise_id = a.promise_id) ORDER BY a.promise_id, a.slug"
)


class _Claims:
    """The earlier slugs of one promise, as its versions tell them, with the edition from which each is one."""

    def __init__(self):
        self.edition_of = {}
        self.unread = []
        """Editions whose version cannot be read: an alias may be theirs."""

    def read(self, version, snapshot):
        former = snapshot.get("former_slugs") if snapshot else None
        if not isinstance(former, list):
            self.unread.append(version.edition)
            return
        for slug in former:
            if isinstance(slug, str):
                self.edition_of.setdefault(slug, {version.edition, *self.unread})

    def held_against(self, aliases, version):
        """What is wrong with the aliases of the promise; `version` is its latest, which names it."""
        there = {slug: edition for _, slug, edition in aliases}
        for slug, edition in there.items():
            wanted = self.edition_of.get(slug)
            if wanted is None and edition not in self.unread:
                yield Finding(
                    f"Alias {_word(slug)}: no version of {_word(version.slug)} names it among its earlier slugs."
                )
            elif wanted and edition not in wanted:
                yield Finding(
                    f"Alias {_word(slug)}: altered, its edition is {_word(edition)} instead of {min(wanted, key=str)}."
                )
        for slug in sorted(self.edition_of.keys() - there.keys()):
            yield Finding(f"Alias {_word(slug)} of {_word(version.slug)} is missing.")


# The index


def _difference(noun, model, there, right):
    """In a few words, how the index rows of a version differ from those it calls for."""
    if len(there) != len(right):
        return f"it has {len(there)} {noun} rows instead of {len(right)}"
    names = [field.name for field in model._meta.concrete_fields][-len(right[0]) :]
    for given, wanted in zip(there, right, strict=True):
        if given != wanted:
            wrong = [name for name, a, b in zip(names, given, wanted, strict=True) if a != b]
            which = "its listing" if model is Listing else f"the period from {wanted[names.index('valid_from')]}"
            break
    if sorted(map(repr, there)) == sorted(map(repr, right)):
        return f"its {noun} rows are in another order"
    return f"{which} in {', '.join(wrong)}"


def _of_index_row(table, key):
    """The version that a row of the index is of, by name."""
    if key is None:
        return f"The search words of {table}"
    own, tie, name = {
        "promises_listing": ("version_id", "version_id", "listing row"),
        "promises_period": ("id", "listing_id", "period row"),
    }[table]
    named = next(
        rows(
            f"SELECT v.slug, v.number FROM promises_version v JOIN {table} x ON x.{tie} = v.id WHERE x.{own} = %s",  # noqa: S608
            [key],
        ),
        None,
    )
    return f"{_name(*named)} ({name} {key})" if named else f"The {name} {_word(key)}, which is not there"


# Editions

EDITIONS = "SELECT {} FROM promises_edition e ORDER BY e.number"


def _not_in_turn(number, expected):
    if isinstance(number, int) and number > expected:
        return _gap("Edition", expected, number - 1)
    return f"Edition {_word(number)}: altered, its number is not one that comes after the edition before."


class _About:
    """What an edition says of itself, read strictly."""

    def __init__(self, number, published_at, roles, note):
        self.number, self.note, self.published_at, self.roles, self.problem = number, note, None, None, ""
        try:
            self.published_at = stored.moment_of(published_at)
        except ValueError:
            self.problem = f"its moment {_word(published_at)} is not written as the record writes it"
        try:
            self.roles = json.loads(roles)
            if connection.vendor == "sqlite" and json.dumps(self.roles) != roles:
                self.problem = "its roles are not written as the record writes them"
        except RUBBISH:
            self.problem = "its roles cannot be read"

    def digests(self, befores, entries):
        """Its digest by each digest that the edition before may have, and how many entries it has."""
        count = 0

        def counted():
            nonlocal count
            for entry in entries:
                count += 1
                yield entry

        try:
            begun = {before: sha256(next(self._payload(before, ())).encode()) for before in befores}
            for piece in islice(self._payload("", counted()), 1, None):
                for made in begun.values():
                    made.update(piece.encode())
        except RUBBISH:
            begun = {}
        for _ in entries:  # those after one that cannot be read
            count += 1
        return {before: made.hexdigest() for before, made in begun.items()}, count

    def _payload(self, before, entries):
        return payload(
            before=before,
            number=self.number,
            published_at=self.published_at,
            roles=self.roles,
            note=self.note,
            entries=entries,
        )

    def culprit(self, before, kept):
        """The one row that was altered, if undoing so little makes the digest right again; else nothing."""
        own = [entry for _, entry in entries(self.number, self.number)]

        def gives(given):
            try:
                return digest_of_pieces(self._payload(before, given)) == kept
            except RUBBISH:
                return False

        for at, entry in enumerate(own):
            around = own[:at], own[at + 1 :]
            what = _entry_name(*entry)
            if gives([*around[0], *around[1]]):
                return f"{what} was not in it"
            for kind in (*Kind.values,) if entry[3] != "seal" else ():
                if gives([*around[0], [*entry[:3], kind, entry[4]], *around[1]]):
                    return f"the kind of {what} was {kind}"
            if gives([*around[0], [*entry[:4], ""], *around[1]]):
                return f"{what} had no note"
        return ""


def _entry_name(promise, number, version_digest, kind, note):
    """What an entry of an edition is called: the version, or the seal on it."""
    found = rows("SELECT slug FROM promises_version WHERE promise_id = %s AND number = %s", [promise, number])
    slug = next(found, [f"promise {promise}"])[0]
    return f"the seal of {_name(slug, number)}" if kind == "seal" else _name(slug, number)


def _suspects(number):
    """All that an edition's digest covers, by name: one of it was altered, and the digest cannot say which."""
    found = list(islice(entries(number, number), MOST_NAMED + 1))
    names = [_entry_name(*entry) for _, entry in found[:MOST_NAMED]]
    more = ["others that it published"] if len(found) > MOST_NAMED else []
    return f"it is the edition itself, the edition before, or {'; '.join([*names, *more]) or 'something it published'}"


def _foreign():
    """Rows that belong to nothing."""
    for version, edition, number in rows(
        "SELECT s.version_id, s.edition_id, v.number FROM promises_seal s "
        "LEFT JOIN promises_version v ON v.id = s.version_id LEFT JOIN promises_edition e ON e.number = s.edition_id "
        "WHERE v.id IS NULL OR e.number IS NULL ORDER BY 1"
    ):
        gone = f"version row {_word(version)}" if number is None else f"edition {_word(edition)}"
        named = next(rows("SELECT slug, number FROM promises_version WHERE id = %s", [version]), None)
        of = _name(*named) if named else f"version row {_word(version)}"
        yield Finding(f"The seal of {of}: altered, its {gone} is not there.")
    for slug, edition, number in rows(
        "SELECT a.slug, a.edition_id, e.number FROM promises_alias a "
        "LEFT JOIN promises_edition e ON e.number = a.edition_id WHERE e.number IS NULL OR NOT EXISTS "
        "(SELECT 1 FROM promises_version v WHERE v.promise_id = a.promise_id) ORDER BY 1"
    ):
        gone = f"its edition {_word(edition)}" if number is None else "its promise"
        yield Finding(f"Alias {_word(slug)}: altered, {gone} is not there.")
    for slug, key in rows(
        "SELECT l.slug, l.version_id FROM promises_listing l LEFT JOIN promises_version v ON v.id = l.version_id "
        "WHERE v.id IS NULL ORDER BY 2"
    ):
        yield Finding(f"{_word(slug)}: the index differs, listing row {_word(key)} is of a version that is not there.")
    for slug, key, listing in rows(
        "SELECT p.slug, p.id, p.listing_id FROM promises_period p LEFT JOIN promises_version v ON v.id = p.listing_id "
        "WHERE v.id IS NULL ORDER BY 2"
    ):
        yield Finding(
            f"{_word(slug)}: the index differs, period row {key} is of version row {_word(listing)}, which is not there."
        )


# What was kept elsewhere


def _heads(heads):
    """Head digests kept elsewhere, against the chain."""
    for head in heads:
        if not head.digest:
            yield Finding(f"{head.of}: nothing can be held against it.")
            continue
        there = next(rows("SELECT number FROM promises_edition WHERE digest = %s", [head.digest]), None)
        if there and head.edition in (None, there[0]):
            continue
        if head.edition is None:
            yield Finding(
                f"{head.of}: no edition has the digest {_word(head.digest)}, so that one was altered or removed."
            )
            continue
        kept = next(rows("SELECT digest FROM promises_edition WHERE number = %s", [head.edition]), None)
        what = "is missing" if kept is None else "or one before it was altered: it has another digest now"
        yield Finding(f"{head.of}: edition {head.edition} {what}.")


def _guards():
    for name in sorted(triggers.missing(connection)):
        yield Finding(f"The trigger {name} is missing. Run `manage.py migrate` to put it back.")
