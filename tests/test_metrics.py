"""What is counted of answers, and who may read it."""

import importlib
import re
import subprocess
import sys
import threading

import pytest
from django.conf import settings as in_force
from django.urls import clear_url_caches, set_urlconf

import tracker.urls
from tests.factories import a_published_promise
from tests.test_cache import Site
from tracker.answers import Answer, Store
from tracker.counting import LAYOUT, TOOK, Meter, added_up

TOKEN = "a token of twenty letters"
SHOWN = {"HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}


@pytest.fixture
def site(tmp_path):
    """A page cache that counts."""
    return Site(tmp_path, meter=Meter(tmp_path / "metrics"))


def counted(folder):
    return {name: count for name, count in added_up(folder / "metrics").items() if count}


def test_each_answer_is_counted_once_by_kind_and_status(site, tmp_path):
    site.get("/a")
    site.get("/a")
    site.get("/a", IF_NONE_MATCH=site.get("/a").headers["ETag"])
    site.get("/admin/")
    site.is_away = True
    site.clock.now += 2
    site.get("/a")
    told = counted(tmp_path)
    answers = {name: told[name] for name in told if name.split()[0] in {"made", "kept", "stale", "passed_on"}}
    assert answers == {"made 2": 1, "kept 2": 2, "kept 3": 1, "passed_on 2": 1, "stale 2": 1}


def test_what_is_held_and_let_go_is_known(tmp_path):
    meter, store = Meter(tmp_path / "metrics"), Store(4000)
    for number in range(5):
        store.put(number, Answer("200 OK", [], b"", "", (), 0.0))
    meter.holds(store)
    told = counted(tmp_path)
    assert (told["pages"], told["bytes"], told["evicted"]) == (2, 3000, 3)


@pytest.mark.parametrize(
    ("seconds", "step"), [(0, "0.005"), (0.005, "0.005"), (0.02, "0.025"), (10, "10.0"), (60, "+Inf"), (-1, "0.005")]
)
def test_a_page_that_was_made_is_counted_by_how_long_it_took(tmp_path, seconds, step):
    Meter(tmp_path / "metrics").took(seconds)
    told = counted(tmp_path)
    assert [name for name in TOOK if told.get(name)] == [f"took {step}"]
    assert told.get("microseconds", 0) == max(0, seconds * 1_000_000)


def test_many_threads_lose_no_count(tmp_path):
    meter = Meter(tmp_path / "metrics")
    ready = threading.Barrier(8)

    def answer():
        ready.wait()
        for _ in range(2000):
            meter.noting("kept", lambda status, headers: None)("200 OK", [])

    threads = [threading.Thread(target=answer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    meter.noting("kept", lambda status, headers: None)("200 OK", [])
    assert counted(tmp_path)["kept 2"] == 16_001


def test_processes_are_added_up_and_what_ended_ones_counted_stays(tmp_path):
    answer = "meter.noting('made', lambda status, headers: None)('200 OK', [])"
    holding = "meter.holds(type('Store', (), {'total': 7, 'evicted': 1, '__len__': lambda self: 3})())"
    process = subprocess.Popen(
        [sys.executable, "-c", f"from tracker.counting import Meter; import sys; meter = Meter({str(tmp_path / 'metrics')!r}); "
         f"{answer}; {holding}; print('done', flush=True); sys.stdin.read()"],
        cwd=in_force.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.readline()
    own = Meter(tmp_path / "metrics")
    own.noting("made", lambda status, headers: None)("200 OK", [])
    assert counted(tmp_path) == {"made 2": 2, "pages": 3, "bytes": 7, "evicted": 1, "workers": 2}
    process.communicate()
    assert counted(tmp_path) == {"made 2": 2, "evicted": 1, "workers": 1}
    another = Meter(tmp_path / "metrics")  # folds
    assert another
    assert counted(tmp_path)["made 2"] == 2
    assert len(list((tmp_path / "metrics").glob(f"{LAYOUT}-{process.pid}-*"))) == 0


def test_files_of_other_code_are_dropped(tmp_path):
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "00000000-4711").write_bytes(b"older")
    (folder / f"{LAYOUT}-past").write_bytes(b"broken off")
    meter = Meter(folder)
    assert not (folder / "00000000-4711").exists()
    assert counted(tmp_path) == {"workers": 1}
    assert meter


def test_where_there_is_no_place_to_count_readers_are_answered_all_the_same(tmp_path, caplog):
    (tmp_path / "metrics").write_text("a file where the folder should be")
    site = Site(tmp_path, meter=Meter(tmp_path / "metrics"))
    assert site.get("/a").status == 200
    assert "Nothing is counted" in caplog.text


# The page


@pytest.fixture
def switched_on(settings, tmp_path):
    """Set a token, and read the addresses anew with it."""
    settings.DATA_DIR = tmp_path
    settings.METRICS_TOKEN = TOKEN
    yield from addresses_read_anew()


def addresses_read_anew():
    importlib.reload(tracker.urls)
    clear_url_caches()
    set_urlconf(None)
    yield
    in_force.METRICS_TOKEN = ""
    importlib.reload(tracker.urls)
    clear_url_caches()


@pytest.mark.django_db
def test_there_is_no_such_address_unless_it_is_switched_on(client):
    assert client.get("/metrics", **SHOWN).status_code == 404


@pytest.mark.django_db
@pytest.mark.usefixtures("switched_on")
@pytest.mark.parametrize("head", [{}, {"HTTP_AUTHORIZATION": "Bearer "}, {"HTTP_AUTHORIZATION": TOKEN}])
def test_nobody_reads_it_without_the_token(client, head):
    answer = client.get("/metrics", REMOTE_ADDR="127.0.0.1", **head)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert "no-store" in answer["Cache-Control"]
    assert b"tracker_" not in answer.content


@pytest.mark.django_db
@pytest.mark.usefixtures("switched_on")
def test_who_has_the_token_reads_every_figure_in_prometheus_format(client, tmp_path):
    meter = Meter(tmp_path / "metrics")
    meter.noting("kept", lambda status, headers: None)("200 OK", [])
    meter.took(0.02)
    meter.took(0.5)
    a_published_promise()
    answer = client.get("/metrics", **SHOWN)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    sample = re.compile(r'[a-z_]+(\{[a-z]+="[^"]+"(,[a-z]+="[^"]+")*\})? -?[0-9.e+-]+')
    assert not [line for line in lines if not (line.startswith("# ") or sample.fullmatch(line))]
    for wanted in (
        'tracker_requests_total{kind="kept",status="2xx"} 1',
        'tracker_requests_total{kind="passed_on",status="5xx"} 0',
        'tracker_making_seconds_bucket{le="0.01"} 0',
        'tracker_making_seconds_bucket{le="0.025"} 1',
        'tracker_making_seconds_bucket{le="+Inf"} 2',
        "tracker_making_seconds_sum 0.52",
        "tracker_making_seconds_count 2",
        "tracker_kept_pages 0",
        "tracker_kept_bytes 0",
        "tracker_kept_evictions_total 0",
        "tracker_workers 1",
        "tracker_database_up 1",
        "tracker_publications_total 1",
        "tracker_latest_edition 1",
        "# TYPE tracker_making_seconds histogram",
    ):
        assert wanted in lines
    assert any(line.startswith("tracker_seconds_since_publication ") for line in lines)


@pytest.mark.django_db
@pytest.mark.usefixtures("switched_on")
def test_a_database_that_is_away_is_a_figure_too(client, monkeypatch):
    from django.db import OperationalError, connection

    def refuse(*_, **__):
        raise OperationalError("away")

    monkeypatch.setattr(connection, "cursor", refuse)
    answer = client.get("/metrics", **SHOWN)
    assert answer.status_code == 200
    assert "tracker_database_up 0" in answer.text.splitlines()
