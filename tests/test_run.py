"""`make run`, from nothing and again."""

import os
import signal
import subprocess
import urllib.request

import pytest
from django.conf import settings

from tests import servers

pytestmark = pytest.mark.same_on_both


@pytest.fixture
def run(tmp_path):
    """Return a function that starts `./dev run`, and gives what it said when the site is up."""
    started = []
    port = servers.free_port()
    alone = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data"), "PORT": str(port)}

    def start():
        process = subprocess.Popen(
            [settings.BASE_DIR / "dev", "run"],
            env=alone,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started.append(process)
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl+C" in line:
                break
        return process, f"http://127.0.0.1:{port}", said

    yield start
    for process in started:
        stop(process)


def stop(process):
    """End it as Ctrl+C does; return its status."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    return process.returncode


def get(address):
    with urllib.request.urlopen(address, timeout=30) as response:  # noqa: S310
        return response.read().decode()


def test_it_serves_the_records_tells_who_may_come_in_and_starts_again_with_nothing_lost(run, tmp_path):
    process, address, said = run()
    assert f"The tracker is at {address}/" in said, said
    assert all(role in said.lower() for role in ["researcher", "editor", "administrator"])
    first = get(f"{address}/promises.json")
    assert f"{address}/promises/" in first
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o077 == 0
    assert stop(process) == 0

    process, address, said = run()
    assert "editor" not in said.lower()
    assert get(f"{address}/promises.json") == first
    assert stop(process) == 0


def test_a_taken_port_is_named(tmp_path):
    with servers.socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = subprocess.run(
            [settings.BASE_DIR / "dev", "run"],
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert refused.returncode == 1
    assert f"Cannot listen on port {port}" in refused.stderr


def test_a_port_that_is_none_is_named():
    refused = subprocess.run(
        [settings.BASE_DIR / "dev", "run"],
        env={"PATH": os.environ["PATH"], "PORT": "http"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "PORT is 'http'. Write a number from 1 to 65535." in refused.stderr
