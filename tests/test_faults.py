"""What becomes of readers and of the record when something fails: each fault is really brought about."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import threading
from itertools import count as counting

import pytest
from django.db import connection

from tests import machines, servers
from tests.publisher import publishing
from tests.scale import at_scale, count
from tests.watching import ALWAYS, Watch, a_page_nobody_has, ask, edition_given, edition_of, nothing_wrong, until

pytestmark = pytest.mark.torture
ON_POSTGRESQL = connection.vendor == "postgresql"
MEGABYTE = 1024 * 1024


@contextlib.contextmanager
def a_site(folder, **filled):
    """A site of one machine on the database that is being tested, with a record and somebody who publishes."""
    folder.chmod(0o755)
    with contextlib.ExitStack() as stack:
        database = None
        if ON_POSTGRESQL:
            [database] = stack.enter_context(machines.databases(["database_1"], folder=folder / "database"))
            address = f"postgresql://postgres@127.0.0.1:{database.port}/postgres"
        else:
            address = f"sqlite:///{folder}/tracker.sqlite3"
        machine = stack.enter_context(machines.one_machine(folder, address, **filled))
        machine.publisher = stack.enter_context(publishing(machine.environment))
        machine.publisher.edition()
        machine.database = database
        yield machine


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with a_site(tmp_path_factory.mktemp("site")) as machine:
        yield machine


def shown(site):
    return edition_given(site.reader())


# Dying in the middle


def test_a_publication_that_dies_at_any_statement_is_whole_or_never_was(site):
    """Every moment at which the process can be killed: before each statement, before and after the commit."""
    before = site.publisher.verified()
    died, step = 0, at_scale(6, 1)
    for moment in counting(1, step):
        answer = site.publisher.publish(dying=str(moment))
        if answer.startswith("edition"):
            break
        assert answer == "died", answer
        died += 1
        after = site.publisher.verified()
        assert after - before in (0, 1), f"killed before statement {moment}"
        before = after
    assert died > 3
    before = site.publisher.verified()
    assert site.publisher.publish(dying="commit") == "died"
    assert site.publisher.verified() == before
    assert site.publisher.publish(dying="done") == "died"
    assert site.publisher.verified() == before + 1
    until(lambda: shown(site) == before + 1)
    count("publications killed in the middle", died + 2)


def test_with_a_clock_set_back_nothing_is_published_out_of_order(site):
    before = site.publisher.verified()
    answer = site.publisher.publish_behind(3600)
    assert answer.startswith("refused: The moment "), answer
    assert f"is before that of edition {before}" in answer
    assert site.publisher.verified() == before
    assert site.publisher.edition() == before + 1


def test_a_worker_that_is_killed_comes_back_and_readers_hardly_notice(site):
    with Watch([site.reader() for _ in range(4)], across=True) as watch:
        lost, other = machines.children_of(site.process)
        os.kill(lost, signal.SIGKILL)
        until(lambda: len(set(machines.children_of(site.process)) - {lost, other}) == 1)
        edition = site.publisher.edition()
        until(lambda: shown(site) == edition)
    # Who was just asking that worker is cut off, asks anew, and may be cut off again while it goes.
    assert len(watch.wrong) < 20, watch.wrong[:20]
    assert all("Connection" in wrong or "Remote" in wrong for wrong in watch.wrong), watch.wrong
    count("workers killed under load")


# The database


@pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite has no server that could be killed")
def test_a_database_killed_under_load_takes_no_page_from_readers_and_no_publication_from_the_record(site):
    for _ in range(at_scale(1, 8)):
        accepted = site.publisher.edition()
        until(lambda accepted=accepted: {edition_of(ask(site.reader(), path)[1]) for path in ALWAYS} == {accepted})
        with Watch([site.reader() for _ in range(4)], across=False, new=False) as watch:
            site.database.kill()
            assert site.publisher.publish().startswith("failed")
            for path in ALWAYS:
                until(lambda path=path: ask(site.reader(), path)[1]["X-Stale"] == "the database is away")
            status, _, body = ask(site.reader(), a_page_nobody_has())
            assert status == 503, body
            site.database.start()
            until(lambda: ask(site.reader(), "/")[1]["X-Stale"] is None)
        assert not watch.wrong, watch.wrong[:5]
        assert site.publisher.verified() == accepted
        assert site.publisher.edition() == accepted + 1
        count("times PostgreSQL was killed under load")


@pytest.mark.skipif(ON_POSTGRESQL, reason="a lock on the whole database is SQLite's")
def test_a_database_locked_from_outside_keeps_nobody_from_reading_and_delays_who_publishes(site):
    file = site.folder / "tracker.sqlite3"
    before = site.publisher.verified()
    for longer_than_we_wait in at_scale([False], [False, True]):
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            answers = []
            publishing = threading.Thread(target=lambda answers=answers: answers.append(site.publisher.publish()))
            publishing.start()
            with nothing_wrong([site.reader()], across=True) as watch:
                until(lambda watch=watch: watch.counted["answers"] > 100, seconds=60)
                if longer_than_we_wait:
                    publishing.join(60)
                assert publishing.is_alive() != longer_than_we_wait
            other.execute("ROLLBACK")
        publishing.join(60)
        if longer_than_we_wait:
            assert answers == ["failed: database is locked"]
            answers = [site.publisher.publish()]
        before += 1
        assert answers == [f"edition {before}"]
        assert site.publisher.verified() == before
        count("times the database was locked from outside")


# The disk


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own that can be filled."""
    disk = tmp_path / "disk"
    disk.mkdir()
    size = 200 if ON_POSTGRESQL else 24
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk):
    """Write until nothing more fits; return the file that is in the way."""
    filling = disk / "filling"
    with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)
    return filling


