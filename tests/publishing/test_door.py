"""The door: what goes through it, what it refuses, and that nothing is lost."""

import json
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from promises.desk.models import Promise, Update
from promises.publishing import door
from promises.publishing.door import NothingToPublish, Publication, Refused
from promises.record.document import canonical, digest
from promises.record.edition import OPEN, Edition, edition_digest
from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.version import Alias, Version
from promises.statuses import Kind
from tests.factories import (
    NOON,
    a_promise,
    a_published_promise,
    a_source,
    an_update,
    broken,
    kept,
    made,
    publish,
    under_way,
    watered_down,
)

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(days=1)


def versions(promise):
    return list(Version.objects.of_promise(promise.identity).order_by("number"))


def test_a_first_publication_freezes_version_one():
    promise = a_promise(made("2020-01-31"), kept("2022-03"))
    edition = publish(promise, note="Begin.")
    (version,) = versions(promise)
    assert (edition.number, version.number, version.kind, version.slug) == (1, 1, Kind.NEW, promise.slug)
    assert [u["number"] for u in version.snapshot["updates"]] == [1, 2]
    assert [u["counts_from"] for u in version.snapshot["updates"]] == ["2020-01-31", "2022-03-31"]
    assert version.snapshot["updates"][0]["published_at"] == "2025-06-02T12:00:00Z"
    assert version.snapshot_text.encode() == canonical(version.snapshot)
    assert version.digest == digest(version.snapshot)
    assert promise.identity == version.promise_id == version.snapshot["id"]
    assert list(promise.updates.values_list("number", flat=True)) == [1, 2]


def test_each_edition_is_chained_to_the_one_before():
    first = publish(a_promise())
    second = publish(a_promise(), at=LATER)
    version = Version.objects.get(edition=second)
    assert second.digest == edition_digest(
        before=first.digest,
        number=2,
        published_at=LATER,
        roles={"by": "researcher", "checked_by": "editor"},
        note="",
        entries=[(version.promise_id, 1, version.digest, "new", "")],
    )


def test_a_month_counts_from_its_last_day_but_not_after_publication():
    promise = a_published_promise(made("2025-06"))
    assert versions(promise)[0].snapshot["updates"][0]["counts_from"] == "2025-06-02"
    an_update(promise, under_way("2025-06-03"))
    publish(promise, at=NOON + timedelta(days=40))
    assert versions(promise)[1].snapshot["updates"][0]["counts_from"] == "2025-06-02"


def test_a_correction_of_the_day_lets_it_count_anew():
    promise = a_published_promise(made("2020-01-31"), kept("2022-03"))
    Update.objects.filter(promise=promise, number=2).update(date="2022-02")
    publish(promise, at=LATER)
    assert versions(promise)[1].snapshot["updates"][1]["counts_from"] == "2022-02-28"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda p: an_update(p, broken()), Kind.UPDATE),
        (lambda p: Promise.objects.filter(pk=p.pk).update(title="Build it well"), Kind.MINOR_CORRECTION),
        (lambda p: Promise.objects.filter(pk=p.pk).update(slug="another-key"), Kind.RENAME),
        (lambda p: Promise.objects.filter(pk=p.pk).update(checked_on="2025-06-02"), Kind.CHECK),
        (lambda p: p.updates.filter(number=2).update(withdrawn="It was another line."), Kind.MAJOR_CORRECTION),
    ],
)
def test_the_kind_of_a_version_says_what_it_did(change, kind):
    promise = a_published_promise(made(), kept())
    change(promise)
    publish(promise, at=LATER)
    assert versions(promise)[-1].kind == kind


def test_a_correction_is_major_when_the_desk_says_so():
    promise = a_published_promise()
    Promise.objects.filter(pk=promise.pk).update(summary="Another line was promised.")
    publish(promise, at=LATER, correction=Kind.MAJOR_CORRECTION)
    assert versions(promise)[-1].kind == Kind.MAJOR_CORRECTION


def test_what_has_not_changed_is_not_published_again():
    promise = a_published_promise()
    with pytest.raises(NothingToPublish):
        publish(promise, at=LATER)
    assert Edition.objects.count() == 1


def test_numbers_go_on_and_are_given_by_day():
    promise = a_published_promise(made())
    an_update(promise, broken("2023-10-04"))
    an_update(promise, watered_down("2021-11-18"))
    publish(promise, at=LATER)
    assert {u["number"]: u["date"] for u in versions(promise)[-1].snapshot["updates"]} == {
        1: "2020-01-31",
        2: "2021-11-18",
        3: "2023-10-04",
    }


def test_the_index_follows_the_newest_version_and_keeps_the_older():
    promise = a_published_promise(made(), kept())
    an_update(promise, broken())
    publish(promise, at=LATER)
    old, new = Listing.objects.order_by("edition_from")
    assert (old.edition_from, old.edition_to, new.edition_from, new.edition_to) == (1, 2, 2, OPEN)
    before = Listing.objects.in_edition(1, latest=2).standing(as_of=date(2024, 1, 1)).get()
    after = Listing.objects.in_edition(2, latest=2).standing(as_of=date(2024, 1, 1)).get()
    assert (before.status, after.status) == ("kept", "broken")
    assert Period.objects.filter(edition_to=OPEN).count() == 3


def test_a_promise_is_in_no_list_before_it_was_made():
    a_published_promise(made("2020-01-31"))
    listings = Listing.objects.in_edition(1, latest=1)
    assert not listings.standing(as_of=date(2020, 1, 30)).exists()
    assert listings.standing(as_of=date(2020, 1, 31)).exists()


