"""Whoever has the database in hand can alter it, but not unseen: each row that was altered is named."""

import json
import re
import shutil
import sqlite3
import tracemalloc
from datetime import timedelta
from io import StringIO
from random import Random

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from promises.desk.models import Promise, Submission
from promises.public import releases
from promises.publishing import door, stored, verification
from promises.publishing.door import Publication
from promises.record.chain import entries
from promises.record.document import canonical, digest
from promises.record.edition import Edition, edition_digest
from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.version import Alias, Seal, Version
from tests.factories import NOON, a_person, a_promise, an_update, broken, kept, made, publish, watered_down
from tests.scale import at_scale, count
from tests.tampering import own_database

pytestmark = pytest.mark.django_db

ROLES = {"by": "researcher", "checked_by": "editor"}


@pytest.fixture(scope="module")
def outside(django_db_setup, django_db_blocker, tmp_path_factory):
    """A record with everything that can be in one, in a database of its own that is open to be altered."""
    folder = tmp_path_factory.mktemp("tampered")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.DATA_DIR", folder)
        with own_database(folder) as found:
            publish_everything()
            yield found


def publish_everything():
    line = a_promise(made(), watered_down(), slug="a-line", title="Build the railway", places=["leeds"])
    secret = a_promise(made(), slug="a-secret", title="Open the archive", theme="schools")
    gone = a_promise(made(), slug="gone", title="Move the office")
    publish(line, secret, gone, at=day(0), note="The first.")
    an_update(line, kept())
    door.publish([Publication(anew(line), note="It runs."), Publication(anew(gone))], at=day(1), roles=ROLES)
    rename(line, "b-line", at=day(2))
    Promise.objects.filter(pk=secret.pk).update(summary="Nothing to see.")
    door.publish([Publication(anew(secret), note="Shortened."), Publication(a_promise(made(), broken(), slug="c-line"))],
                 at=day(3), roles=ROLES)  # fmt: skip
    publish(anew(gone), at=day(4), withdrawal="It was never said.")
    first = Version.objects.get(promise_id=anew(secret).identity, number=1)
    door.seal([first], at=day(5), reason="A court ordered it.")
    rename(Promise.objects.get(slug="c-line"), "d-line", at=day(6))


def day(number):
    return NOON + timedelta(days=number)


def anew(promise):
    return Promise.objects.get(pk=promise.pk)


def rename(promise, slug, *, at):
    Promise.objects.filter(pk=promise.pk).update(slug=slug)
    publish(anew(promise), at=at)


@pytest.fixture
def alter(outside):
    with outside.attempt() as alter:
        yield alter


def verify(*arguments):
    """What the command says, and whether it found the record as it was published."""
    out = StringIO()
    try:
        call_command("verify_record", *arguments, stdout=out)
    except CommandError as error:
        return f"{out.getvalue()}{error}", False
    return out.getvalue(), True


def faults(*arguments):
    said, is_whole = verify(*arguments)
    assert not is_whole, said
    return said


VERSION_2 = r"(a-line|b-line|altered|a-secret)[,:] version 2\b"
TABLES = {
    Edition: ("number = 2", "number = 4", r"[Ee]dition 2\b"),
    Version: ("slug = 'a-line' AND number = 2", "slug = 'a-secret' AND number = 2", VERSION_2),
    Alias: ("slug = 'a-line'", "slug = 'c-line'", r"Alias (a-line|altered)"),
    Seal: ("reason <> ''", None, r"a-secret, version 1\b|[Ee]dition 6\b.*the seal of"),
    Listing: ("slug = 'a-line' AND number = 2", "slug = 'gone' AND number = 1", r"a-line(, version 2)?: the index"),
    Period: ("slug = 'a-line' AND edition_from = 2 AND update_number = 3", "slug = 'gone' AND edition_from = 1",
             r"a-line(, version 2)?: the index|a-line, version 2 \("),
}  # fmt: skip
"""Of each table a row to be altered, another to swap with, and how it is named."""
OTHER = {
    "kind": "check", "published_at": "2001-01-01 00:00:00", "roles": '{"by": "nobody"}', "number": 9, "edition_id": 4,
    "promise_id": 77, "valid_from": "1999-01-01", "valid_to": "1999-01-01", "made_from": "1999-01-01",
    "since_from": "1999-01-01", "due_from": "1999-01-01", "checked_on": "1999-01-01", "digest": "0" * 64,
    "version_id": 77, "listing_id": 5, "slug": "altered", "since": "1999", "date": "1999", "made_on": "1999",
    "due_on": "1999", "theme": "schools", "status": "broken", "snapshot_text": '{"altered":true}',
}  # fmt: skip