def test_a_full_disk_loses_nothing_and_readers_go_on(small_disk):
    with a_site(small_disk) as site:
        last = site.publisher.verified()
        for path in ALWAYS:
            ask(site.reader(), path)
        with nothing_wrong([site.reader() for _ in range(2)], across=True):
            filling = fill(small_disk)
            for _ in range(200):
                answer = site.publisher.publish()
                if not answer.startswith("edition"):
                    break
                last = int(answer.split()[1])
            assert answer.startswith("failed"), answer
            until(lambda: shown(site) == last)
            filling.unlink()
            until(lambda: site.publisher.publish() == f"edition {last + 1}", seconds=60)
            until(lambda: shown(site) == last + 1)
        assert site.publisher.verified() == last + 1
        assert [file.name for file in small_disk.glob("edition*")] == ["edition"]
    count("disks filled")


# The cache


@pytest.mark.same_on_both
def test_a_cache_that_is_full_or_full_of_rubbish_or_gone_keeps_no_page_from_readers(tmp_path):
    import redis

    with contextlib.ExitStack() as stack:
        address = stack.enter_context(servers.redis(machines.DEPLOY / "redis.conf"))
        client = stack.enter_context(contextlib.closing(redis.Redis.from_url(address)))
        site = stack.enter_context(a_site(tmp_path, REDIS_URL=address))
        with nothing_wrong([site.reader() for _ in range(2)], across=True) as watch:

            def goes_on():
                edition = site.publisher.edition()
                until(lambda: shown(site) == edition)
                for path in ALWAYS:
                    assert ask(site.reader(), path)[0] == 200

            goes_on()
            assert client.keys("page:*")
            for name in client.keys("*"):
                client.set(name, b"\xff rubbish")
            goes_on()
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1")
            goes_on()
            client.shutdown(nosave=True)
            goes_on()
        count("answers read while the cache was full, full of rubbish, or gone", watch.counted["answers"])
        assert ask(site.reader(), "/health/")[0] == 503


# Many readers


def test_two_hundred_readers_at_once_see_no_error_and_never_an_older_edition(site):
    """A publication each second, for half a minute on SQLite and for five on PostgreSQL where it is done at length."""
    seconds, readers = at_scale(6, 300 if ON_POSTGRESQL else 30), at_scale(50, 200)
    with nothing_wrong([site.reader() for _ in range(readers)], across=True) as watch:
        over, begun = threading.Event(), site.publisher.verified()
        for _ in range(seconds):
            edition = site.publisher.edition()
            over.wait(1)
        until(lambda: shown(site) == edition)
    assert edition == begun + seconds == site.publisher.verified()
    count("answers to many readers at once", watch.counted["answers"])
    count("of which marked as stale, a newer page being made", watch.counted["marked as stale"])
    count("editions published under load", seconds)
