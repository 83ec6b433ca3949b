"""Several machines, as `deploy/` describes them: what readers see when one lags or is lost."""

import contextlib
import json
import threading

import pytest

from tests import machines, servers
from tests.publisher import publishing
from tests.scale import count
from tests.watching import a_page_nobody_has, ask, edition_given, edition_of, nothing_wrong, until

pytestmark = [pytest.mark.with_postgresql, pytest.mark.torture]
READERS = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"]


@pytest.fixture(scope="module")
def site():
    with machines.everything() as everything, publishing(everything.machines[0].environment) as publisher:
        publisher.publish()
        everything.publisher = publisher
        yield everything


@contextlib.contextmanager
def complaints_of(machines):
    """Have a failure say what the machines' logs say."""
    try:
        yield
    except AssertionError as failure:
        for machine in machines:
            failure.add_note(machine.complaints())
        raise


@pytest.fixture
def reading(site):
    """Readers who read all the while, behind nginx and at each machine, and see nothing wrong."""
    with complaints_of(site.machines), contextlib.ExitStack() as stack:
        watches = [stack.enter_context(nothing_wrong([site.reader(address) for address in READERS]))]
        for machine in site.machines:
            watches.append(stack.enter_context(nothing_wrong([machine.reader()], across=True)))
        yield watches
    count("answers of several machines read", sum(watch.counted["answers"] for watch in watches))


def shown(site):
    """The editions that readers behind nginx and at each machine are given."""
    readers = [*(site.reader(address) for address in READERS), *(machine.reader() for machine in site.machines)]
    return {edition_given(reader) for reader in readers}


def following(site):
    return int(site.databases[0].ask("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"))


def test_pages_are_made_from_the_replicas_and_the_desk_asks_the_primary(site):
    edition = edition_given(site.reader())
    until(lambda: shown(site) == {edition})

    def scans():
        asked = "SELECT seq_scan + idx_scan FROM pg_stat_user_tables WHERE relname = 'promises_period'"
        return [int(database.ask(asked)) for database in site.databases]

    before = scans()
    for machine in site.machines:
        with machine.reader() as reader:
            for _ in range(8):
                reader.json(a_page_nobody_has())
    until(lambda: all(now > then for now, then in zip(scans()[1:], before[1:], strict=True)))
    assert scans()[0] == before[0]
    assert "head digest" in site.machines[1].manage("verify_record")


def test_a_publication_is_shown_by_every_machine(site, reading):
    for _ in range(3):
        edition = site.publisher.edition()
        until(lambda edition=edition: shown(site) == {edition})


def test_replicas_that_lag_keep_no_reader_from_what_is_latest(site, reading):
    for replica in site.databases[1:]:
        replica.ask("SELECT pg_wal_replay_pause()")
    try:
        edition = site.publisher.edition()
        until(lambda: shown(site) == {edition})
        for machine in site.machines:
            assert edition_given(machine.reader(), a_page_nobody_has()) == edition
    finally:
        for replica in site.databases[1:]:
            replica.ask("SELECT pg_wal_replay_resume()")


def test_the_loss_of_a_replica_is_seen_by_nobody(site, reading):
    lost = site.databases[1]
    lost.kill()
    try:
        edition = site.publisher.edition()
        until(lambda: shown(site) == {edition})
        for machine in site.machines:
            assert edition_given(machine.reader(), a_page_nobody_has()) == edition
    finally:
        lost.start()
        until(lambda: following(site) == 2)


def test_without_any_replica_a_publication_waits_for_one_and_is_not_lost(site, reading):
    replicas, answers = site.databases[1:], []
    for replica in replicas:
        replica.kill()
    waiting = threading.Thread(target=lambda: answers.append(site.publisher.edition()))
    try:
        edition = edition_given(site.machines[0].reader()) + 1
        waiting.start()
        until(
            lambda: site.databases[0].ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == "1"
        )
        assert edition_given(site.machines[0].reader(), a_page_nobody_has()) == edition - 1
    finally:
        for replica in replicas:
            replica.start()
        waiting.join(30)
    assert answers == [edition]
    until(lambda: shown(site) == {edition})
    until(lambda: following(site) == 2)


def test_the_loss_of_an_application_machine_is_seen_by_nobody_behind_nginx(site):
    lost = site.machines[1]
    with nothing_wrong([site.reader(address) for address in READERS]) as watch:
        lost.kill()
        edition = site.publisher.edition()
        until(lambda: {edition_given(site.reader(address)) for address in READERS} == {edition})
        lost.start()
        until(lambda: shown(site) == {edition})
    count("answers of several machines read", watch.counted["answers"])


def test_a_redis_that_does_not_answer_keeps_no_reader_waiting_for_long(site, reading):
    import redis

    with contextlib.closing(redis.Redis.from_url(site.redis_url)) as client:
        client.execute_command("CLIENT PAUSE", 4000, "ALL")
    edition = site.publisher.edition()
    until(lambda: shown(site) == {edition})


def test_a_replica_that_comes_back_is_asked_at_once_where_nobody_else_is_there(site):
    primary, *replicas = site.databases
    for database in site.databases:
        database.kill()
    assert site.publisher.publish().startswith("failed")
    for machine in site.machines:
        for _ in range(8):
            assert ask(machine.reader(), a_page_nobody_has())[0] == 503
    for replica in replicas:
        replica.start()
    for machine in site.machines:
        for path in a_page_nobody_has(), "/promises/railway-3/versions/1/proof.json?edition=2":
            status, _, body = ask(machine.reader(), path)
            assert status == 200, body
    primary.start()
    until(lambda: following(site) == 2)
    for machine in site.machines:
        until(lambda machine=machine: ask(machine.reader(), "/")[1]["X-Stale"] is None)


def test_the_loss_of_the_primary_loses_no_publication_and_keeps_no_reader_from_the_record(site, reading):
    for watch in reading:
        watch.may_be_away = True
    primary, *replicas = site.databases
    for replica in replicas:  # both have it and do not show it yet when the primary is lost
        replica.ask("SELECT pg_wal_replay_pause()")
    accepted = site.publisher.edition()
    until(lambda: shown(site) == {accepted})
    primary.kill()
    for replica in replicas:
        replica.ask("SELECT pg_wal_replay_resume()")
    assert site.publisher.publish().startswith("failed")
    for machine in site.machines:
        status, headers, _ = ask(machine.reader(), a_page_nobody_has())
        assert (status, edition_of(headers)) == (200, accepted)
        status, _, body = ask(machine.reader(), "/promises/railway-3/versions/1/proof.json")
        assert status == 200, body
        assert json.loads(body)["version"] == 1
        until(lambda machine=machine: ask(machine.reader(), "/")[1]["X-Stale"] == "the database is away")
    assert ask(site.reader(), "/health/")[0] == 503

    received = "SELECT pg_last_wal_receive_lsn() - '0/0'"
    furthest = max(replicas, key=lambda replica: int(replica.ask(received)))
    furthest.promote()
    until(lambda: furthest.ask("SELECT pg_is_in_recovery()") != "t")
    site.databases.sort(key=lambda database: database is not furthest)
    until(lambda: following(site) == 1)
    edition = site.publisher.edition()
    assert edition == accepted + 1
    until(lambda: shown(site) == {edition})
    until(lambda: ask(site.machines[0].reader(), "/")[1]["X-Stale"] is None)
    assert f"{edition} editions" in site.machines[0].manage("verify_record")

    servers.shutil.rmtree(primary.data)
    primary.copy_of(furthest)
    primary.start()
    until(lambda: following(site) == 2)