MEANT = [
    (model, field.column)
    for model in TABLES
    for field in model._meta.concrete_fields
    if (model, field.column) != (Period, "id")
]
"""Every column of every table; the row number of a period means nothing."""


def other(model, column):
    is_number = model._meta.get_field(column).get_internal_type() in ("PositiveIntegerField", "BigAutoField")
    return literal(OTHER.get(column, 999 if is_number else "altered"))


@pytest.mark.parametrize(("model", "column"), MEANT)
def test_a_row_altered_in_any_column_is_named(alter, model, column):
    where, _, name = TABLES[model]
    alter(f"UPDATE {model._meta.db_table} SET {column} = {other(model, column)} WHERE {where}")
    assert re.search(name, faults())


@pytest.mark.parametrize("model", [model for model in TABLES if TABLES[model][1]])
def test_two_rows_with_a_value_swapped_are_named_whichever_it_is(outside, model):
    where, another, name = TABLES[model]
    table, key = model._meta.db_table, model._meta.pk.column
    one, two = outside.row(table, where), outside.row(table, another)
    keys = one[key], two[key]
    swapped = [column for of, column in MEANT if of is model and one[column] != two[column]]
    assert len(swapped) >= 2
    for column in swapped:
        with outside.attempt() as alter:
            alter(*swapping(table, key, column, keys, one[column], two[column]))
            assert re.search(name, faults()), column


def swapping(table, key, column, keys, one, two):
    """Statements that give each of two rows the other's value, past any rule that values are unique."""
    first, second = keys
    aside = 7777 if isinstance(one, int) else "aside" if column == key else one
    for row, value in ((first, aside), (second, one), (aside if column == key else first, two)):
        if value != one or row != first:
            yield f"UPDATE {table} SET {column} = {literal(value)} WHERE {key} = {literal(row)}"


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, dict):
        value = json.dumps(value)
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


@pytest.mark.parametrize("model", list(TABLES))
def test_a_row_removed_is_named(alter, model):
    where, _, name = TABLES[model]
    alter(f"DELETE FROM {model._meta.db_table} WHERE {where}")
    assert re.search(name, faults())


ADDED = {
    Edition: ({"number": 8}, r"[Ee]dition 8\b"),
    Version: ({"id": 77, "number": 4, "slug": "b-line", "edition_id": 7}, "b-line, version 4 was not in it"),
    Alias: ({"slug": "added"}, "Alias added: no version of b-line names it"),
    Seal: ({"version_id": 1}, "the seal of a-line, version 1 was not in it"),
    Listing: ({"version_id": 77}, "a-line: the index differs, listing row 77 is of a version that is not there"),
    Period: ({"id": 777}, "a-line, version 2: the index differs"),
}


@pytest.mark.parametrize("model", list(TABLES))
def test_a_row_added_is_named(outside, alter, model):
    where, _, _ = TABLES[model]
    changed, name = ADDED[model]
    table = model._meta.db_table
    row = outside.row(table, where) | changed
    row.pop("search_text_words", None)
    values = ", ".join(literal(value) for value in row.values())
    alter(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})")
    assert re.search(name, faults())


