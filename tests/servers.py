"""Throw-away PostgreSQL and Redis: started when asked for, gone with the process that asked."""

import contextlib
import ctypes
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class CannotStart(Exception):
    """A server we need is missing or did not come up; the message says what to do."""


@contextlib.contextmanager
def postgresql():
    """Start an empty PostgreSQL server and give its DATABASE_URL; about a second."""
    programs = newest_postgresql()
    # PostgreSQL refuses to run as root.
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    port = free_port()
    with temporary_directory("tracker-postgresql-") as directory:
        if who:
            account = pwd.getpwnam("postgres")
            os.chown(directory, account.pw_uid, account.pw_gid)
        environment = {"PATH": f"{programs}:{os.defpath}", "LC_ALL": "C.UTF-8", "HOME": str(directory)}
        where = {"cwd": directory, "env": environment}
        form = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            [programs / "initdb", "-D", directory / "data", *form],
            check=True, stdout=subprocess.DEVNULL, **where, **who,
        )  # fmt: skip
        careless = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        options = ["listen_addresses=127.0.0.1", "max_connections=50", *careless]
        command = [programs / "postgres", "-D", directory / "data", "-p", str(port), "-k", directory]
        command += [word for option in options for word in ("-c", option)]
        with running(command, log=directory / "log", **where, **who) as process:
            ready = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, process, directory / "log")
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis(*configuration):
    """Start an empty Redis, with a configuration file if one is given, and give its REDIS_URL."""
    program = shutil.which("redis-server")
    if not program:
        raise CannotStart("redis-server is missing: apt-get install redis-server")
    port = free_port()
    with temporary_directory("tracker-redis-") as directory:
        command = [
            program,
            *configuration,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        with running([*command, "--dir", directory], log=directory / "log", cwd=directory) as process:
            wait_until(lambda: answers(port), process, directory / "log")
            yield f"redis://127.0.0.1:{port}/0"


def end_with_us():
    """Have the kernel interrupt this process when the one that started it is gone."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def newest_postgresql():
    """Return the folder of Debian's newest PostgreSQL programs, or of those on the PATH."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))],
    )
    if found:
        return found[-1].parent
    if on_path := shutil.which("postgres"):
        return Path(on_path).resolve().parent
    raise CannotStart("PostgreSQL is missing: apt-get install postgresql")


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


def answers(port):
    with socket.socket() as it:
        return it.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_ready, process, log, *, seconds=30):
    """Return once it is ready; tell what the log says when it ends or takes too long."""
    last = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None or time.monotonic() > last:
            raise CannotStart(f"{process.args[0]} did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.02)


@contextlib.contextmanager
def temporary_directory(prefix):
    directory = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def running(command, *, log, **options):
    """Keep a program running meanwhile; the kernel ends it even if we are killed."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, start_new_session=True,
            preexec_fn=end_with_us, **options,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
