"""The whole site as production serves it: Granian, the page cache, its own database with the real records in it."""

import contextlib
import http.client
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from django.conf import settings
from django.core import signing
from django.db import connection

from tests import machines, servers
from tests.desk.conftest import fields_of

LONGEST_WAIT = 120
_databases = count(1)


@dataclass
class Answer:
    """What came back: the status (0 where the server hung up without a word), every header as sent, the body."""

    status: int
    headers: list = field(default_factory=list)
    content: bytes = b""

    def __getitem__(self, wanted):
        return next((value for name, value in self.headers if name.lower() == wanted.lower()), "")

    @property
    def kind(self):
        return self["Content-Type"].partition(";")[0]


@dataclass
class Site:
    """A site that is being served, with one worker."""

    port: int
    environment: dict
    process: subprocess.Popen
    log: Path

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def send(self, target, *, method="GET", headers=(), body=b"", as_it_is=False):
        """Send one request, byte for byte as given, over a connection of its own.

        Without `as_it_is` the headers that every client sends are added: Host, Content-Length, Connection.
        """
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if not as_it_is:
            lines += [f"Host: 127.0.0.1:{self.port}", "Connection: close"]
            if body or method not in ("GET", "HEAD"):
                lines.append(f"Content-Length: {len(body)}")
        return self.send_bytes("\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body, method)

    def send_bytes(self, content, method="GET", *, whole=True):
        """Send these bytes; `whole` says whether more will not come."""
        with servers.socket.create_connection(("127.0.0.1", self.port), timeout=LONGEST_WAIT) as line:
            with contextlib.suppress(OSError):  # refused before it was all sent
                line.sendall(content)
                if not whole:
                    line.shutdown(servers.socket.SHUT_WR)
            response = http.client.HTTPResponse(line, method=method)
            try:
                response.begin()
                return Answer(response.status, response.getheaders(), response.read())
            except (http.client.HTTPException, ConnectionResetError):
                return Answer(0)

    # What the server does meanwhile

    @property
    def worker(self):
        """The id of the process that answers."""
        return machines.children_of(self.process)[0]

    def seconds_of_work(self):
        """How long the worker has computed since its start, whatever else the machine does."""
        fields = Path(f"/proc/{self.worker}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self):
        """The memory that the worker holds."""
        return self._memory("VmRSS")

    def most_megabytes(self):
        """The most memory that the worker ever held."""
        return self._memory("VmHWM")

    def _memory(self, what):
        return int(re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{self.worker}/status").read_text())[1]) / 1024

    def last_words(self):
        """Where the last thing that went wrong did so, and what it was; from the log."""
        told = self.log.read_text(errors="replace").rpartition("Traceback (most recent call last)")[2]
        lines = re.findall(r"^(?:\S.*| +File .*)$", told, re.MULTILINE)
        ours = [line.strip() for line in lines if "/promises/" in line or "/tracker/" in line]
        return " | ".join(
            [*ours[-2:], *(line for line in lines if re.match(r"[\w.]+(Error|Exception|Warning|\w+): ", line))][:6]
        )

    def manage(self, *arguments):
        """Run manage.py on the site's database, and return what it said."""
        command = [sys.executable, settings.BASE_DIR / "manage.py", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=settings.BASE_DIR, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def signer(self, salt):
        """A signer with the site's own key, for what only it could have given out."""
        return signing.Signer(key=self.environment["SECRET_KEY"], salt=salt)


class Browser:
    """Somebody's browser at a served site: keeps cookies, and fills in forms."""

    def __init__(self, site):
        self.site = site
        self.cookies = {}

    def send(self, target, *, headers=(), **request):
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = [("Cookie", cookie)] if cookie else []
        answer = self.site.send(target, headers=[*given, *headers], **request)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer

    def form(self, path):
        """The values of the main form of a page; none where it has no form."""
        answer = self.send(path)
        return fields_of(answer) if answer.status == 200 and b'method="post"' in answer.content else {}

    def sign_in(self, name, password):
        values = self.form("/accounts/login/") | {"login": name, "password": password}
        answer = self.send(
            "/accounts/login/",
            method="POST",
            headers=[("Content-Type", "application/x-www-form-urlencoded"), ("Origin", self.site.address)],
            body=urlencode(values).encode(),
        )
        assert answer.status == 302, answer.content.decode()[:2000]


@contextlib.contextmanager
def served(**more):
    """Serve the real records from a database of their own, as production does; `more` is its environment."""
    port = servers.free_port()
    with servers.temporary_directory("tracker-served-") as folder, _database(folder) as database:
        environment = {
            "PATH": os.environ["PATH"],
            "SECRET_KEY": "only for a site that is gone in a minute, " * 2,
            "ALLOWED_HOSTS": "127.0.0.1",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "DATABASE_URL": database,
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "tracker.settings",
            **more,
        }
        _prepare(environment)
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning"]
        log = folder / "log"
        with servers.running(
            [*command, "tracker.wsgi:application"], log=log, env=environment, cwd=settings.BASE_DIR
        ) as process:
            servers.wait_until(lambda: servers.answers(port), process, log)
            yield Site(port, environment, process, log)


def _prepare(environment):
    manage = [sys.executable, settings.BASE_DIR / "manage.py"]
    static = subprocess.Popen([*manage, "collectstatic", "--noinput", "-v0"], env=environment, cwd=settings.BASE_DIR)
    for command in (["migrate", "-v0"], ["createcachetable"], ["load_records", "fixtures"]):
        subprocess.run([*manage, *command], env=environment, cwd=settings.BASE_DIR, check=True, capture_output=True)
    assert static.wait() == 0


@contextlib.contextmanager
def _database(folder):
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'tracker.sqlite3'}"
        return
    given = settings.DATABASES["default"]
    server = f"postgresql://{given['USER']}@{given['HOST']}:{given['PORT']}"
    name = f"served_{os.getpid()}_{next(_databases)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as it:
        it.execute(f"CREATE DATABASE {name}")
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as it:
        it.execute(f"DROP DATABASE {name} WITH (FORCE)")
