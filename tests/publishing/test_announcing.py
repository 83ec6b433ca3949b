"""What caches in front are told, held against a small one of our own."""

import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.factories import a_promise, publish


class CacheInFront(BaseHTTPRequestHandler):
    told = []
    status = 200

    def do_POST(self):
        self.told.append(dict(self.headers))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def cache_in_front(settings):
    server = HTTPServer(("127.0.0.1", 0), CacheInFront)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    CacheInFront.told, CacheInFront.status = [], 200
    settings.PURGE_URL = f"http://127.0.0.1:{server.server_port}/purge"
    settings.PURGE_HEADER = "Api-Key: a secret"
    yield CacheInFront
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.django_db
def test_caches_in_front_are_told_of_an_edition(cache_in_front, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        publish(a_promise())
        assert not cache_in_front.told
    [headers] = cache_in_front.told
    assert headers["Surrogate-Key"] == "record"
    assert headers["Api-Key"] == "a secret"


@pytest.mark.django_db
def test_a_cache_that_refuses_is_noted_without_its_secret(cache_in_front, caplog, django_capture_on_commit_callbacks):
    cache_in_front.status = 403
    with caplog.at_level(logging.WARNING, logger="promises"), django_capture_on_commit_callbacks(execute=True):
        publish(a_promise())
    assert "403" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.django_db
def test_nobody_is_told_unless_asked_to(settings, cache_in_front, django_capture_on_commit_callbacks):
    settings.PURGE_URL = ""
    with django_capture_on_commit_callbacks(execute=True):
        publish(a_promise())
    assert not cache_in_front.told


@pytest.mark.django_db
def test_a_bell_that_cannot_be_rung_leaves_nothing_behind(
    settings, tmp_path, caplog, django_capture_on_commit_callbacks
):
    settings.DATA_DIR = tmp_path
    (tmp_path / "edition").mkdir()
    with caplog.at_level(logging.WARNING, logger="promises"), django_capture_on_commit_callbacks(execute=True):
        publish(a_promise())
    assert "not told of edition 1" in caplog.text
    assert [found.name for found in tmp_path.iterdir()] == ["edition"]
