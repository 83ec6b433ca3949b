"""The tracker and its rivals, each started for one measurement and gone after it."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from dataclasses import dataclass

from bench.measure import ACCEPT, BROTLI, Asker
from bench.site import HOME, ROOT, environment
from tests.servers import free_port, running, temporary_directory

DATASETTE = "datasette>=0.65,<1"


@dataclass
class Server:
    """Something that answers at an address."""

    address: str
    process: subprocess.Popen


@contextlib.contextmanager
def granian(application, given, *, workers=2, threads=4):
    """Serve a WSGI application as `./dev run` and the documented units do."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port]
    command += ["--workers", workers, "--blocking-threads", threads, "--no-ws", "--log-level", "warning", application]
    with started(command, port, env=given, cwd=ROOT) as server:
        yield server


@contextlib.contextmanager
def started(command, port, **options):
    """Start a program, and give it once it answers."""
    with temporary_directory("bench-") as folder:
        log = folder / "log"
        with running([str(word) for word in command], log=log, **options) as process:
            address = f"http://127.0.0.1:{port}"
            last = time.monotonic() + 60
            while True:
                try:
                    Asker(address).get("/health/")
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > last:
                        raise SystemExit(f"{command} did not come up:\n{log.read_text(errors='replace')}") from None
                    time.sleep(0.05)
            yield Server(address, process)


def tracker(count, *, cached=True, workers=2, threads=4, **more):
    """Our own site on the database of that size; `cached` says whether pages are kept."""
    application = "tracker.wsgi:application" if cached else "bench.uncached:application"
    return granian(application, environment(count, **more), workers=workers, threads=threads)


def hello(size):
    """The least that a WSGI application can do: as many bytes, always the same."""
    return granian("bench.hello:application", {**os.environ, "PYTHONPATH": str(ROOT), "HELLO_BYTES": str(size)})


def plain(count):
    """What a developer would otherwise write: plain Django on the same promises."""
    database = HOME / f"plain-{count}.sqlite3"
    given = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PLAIN_DATABASE": str(database),
        "DJANGO_SETTINGS_MODULE": "bench.plain",
    }
    if not database.exists():
        print(f"Filling plain Django with {count:,} promises, once.", flush=True)
        subprocess.run([sys.executable, "-m", "bench.plain_data", str(count)], env=given, cwd=ROOT, check=True)
    return granian("bench.plain:application", given)


@contextlib.contextmanager
def datasette(count):
    """What a data journalist would otherwise publish with: one flat table of the same rows."""
    home = HOME / "datasette-venv"
    if not (home / "bin" / "datasette").exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "pip", "install", "-q", DATASETTE], check=True)
    database = HOME / f"flat-{count}.db"
    if not database.exists():
        flatten(count, database)
    port = free_port()
    command = [home / "bin" / "datasette", "serve", "-i", database, "--port", port, "--setting", "num_sql_threads", "4"]
    with started(command, port) as server:
        yield server


def flatten(count, database):
    """Write the promises as they stand into one table, as a spreadsheet of them would be."""
    import sqlite3

    made = sqlite3.connect(database)
    made.execute("ATTACH ? AS ours", [str(HOME / f"{count}.sqlite3")])
    made.execute(
        "CREATE TABLE promises AS SELECT l.slug, l.title, p.status, p.since, p.date, p.headline, l.theme, l.place_keys "
        "AS places, l.department, l.made_by, l.made_on, l.due_on, p.sources, l.summary FROM ours.promises_listing l "
        "JOIN ours.promises_period p ON p.listing_id = l.version_id "
        "WHERE l.edition_to = 2147483647 AND p.valid_to = '9999-12-31'"
    )
    made.execute("CREATE UNIQUE INDEX slug ON promises (slug)")
    for column in ("status", "theme", "since"):
        made.execute(f"CREATE INDEX by_{column} ON promises ({column})")
    made.commit()
    made.close()