def test_a_withdrawal_takes_it_out_of_the_lists_from_that_edition_on():
    promise = a_published_promise()
    publish(promise, at=LATER, withdrawal="It was never said.")
    withdrawn = versions(promise)[-1]
    assert withdrawn.kind == Kind.WITHDRAWAL
    assert withdrawn.snapshot["withdrawn"] == "It was never said."
    assert not Listing.objects.in_edition(2, latest=2).exists()
    assert Listing.objects.in_edition(1, latest=2).exists()
    publish(promise, at=LATER + timedelta(days=1))
    assert versions(promise)[-1].kind == Kind.NEW
    assert Listing.objects.in_edition(3, latest=3).exists()


def test_many_withdrawals_at_once_want_confirming_in_words():
    promises = [a_promise() for _ in range(4)]
    publish(*promises)
    leaving = [Publication(p, withdrawal="Gone.") for p in Promise.objects.with_everything()]
    with pytest.raises(Refused, match="withdraw 4 promises"):
        door.publish(leaving, at=LATER, roles={})
    door.publish(leaving, at=LATER, roles={}, confirmed="withdraw 4 promises")
    assert not Listing.objects.in_edition(2, latest=2).exists()


def test_a_slug_once_used_is_never_given_to_another():
    promise = a_published_promise(slug="old-key")
    Promise.objects.filter(pk=promise.pk).update(slug="new-key")
    publish(promise, at=LATER)
    assert Alias.objects.get(slug="old-key").promise_id == promise.identity
    assert versions(promise)[-1].snapshot["former_slugs"] == ["old-key"]
    with pytest.raises(Refused, match="old-key"):
        publish(a_promise(slug="old-key"), at=LATER)


def test_a_published_update_cannot_be_left_out():
    promise = a_published_promise(made(), kept())
    document = door.completed(
        Promise.objects.with_everything().get(pk=promise.pk), at=LATER, before=versions(promise)[0].snapshot
    )
    document["updates"].pop()
    with pytest.raises(Refused, match="update 2"):
        door.publish([Publication(promise, document=document)], at=LATER, roles={})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda p: p.updates.last().citations.all().delete(), "sources is empty"),
        (lambda p: p.updates.update(date="2030-01-01"), "after today"),
        (lambda p: p.updates.update(reason=["dropped"]), "reason"),
        (lambda p: Promise.objects.filter(pk=p.pk).update(success_test=""), "success_test is missing"),
        (lambda p: Promise.objects.filter(pk=p.pk).update(made_on="2019"), "first update"),
        (lambda p: p.promise_places.all().delete(), "regions is empty"),
    ],
)
def test_the_door_refuses_what_breaks_a_rule_and_writes_nothing(spoil, sentence):
    promise = a_promise(made())
    spoil(promise)
    with pytest.raises(Refused, match=sentence):
        publish(promise)
    assert not Edition.objects.exists()


def test_nothing_private_stands_in_a_snapshot():
    source = a_source()
    promise = a_promise()
    tie = promise.promise_sources.create(source=source, key="notes")
    tie.evidence_rows.create(claim="The line opened", read="a secret note of ours", how="by post")
    publish(promise)
    text = versions(promise)[0].snapshot_text
    assert "The line opened" in text
    assert "secret note" not in text
    assert "by post" not in text


def test_the_moment_never_runs_backwards():
    publish(a_promise())
    with pytest.raises(Refused, match="before that of edition 1"):
        publish(a_promise(), at=NOON - timedelta(minutes=1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE promises_version SET note = 'x'",
        "DELETE FROM promises_version",
        "UPDATE promises_edition SET note = 'x'",
        "DELETE FROM promises_edition",
        "DELETE FROM promises_alias",
        "UPDATE promises_promise SET identity = identity + 1",
        "DELETE FROM promises_promise",
        "UPDATE promises_update SET number = number + 1",
        "DELETE FROM promises_citation; DELETE FROM promises_update",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_published(statement):
    promise = a_published_promise(slug="old-key")
    Promise.objects.filter(pk=promise.pk).update(slug="new-key")
    publish(promise, at=LATER)
    before = list(Version.objects.order_by("pk").values())
    with connection.cursor() as cursor:
        for part in statement.split(";")[:-1]:
            cursor.execute(part)
        with pytest.raises(IntegrityError), transaction.atomic():
            cursor.execute(statement.split(";")[-1])
    assert list(Version.objects.order_by("pk").values()) == before


def test_sqlite_cannot_replace_a_version_either():
    if connection.vendor != "sqlite":
        return
    promise = a_published_promise()
    version = versions(promise)[0]
    columns = "edition_id, promise_id, number, slug, kind, note, snapshot_text, digest"
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT OR REPLACE INTO promises_version ({columns}) VALUES (1, %s, 1, 'x', 'new', '', '{{}}', '')",
            [version.promise_id],
        )


def test_a_snapshot_holds_no_floating_point_numbers():
    with pytest.raises(TypeError, match="0.5"):
        canonical({"a": [0.5]})


def test_figures_are_whole_numbers_or_text():
    promise = a_promise()
    promise.measures.create(measure="Fund", unit="£m", promised="500.000000", delivered="349.180000", basis="nominal")
    publish(promise)
    (target,) = json.loads(versions(promise)[0].snapshot_text)["targets"]
    assert (target["promised"], target["delivered"]) == (500, "349.18")


def test_an_earlier_key_that_belonged_to_another_promise_is_refused_of_a_new_one_too():
    a_published_promise(slug="the-line")
    other = a_promise(slug="another", former_slugs=["the-line"])
    with pytest.raises(Refused, match="the key “the-line” belonged to another promise"):
        publish(other)
    one, two = (a_promise(slug=slug, former_slugs=["an-old-one"]) for slug in ("one", "two"))
    with pytest.raises(Refused, match="an-old-one: stands here twice"):
        publish(one, two)
