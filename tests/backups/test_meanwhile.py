"""A backup made while others publish: of one moment, and in nobody's way."""

import io
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from promises.backups.archive import Backup
from promises.backups.writing import back_up
from promises.desk.models import Promise
from promises.publishing import door
from promises.publishing.door import Publication
from promises.record.edition import Edition
from tests.factories import NOON, a_promise, a_published_promise, an_update, kept
from tests.scale import TORTURE, at_scale, count

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.torture]


def in_another_thread(work):
    """Do it on a connection of its own, and wait; what goes wrong there goes wrong here."""
    wrong = []

    def run():
        try:
            work()
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive(), "the backup kept somebody from publishing"
    if wrong:
        raise wrong[0]


def test_what_is_published_after_each_table_is_not_in_it(tmp_path, unused):
    promise, said = a_published_promise(slug="before"), []

    def publish_another(sentence):
        said.append(sentence)
        if len(said) % at_scale(10, 1):
            return
        number = len(said)

        def work():
            a_promise(slug=f"meanwhile-{number}")
            an_update(promise, kept("2024-01-01"), headline=f"Kept, told after table {number}")
            moment = NOON + timedelta(minutes=number)
            meant = [Publication(one) for one in Promise.objects.filter(slug__in=["before", f"meanwhile-{number}"])]
            door.publish(meant, at=moment, roles={"by": "researcher", "checked_by": "editor"})

        in_another_thread(work)
        count("publications while a backup was being made")

    file = io.BytesIO()
    told = back_up(file, at=timezone.now(), say=publish_another)
    assert Edition.objects.count() > 4
    assert (told["edition"], told["rows"]["promises.promise"], told["rows"]["promises.version"]) == (1, 1, 1)
    assert told["digest"] == Edition.objects.get(number=1).digest
    (tmp_path / "b.zip").write_bytes(file.getvalue())
    with Backup(tmp_path / "b.zip") as backup:
        assert sum(1 for _ in backup.lines("tables/promises.update.jsonl")) == 2
    said = unused.manage("restore", tmp_path / "b.zip")
    assert f"1 edition, head digest {told['digest']} before and after" in said


def test_a_backup_made_during_one_publication_after_the_other_is_of_one_of_them(tmp_path, unused):
    promise, stopped = a_published_promise(), threading.Event()

    def go_on_publishing():
        try:
            for number in range(1, 10_000):
                if stopped.is_set():
                    return
                an_update(promise, kept("2024-01-01"), headline=f"Kept, told for the {number}th time")
                door.publish(
                    [Publication(promise)], at=NOON + timedelta(minutes=number), roles={"by": "r", "checked_by": "e"}
                )
        finally:
            connection.close()

    thread = threading.Thread(target=go_on_publishing)
    thread.start()
    try:
        for number in range(at_scale(3, 15)):
            with (tmp_path / f"{number}.zip").open("wb") as file:
                told = back_up(file, at=timezone.now())
            versions, updates = (told["rows"][f"promises.{name}"] for name in ("version", "update"))
            assert told["edition"] == versions
            assert updates - versions in (0, 1)  # a draft that is about to be published
            assert told["digest"] == Edition.objects.get(number=told["edition"]).digest
            count("backups made while somebody published without a pause")
    finally:
        stopped.set()
        thread.join()
    if TORTURE:
        said = unused.manage("restore", tmp_path / f"{number}.zip")
        assert f"head digest {told['digest']} before and after" in said