@contextlib.contextmanager
def nginx(servers, port, *, http=""):
    """Run nginx with these `server` blocks."""
    with temporary_directory("bench-nginx-") as folder:
        folder.chmod(0o755)
        configuration = folder / "nginx.conf"
        configuration.write_text(
            f"worker_processes auto; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 1024; }\n"
            "http { include /etc/nginx/mime.types; access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n"
            f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;\n"
            f"uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n{http.format(folder=folder)}\n{servers}\n}}\n"
        )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        with started([program, "-c", configuration, "-e", folder / "error.log"], port) as server:
            yield server


@contextlib.contextmanager
def static_copy(server, paths):
    """nginx serving finished files: what our site answers at these paths, plain and compressed."""
    with temporary_directory("bench-static-") as folder:
        folder.chmod(0o755)
        asker, blocks, port = Asker(server.address), "", free_port()
        for place, path in enumerate(paths):
            _, _, headers, body = asker.get(path, headers={})
            (folder / str(place)).write_bytes(body)
            packed = asker.get(path)[3]
            (folder / f"{place}.gz").write_bytes(packed)
            kind = headers["Content-Type"]
            blocks += (
                f"location = /{place} {{ root {folder}; types {{}} default_type '{kind}'; gzip_static on; "
                f"{same_headers(headers)} }}\n"
            )
        with nginx(f"server {{ listen 127.0.0.1:{port} backlog=4096; {blocks} }}", port) as copy:
            yield copy


@contextlib.contextmanager
def static_site(server, paths):
    """nginx serving finished pages at their own addresses and all they are made of, in brotli, which browsers ask for."""
    with temporary_directory("bench-static-") as folder:
        folder.chmod(0o755)
        asker, blocks, port = Asker(server.address), "", free_port()
        packed = "types {{}} default_type '{kind}'; add_header Content-Encoding br;"
        for place, path in enumerate(paths):
            _, _, headers, body = asker.get(path, BROTLI)
            (folder / str(place)).write_bytes(body)
            blocks += (
                f"location = {path} {{ root {folder}; rewrite ^ /{place} break; {packed.format(kind=headers['Content-Type'])} "
                f"{same_headers(headers)} }}\n"
            )
        blocks += f"location /static/ {{ root {HOME}; expires max; }}\n"
        for ending, kind in (("css", "text/css"), ("js", "text/javascript")):
            blocks += (
                f"location ~ ^/static/.*\\.{ending}$ {{ root {HOME}; try_files $uri.br =404; expires max; "
                f"{packed.format(kind=kind)} }}\n"
            )
        with nginx(f"server {{ listen 127.0.0.1:{port} backlog=4096; {blocks} }}", port) as site:
            yield site


def same_headers(headers):
    """Return nginx's lines for the headers that ours carry, so that both send the same number of bytes."""
    names = ("Content-Security-Policy", "Permissions-Policy", "Cache-Control", "Referrer-Policy")
    return "".join(f'add_header {name} "{headers[name]}";' for name in names if headers[name])


@contextlib.contextmanager
def micro_cache(server):
    """The documented nginx in front of our site, on loopback and without certificates."""
    port, written = free_port(), ROOT / "deploy" / "nginx"
    http, _, block = (written / "tracker.conf").read_text().partition("# The site")
    http += (written / "one-machine.conf").read_text()
    block = re.sub(r"server \{\s*listen 80;.*?\n\}\n", "", block, flags=re.S)
    block = re.sub(r"^\s*(ssl_|http2|add_header Strict|access_log|error_log).*\n", "", block, flags=re.M)
    block = re.sub(r"listen 443[^;]*;|listen \[::\]:443[^;]*;", "", block).replace(
        "server_name tracker.example;", f"listen 127.0.0.1:{port} backlog=4096;"
    )
    block = re.sub(r"root [^;]+;", f"root {HOME};", block)
    http = http.replace("127.0.0.1:8000", server.address.removeprefix("http://"))
    http = http.replace("/var/cache/nginx/tracker", "{folder}/pages").replace("{", "{{").replace("}", "}}")
    http = http.replace("{{folder}}", "{folder}")
    with nginx(block, port, http=http) as cache:
        yield cache


def fetch(server, path, headers=ACCEPT):
    return Asker(server.address).get(path, headers)
