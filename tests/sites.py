"""Trackers of their own: each with a database, a folder and processes, as on a machine that knows nothing of this one."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
KINDS = ["postgresql", "sqlite"] if os.environ.get("TEST_DATABASE") == "postgresql" else ["sqlite"]
"""The kinds of database that a test may have: PostgreSQL where there is one."""
_numbers = count(1)


@dataclass
class Site:
    """One tracker, asked through its commands."""

    folder: Path
    database: str
    key: str = "a key for a site that lives as long as its test, of some length"
    more: dict = field(default_factory=dict)

    @property
    def environment(self):
        key = self.folder / "key"
        key.write_text(self.key)
        ours = ("SECRET_KEY", "REDIS_URL", "PUBLIC_URL", "ALLOWED_HOSTS", "DEBUG", "TEST_DATABASE")
        return {
            **{name: value for name, value in os.environ.items() if name not in ours},
            "DATABASE_URL": self.database,
            "DATA_DIR": str(self.data),
            "LOCAL_SECRET_KEY_FILE": str(key),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "PYTHONPATH": str(ROOT),
            "STATEMENT_TIMEOUT": "0",
            **self.more,
        }

    @property
    def data(self):
        data = self.folder / "data"
        (data / "static").mkdir(parents=True, exist_ok=True)
        return data

    def run(self, *words, **options):
        """Run Python there, and return the finished process, whatever came of it."""
        return subprocess.run(
            [sys.executable, *map(str, words)], env=self.environment, cwd=ROOT, text=True, check=False,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )  # fmt: skip

    def manage(self, *words):
        """Run a command of manage.py there that must go well, and return what it said."""
        done = self.run("manage.py", *words)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def refusal(self, *words, **options):
        """Run a command there that must refuse, and return its sentence."""
        done = self.run("manage.py", *words, **options)
        assert done.returncode == 1, f"{words}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done.stderr.strip()

    def ask(self, function, *words):
        """Call a function of tests/filling.py there, and return what it returned."""
        return self.ask_in_turn(" ".join(map(str, (function, *words))))[0]

    def ask_in_turn(self, *calls):
        """Call functions of tests/filling.py there, one after the other in one process; starting one takes its time."""
        done = self.run("-m", "tests.filling", *" + ".join(calls).split())
        assert done.returncode == 0, f"{calls}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.splitlines()[-1])

    def tables(self):
        """The names of the tables there, shadows of a search index left out."""
        with self.cursor() as cursor:
            if self.database.startswith("sqlite"):
                cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            else:
                cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            return {name for (name,) in cursor.fetchall()}

    @contextlib.contextmanager
    def cursor(self):
        """A cursor that knows nothing of Django."""
        if self.database.startswith("sqlite"):
            with (
                contextlib.closing(sqlite3.connect(self.database.removeprefix("sqlite:///"))) as connection,
                connection,
            ):
                yield connection.cursor()
        else:
            with psycopg.connect(self.database) as connection:
                yield connection.cursor()


@contextlib.contextmanager
def a_site(folder, kind, *, copy_of=None):
    """A site with an empty database of that kind, or a copy of another's, which is dropped in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "sqlite":
        site = Site(folder, f"sqlite:///{folder / 'site.sqlite3'}")
        if copy_of:
            with copy_of.cursor() as theirs, site.cursor() as ours:
                theirs.connection.backup(ours.connection)
        yield site
        return
    # An ordinary owner, as on a real server: what only its master may do is not there to be used.
    port, name = urlsplit(os.environ["DATABASE_URL"]).port, f"site_{os.getpid()}_{next(_numbers)}"
    template = urlsplit(copy_of.database).path.strip("/") if copy_of else "template1"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'owner'").fetchone():
            connection.execute("CREATE ROLE owner LOGIN")
        connection.execute(f"CREATE DATABASE {name} OWNER owner TEMPLATE {template}")
        try:
            yield Site(folder, f"postgresql://owner@127.0.0.1:{port}/{name}")
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
