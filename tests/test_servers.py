import psycopg
import pytest
import redis

from tests import servers

pytestmark = pytest.mark.same_on_both


def test_a_throw_away_postgresql_answers():
    with servers.postgresql() as address, psycopg.connect(address) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_throw_away_redis_answers_and_goes():
    with servers.redis() as address, redis.Redis.from_url(address) as client:
        assert client.ping()
    assert not servers.answers(int(address.rsplit(":")[-1].split("/")[0]))


def test_a_server_that_does_not_start_says_why(tmp_path):
    log = tmp_path / "log"
    with (
        servers.running(["sh", "-c", "echo no such luck"], log=log) as process,
        pytest.raises(servers.CannotStart, match="no such luck"),
    ):
        servers.wait_until(lambda: False, process, log)
