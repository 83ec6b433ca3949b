"""The tracker as it is measured: its settings, its databases, its static files."""

import hashlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("BENCH_DIR") or ROOT / "var" / "bench")
"""Where what is made to measure by stays: databases, the rivals' programs, results."""
SHIPPED = "shipped"
"""What to say instead of a number of promises for the records the site comes with."""


def environment(count, **more):
    """Return the environment of the tracker on its database of that size, as `./dev run` sets it."""
    HOME.mkdir(parents=True, exist_ok=True)
    key = HOME / "secret_key"
    if not key.exists():
        key.write_text(secrets.token_urlsafe(50))
    ours = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "DEBUG")
    return {
        **{name: value for name, value in os.environ.items() if name not in ours},
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(HOME),
        "LOCAL_SECRET_KEY_FILE": str(key),
        "DATABASE_URL": f"sqlite:///{HOME / f'{count}.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "tracker.settings",
        **more,
    }


def prepare(count):
    """Make the database of that size if it is not there, and the static files; everything is brought up to date."""
    given = environment(count)
    new = not (HOME / f"{count}.sqlite3").exists()
    if new and count != SHIPPED:
        print(f"Making {count:,} promises, once.", flush=True)
        generate(given, count)
    manage(given, "migrate", "-v0")
    manage(given, "createcachetable", "-v0")
    if new and count == SHIPPED:
        manage(given, "load_records", "fixtures")
    collect_static_files(given)


def generate(given, count):
    """Fill the database of that environment with so many promises."""
    command = [sys.executable, "-m", "bench.generate", str(count), "--into-database"]
    subprocess.run(command, env=given, cwd=ROOT, check=True)


def collect_static_files(given):
    """Gather and compress the static files when one of them changed: pages name them by what is in them."""
    files = [*sorted((ROOT / "static").rglob("*.*")), ROOT / "tracker" / "static.py"]
    seen = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()
    stamp = HOME / "static.sha256"
    if not stamp.exists() or stamp.read_text() != seen:
        manage(given, "collectstatic", "--noinput", "-v0")
        stamp.write_text(seen)


def manage(given, *arguments):
    subprocess.run([sys.executable, "manage.py", *arguments], env=given, cwd=ROOT, check=True)


def set_up(count=None, **more):
    """Start Django here: on the environment's own settings, or on the database of that size."""
    if count is not None:
        prepare(count)
        more = {**environment(count), **more}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    os.environ["STATEMENT_TIMEOUT"] = "0"
    os.environ.update(more)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def with_room():
    """Let SQLite keep a gigabyte of pages in memory while a great many rows are loaded."""
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size=-1000000")