def test_a_record_that_nobody_touched_is_whole_and_tells_what_was_withdrawn_and_sealed(alter):
    said, is_whole = verify()
    assert is_whole, said
    assert said.splitlines()[:2] == ["a-secret, version 1: sealed by edition 6.", "gone: withdrawn by edition 5."]


def test_versions_of_a_promise_in_another_order_are_named(alter):
    alter(*swapping("promises_version", "id", "number", (1, 4), 1, 2))
    assert "a-line, version 2: altered, its edition 1 is not after edition 2 of the version before." in faults()


def test_periods_in_another_order_are_named(outside, alter):
    first, second = (outside.row("promises_period", f"listing_id = 4 AND update_number = {n}") for n in (1, 2))
    others = [column for of, column in MEANT if of is Period and first[column] != second[column]]
    alter(
        *(
            f"UPDATE promises_period SET {', '.join(f'{c} = {literal(values[c])}' for c in others)} WHERE id = {key}"
            for key, values in ((first["id"], second), (second["id"], first))
        )
    )
    assert "a-line, version 2: the index differs, its period rows are in another order" in faults()


def test_what_an_edition_no_longer_holds_is_missing_from_it_and_foreign_in_another(alter):
    alter("UPDATE promises_version SET edition_id = 4 WHERE slug = 'd-line' AND number = 2")
    said = faults()
    assert "d-line, version 2: altered, its edition 4 is not after edition 4" in said
    assert "Edition 7: publishes nothing any more." in said
    assert "Edition 4: altered, what it says does not give its digest: d-line, version 2 was not in it." in said


def text_of(outside, old, new, where="slug = 'a-line' AND number = 2"):
    """A statement that alters the text of a version and its digest to fit."""
    snapshot = json.loads(outside.row("promises_version", where)["snapshot_text"].replace(old, new))
    text = canonical(snapshot).decode()
    return f"UPDATE promises_version SET snapshot_text = {literal(text)}, digest = '{digest(snapshot)}' WHERE {where}"


def test_a_text_altered_with_its_digest_and_index_made_to_fit_is_named_as_what_its_edition_covers(outside, alter):
    alter(text_of(outside, "This is why", "This is not why"))
    call_command("rebuild_index", stdout=StringIO())
    said = faults()
    assert "Edition 2: altered, what it says does not give its digest: it is" in said
    assert "a-line, version 2" in said


def chained_anew(first):
    """Statements that give every edition from one on the digest of what it now says."""
    before = Edition.objects.get(number=first - 1).digest if first > 1 else ""
    for edition in Edition.objects.filter(number__gte=first).order_by("number"):
        told = {name: getattr(edition, name) for name in ("number", "published_at", "roles", "note")}
        mine = [entry for _, entry in entries(edition.number, edition.number)]
        before = edition_digest(before=before, **told, entries=mine)
        yield f"UPDATE promises_edition SET digest = '{before}' WHERE number = {edition.number}"


def test_an_edition_digested_anew_no_longer_carries_the_next(outside, alter):
    alter(text_of(outside, "This is why", "This is not why"))
    call_command("rebuild_index", stdout=StringIO())
    alter(next(chained_anew(2)))
    assert (
        "Edition 3: altered, what it says does not give its digest: it is the edition itself, the edition before"
        in faults()
    )


def test_a_digest_altered_is_told_from_what_it_covers(alter):
    alter(f"UPDATE promises_edition SET digest = '{'0' * 64}' WHERE number = 2")
    assert "Edition 3 was made on the digest that edition 2 gives: there the digest was altered." in faults()


def test_a_chain_made_wholly_anew_is_betrayed_by_any_head_kept_elsewhere(outside, alter, tmp_path):
    kept_head = Edition.objects.get(number=7).digest
    (tmp_path / "noted.txt").write_text(f"edition 7\n{kept_head}\n")
    (tmp_path / "proof.json").write_text(json.dumps({"digest": "1" * 64, "head": {"edition": 7, "digest": kept_head}}))
    heads = (kept_head, str(tmp_path / "noted.txt"), str(tmp_path / "proof.json"))
    for head in heads:
        assert verify("--head", head)[1]
    alter(text_of(outside, "This is why", "This is not why"))
    call_command("rebuild_index", stdout=StringIO())
    alter(*chained_anew(2))
    assert verify()[1], "Nothing in the database itself can tell."
    assert f"The head given: no edition has the digest {kept_head}" in faults("--head", heads[0])
    for head in heads[1:]:
        assert f"The head in {head}: edition 7 or one before it was altered" in faults("--head", head)


REMOVED = [
    "DELETE FROM promises_alias WHERE edition_id = 7",
    "DELETE FROM promises_period WHERE edition_from = 7",
    "DELETE FROM promises_listing WHERE edition_from = 7",
    "DELETE FROM promises_version WHERE edition_id = 7",
    "DELETE FROM promises_edition WHERE number = 7",
]


def test_the_newest_edition_taken_away_whole_is_missed_by_whoever_kept_its_digest(outside, alter):
    call_command("release", stdout=StringIO())
    head = Edition.objects.get(number=7).digest
    alter(*REMOVED)
    call_command("rebuild_index", stdout=StringIO())
    assert f"The head given: no edition has the digest {head}" in faults("--head", head)
    assert "Release 1: edition 7 is missing." in faults()
    (releases.folder() / "1" / "release.json").write_text("rubbish")
    assert "Release 1, whose release.json cannot be read: nothing can be held against it." in faults()
    shutil.rmtree(releases.folder())
    assert verify()[1], "Nothing in the database itself can tell."


def test_the_newest_edition_is_missed_by_the_desk_that_published_it(alter):
    alter(*REMOVED)
    assert "c-line, version 1: the index differs, its listing in edition_to" in faults()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM promises_promise LIMIT 1")
        (promise,) = cursor.fetchone()
    Submission.objects.create(
        promise_id=promise,
        state="published",
        edition=7,
        submitted_by=a_person(),
        submitted_at=day(5),
        decided_at=day(6),
    )
    assert "Edition 7 is missing: the desk published it." in faults()


def test_a_promise_removed_with_all_its_rows_is_missed(alter):
    alter(
        "DELETE FROM promises_seal",
        "DELETE FROM promises_period WHERE slug = 'a-secret'",
        "DELETE FROM promises_listing WHERE slug = 'a-secret'",
        "DELETE FROM promises_version WHERE slug = 'a-secret'",
    )
    assert "Promise 2 is missing: none of its versions is there." in faults()


def test_a_seal_put_on_to_hide_an_alteration_hides_nothing(alter):
    alter(
        "UPDATE promises_version SET snapshot_text = '' WHERE slug = 'a-line' AND number = 2",
        "INSERT INTO promises_seal (version_id, edition_id, reason) VALUES (4, 3, 'A court.')",
    )
    assert (
        "Edition 3: altered, what it says does not give its digest: the seal of a-line, version 2 was not in it."
        in faults()
    )


def test_a_sealed_text_may_be_gone(alter):
    alter("UPDATE promises_version SET snapshot_text = '' WHERE slug = 'a-secret' AND number = 1")
    said, is_whole = verify()
    assert is_whole, said
    assert "a-secret, version 1: sealed by edition 6; its text is no longer that published." in said


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE promises_alias SET promise_id = 2 WHERE slug = 'a-line'", "Alias a-line of b-line is missing"),
        ("UPDATE promises_alias SET promise_id = 99 WHERE slug = 'a-line'", "Alias a-line: altered, its promise is not there"),
        ("UPDATE promises_alias SET edition_id = 2 WHERE slug = 'a-line'", "Alias a-line: altered, its edition is 2 instead of 3"),
        ("UPDATE promises_alias SET edition_id = 99 WHERE slug = 'a-line'", "Alias a-line: altered, its edition 99 is not there"),
        ("DELETE FROM promises_alias WHERE slug = 'a-line'", "Alias a-line of b-line is missing"),
    ],
)  # fmt: skip
def test_aliases_are_those_of_the_texts(alter, statement, sentence):
    alter(statement)
    assert sentence in faults()


def test_everything_at_once_is_told_to_the_end(alter):
    alter(
        "UPDATE promises_version SET snapshot_text = 'rubbish' WHERE id = 1",
        "UPDATE promises_version SET snapshot_text = '[]', digest = 'rubbish', edition_id = 99 WHERE id = 4",
        'UPDATE promises_version SET snapshot_text = \'{"schema":"x"}\' WHERE id = 3',
        "UPDATE promises_seal SET edition_id = 99",
        "DELETE FROM promises_edition WHERE number = 3",
        "UPDATE promises_edition SET roles = 'null' WHERE number = 5",
        "UPDATE promises_listing SET runs = 'rubbish' WHERE slug = 'c-line'",
    )
    said = faults()
    for sentence in (
        "a-line, version 1: altered, its text does not give its digest.",
        "a-line, version 2: altered, its text does not give its digest.",
        "a-line, version 2: altered, its edition 99 is not there.",
        "gone, version 1: altered, its text does not give its digest.",
        "Edition 3 is missing.",
        "Edition 5: altered, what it says does not give its digest",
        "c-line, version 1: the index differs, its listing in runs.",
        "The seal of a-secret, version 1: altered, its edition 99 is not there.",
    ):
        assert sentence in said, said


def test_rubbish_of_any_kind_is_named_and_nothing_breaks(alter):
    if connection.vendor == "postgresql":
        alter(
            "ALTER TABLE promises_version ALTER COLUMN note DROP NOT NULL, ALTER COLUMN number DROP NOT NULL",
            "UPDATE promises_version SET note = NULL WHERE id = 1",
            "UPDATE promises_version SET number = NULL WHERE id = 4",
            "UPDATE promises_edition SET published_at = '-infinity' WHERE number = 1",
        )
    else:
        alter(
            "PRAGMA writable_schema = ON",
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name IN ('promises_version', 'promises_edition')",
            "PRAGMA writable_schema = RESET",
            "UPDATE promises_version SET note = NULL, slug = x'ff00' WHERE id = 1",
            "UPDATE promises_version SET number = 'two', kind = CAST(x'ff' AS text) WHERE id = 4",
            "UPDATE promises_version SET edition_id = NULL, promise_id = 'x' WHERE id = 5",
            "UPDATE promises_edition SET published_at = NULL, note = x'00' WHERE number = 1",
            "UPDATE promises_edition SET roles = NULL, digest = NULL WHERE number = 3",
            "UPDATE promises_listing SET title = x'ff', published_at = 'noon' WHERE version_id = 4",
            "UPDATE promises_alias SET promise_id = 'x', edition_id = 'y'",
        )
    said = faults()
    assert "Edition 1: altered, its moment" in said
    assert "cannot be read to its end" not in said


def test_search_words_that_are_not_those_of_their_text_are_named_and_mended(outside, alter):
    if connection.vendor == "postgresql":
        alter(
            "ALTER TABLE promises_period ALTER COLUMN search_text_words DROP EXPRESSION",
            "UPDATE promises_period SET search_text_words = to_tsvector('nothing') WHERE listing_id = 4",
        )
        assert "The search words of promises_period.search_text_words are missing or altered." in faults()
    else:
        row = outside.row("promises_period", "listing_id = 4")
        forget = "INSERT INTO promises_period_fts (promises_period_fts, rowid, search_text) VALUES ('delete', {}, {})"
        alter(
            forget.format(row["id"], literal(row["search_text"])),
            "INSERT INTO promises_period_fts (rowid, search_text) VALUES (7777, 'nothing')",
            "DROP TRIGGER promises_listing_learn",
        )
        said = faults()
        assert "The search words of promises_listing_learn are missing or altered." in said
        assert "The period row 7777, which is not there: the index differs, its search words" in said
    assert re.search(
        r"a-line, version 2 \(period row \d+\): the index differs, its search words are not those", faults()
    )
    call_command("rebuild_index", stdout=StringIO())
    assert verify()[1]


def test_search_words_that_cannot_be_read_are_mended_too(alter):
    if connection.vendor == "postgresql":
        alter("ALTER TABLE promises_listing DROP COLUMN search_text_words")
    else:
        alter("UPDATE promises_listing_fts_data SET block = x'ffffffffffff' WHERE id > 10")
    assert "search words of promises_listing" in faults()
    call_command("rebuild_index", stdout=StringIO())
    assert verify()[1]


@pytest.mark.parametrize(
    ("given", "sentence"), [("no-such-file", "Write a digest of 64"), (__file__, "holds 0 digests")]
)
def test_a_head_that_is_none_is_refused(alter, given, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("verify_record", "--head", given)


@pytest.mark.torture
def test_whatever_anybody_does_to_any_rows_is_found(outside):
    """Alter, remove, copy and swap at random; what was altered is always found, and named by table."""
    chance = Random(20220202)  # noqa: S311  (the same each time)
    for _ in range(at_scale(15, 500)):
        model = chance.choice(list(TABLES))
        table, key = model._meta.db_table, model._meta.pk.column
        with outside.attempt() as alter:
            keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
            statement = one_act(chance, model, table, key, keys)
            before = contents(model)
            try:
                alter(statement)
            except (sqlite3.Error, DatabaseError):
                count("alterations that the database itself refused")
                continue
            if contents(model) == before:
                continue
            said, is_whole = verify()
            assert "cannot be read to its end" not in said, statement
            assert not is_whole or "sealed by edition 6; its text is no longer that published" in said, statement
            count("alterations of a row, each found")


def one_act(chance, model, table, key, keys):
    """A statement that does something to rows of a table."""
    where = f"{key} = {literal(chance.choice(keys))}"
    column = chance.choice([column for of, column in MEANT if of is model])
    return chance.choice(
        [
            f"DELETE FROM {table} WHERE {where}",
            f"UPDATE {table} SET {column} = {other(model, column)} WHERE {where}",
            f"UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE {key} = {literal(chance.choice(keys))}) WHERE {where}",
            f"UPDATE {table} SET {column} = {literal(chance.randrange(1, 9))} WHERE {where}",
            f"UPDATE {table} SET {column} = {column} || ' ' WHERE {where}",
            f"UPDATE {table} SET {column} = {column} + 1 WHERE {where}",
            f"UPDATE {table} SET {column} = upper({column}) WHERE {where}",
            f"UPDATE {table} SET {column} = '' WHERE {where}",
        ]
    )


def contents(model):
    """Every row of a table as it is stored, periods without their row numbers."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {stored.columns(model, table)} FROM {table} ORDER BY 1")
        return [row[1:] if model is Period else row for row in cursor.fetchall()]


@pytest.mark.torture
def test_a_long_record_is_verified_in_little_memory(outside, alter):
    number = at_scale(600, 5_000)
    row = outside.row("promises_version", "id = 1") | {"id": "1000 + n", "promise_id": "1000 + n"}
    values = ", ".join(value if name in ("id", "promise_id") else literal(value) for name, value in row.items())
    numbers = f"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < {number})"
    alter(f"{numbers} INSERT INTO promises_version ({', '.join(row)}) SELECT {values} FROM t")
    tracemalloc.start()
    try:
        faults = sum(finding.is_fault for finding in verification.findings())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert faults > number
    assert peak < 12_000_000
    count("versions verified in little memory", number)
