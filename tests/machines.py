"""What stands in production, on loopback: started from the files in `deploy/` with Debian's programs.

Three PostgreSQL servers, one of them the primary; Redis; two sets of application processes; nginx with HTTPS.
"""

import contextlib
import http.client
import json
import os
import re
import secrets
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests import servers
from tests.servers import CannotStart, free_port, running, temporary_directory, wait_until

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SITE = "tracker.example"
UNVERIFIED = ssl._create_unverified_context()  # noqa: S323
"""Its certificate is signed by nobody."""


# PostgreSQL, three times


@dataclass
class Database:
    """One PostgreSQL server, which can be ended, started again and made the primary."""

    name: str
    folder: Path
    port: int
    conninfo: str = ""
    """Where it finds the primary, whichever that is."""
    process: subprocess.Popen | None = None

    programs = property(lambda self: servers.newest_postgresql())

    def make_primary(self, *, alone=False):
        """Make an empty server; one that stays alone waits for no other."""
        form = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run("initdb", "-D", self.data, *form)
        if alone:
            return
        with (self.data / "postgresql.conf").open("a") as file:
            file.write((DEPLOY / "postgresql" / "tracker.conf").read_text())

    def copy_of(self, other):
        """Take a copy of a running server, which follows the primary from then on."""
        self._run(
            "pg_basebackup", "-D", self.data, "-h", "127.0.0.1", "-p", other.port, "-U", "postgres", "-R", "-c", "fast"
        )
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write(f"primary_conninfo = '{self.conninfo} application_name={self.name}'\n")

    @property
    def data(self):
        return self.folder / self.name

    def start(self):
        words = ["-D", self.data, "-p", self.port, "-k", self.folder, "-c", "listen_addresses=127.0.0.1"]
        # What is said to be written is: a machine that is lost here takes no disk with it.
        words += ["-c", "fsync=off", "-c", "max_connections=60", "-c", f"cluster_name={self.name}"]
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", *map(str, words)],
                stdout=log, stderr=log, start_new_session=True, preexec_fn=servers.end_with_us, **self._as_postgres(),
            )  # fmt: skip
        ready = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(
            lambda: subprocess.run(ready, check=False).returncode == 0, self.process, self.folder / f"{self.name}.log"
        )

    def kill(self):
        """End it as a power cut would: no word to anybody."""
        kill_with_children(self.process)

    def promote(self):
        self.ask("SELECT pg_promote()")

    def ask(self, statement):
        """Return the first value that a statement gives, as text."""
        command = [
            self.programs / "psql",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            "postgres",
            "-qtAc",
            statement,
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def _run(self, program, *words):
        subprocess.run(
            [self.programs / program, *map(str, words)], check=True, capture_output=True, **self._as_postgres()
        )

    def _as_postgres(self):
        who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        environment = {"PATH": f"{self.programs}:{os.defpath}", "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        return {"cwd": self.folder, "env": environment, **who}


@contextlib.contextmanager
def databases(names=("database_1", "database_2", "database_3"), *, folder=None):
    """Start these servers, the first of them as the primary, and give them; in a folder of their own, or this one."""
    with temporary_directory("tracker-machines-") if folder is None else contextlib.nullcontext(folder) as folder:
        folder.mkdir(exist_ok=True)
        give_to_postgresql(folder)
        ports = [free_port() for _ in names]
        conninfo = f"host={','.join('127.0.0.1' for _ in names)} port={','.join(map(str, ports))} "
        conninfo += "user=postgres target_session_attrs=read-write"
        made = [Database(name, folder, port, conninfo) for name, port in zip(names, ports, strict=True)]
        try:
            made[0].make_primary(alone=len(names) == 1)
            made[0].start()
            for replica in made[1:]:
                replica.copy_of(made[0])
                replica.start()
            yield made
        finally:
            for database in made:
                if database.process and database.process.poll() is None:
                    database.kill()


def give_to_postgresql(folder):
    """Let PostgreSQL, which does not run as root, own this folder and reach it."""
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        for above in [*folder.parents][:-2]:  # but for / and what is directly in it
            above.chmod(above.stat().st_mode | 0o011)


def children_of(process):
    """The ids of the processes that it started."""
    return [int(word) for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def kill_with_children(process):
    """End a process and those it started, without a word to any."""
    for number in [process.pid, *children_of(process)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()


# The application


@dataclass
class Machine:
    """One set of application processes, started as the unit file says."""

    folder: Path
    environment: dict
    port: int
    process: subprocess.Popen | None = None

    def start(self, *, static_from=None):
        """Start it as its unit does; `static_from` is a machine whose finished static files are taken."""
        steps = commands_of((DEPLOY / "systemd" / "tracker.service").read_text(), self.environment)
        if static_from:
            shutil.copytree(static_from.folder / "static", self.folder / "static", dirs_exist_ok=True)
        for step in steps["ExecStartPre"]:
            if static_from and "collectstatic" in step:
                continue
            done = subprocess.run(step, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise CannotStart(f"{' '.join(step)}:\n{done.stderr}")
        (server,) = steps["ExecStart"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                server, cwd=ROOT, env=self.environment, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=servers.end_with_us,
            )  # fmt: skip
        wait_until(lambda: servers.answers(self.port), self.process, self.folder / "log")

    def manage(self, *words):
        """Run manage.py here; return what it said, or raise with what it said."""
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def complaints(self):
        """What its log says went wrong, the latest last."""
        lines = (self.folder / "log").read_text().splitlines()
        return "\n".join([line for line in lines if "ERROR" in line][-10:])

    def kill(self):
        kill_with_children(self.process)

    def end(self):
        """End it if it is still there."""
        if self.process and self.process.poll() is None:
            self.kill()

    def reader(self):
        """Return a reader who asks this machine itself."""
        return Reader(self.port)


def commands_of(unit, environment):
    """Return the commands of a unit file by their kind, with our own Python and the environment filled in."""
    found = {"ExecStartPre": [], "ExecStart": []}
    for name, command in re.findall(r"^(ExecStart|ExecStartPre)=((?:.*\\\n)*.*)$", unit, flags=re.M):
        words = shlex.split(command.replace("\\\n", " "))
        words = [re.sub(r"\$\{(\w+)\}", lambda found: environment[found[1]], word) for word in words]
        found[name].append([sys.executable if word == "/opt/tracker/.venv/bin/python" else word for word in words])
    return found


def environment_of(example, **filled):
    """Return what the example of an environment file says, with these values filled in."""
    named = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.M))
    unknown = set(filled) - set(named)
    if unknown:
        raise CannotStart(f"deploy/tracker.env.example does not name {', '.join(sorted(unknown))}.")
    said = {name: value for name, value in re.findall(r"^([A-Z_]+)=(.*)$", example, flags=re.M)}
    return {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "tracker.settings"} | said | filled


# nginx


@contextlib.contextmanager
def nginx(configurations, replaced):
    """Run nginx with these files as its `http` block; `replaced` are pieces of them and what stands here instead."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with temporary_directory("tracker-nginx-") as folder:
        folder.chmod(0o755)
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={SITE}"),
                *("-keyout", key, "-out", certificate),
            ],
            check=True,
            capture_output=True,
        )
        written = "\n".join(file.read_text() for file in configurations)
        written = re.sub(r"^\s*listen \[::\].*\n", "", written, flags=re.M)  # not every machine has IPv6
        live = f"/etc/letsencrypt/live/{SITE}"
        for piece, instead in {
            f"{live}/fullchain.pem": certificate,
            f"{live}/privkey.pem": key,
            "/var/cache/nginx/tracker": folder / "pages",
            "/var/log/nginx": folder,
            **replaced,
        }.items():
            if piece not in written:
                raise CannotStart(f"deploy/nginx does not say {piece}.")
            written = written.replace(piece, str(instead))
        temporary = "".join(
            f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = folder / "nginx.conf"
        main.write_text(
            f"worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 1024; }\n"
            f"http {{ include /etc/nginx/mime.types; access_log off; {temporary}\n{written}\n}}\n"
        )
        with running([program, "-c", main, "-e", folder / "error.log"], log=folder / "log") as process:
            yield folder, process


# One of them


@contextlib.contextmanager
def one_machine(folder, database_url, **filled):
    """Start one machine with its own folder and database, without nginx, and give it with an empty record."""
    port = free_port()
    given = environment_of(
        (DEPLOY / "tracker.env.example").read_text(),
        SECRET_KEY=secrets.token_urlsafe(50),
        ALLOWED_HOSTS=SITE,
        PUBLIC_URL=f"http://{SITE}",
        DATABASE_URL=database_url,
        DATA_DIR=str(folder),
        HOST="127.0.0.1",
        **filled,
    )
    given["DJANGO_SETTINGS_MODULE"] = "tests.production"
    machine = Machine(folder, given | {"PORT": str(port)}, port)
    try:
        machine.start()
        yield machine
    finally:
        machine.end()


# All of it


@dataclass
class Machines:
    """The whole set-up, and how readers ask it."""

    databases: list
    machines: list
    redis_url: str
    port: int

    def reader(self, address="127.0.0.1"):
        """Return a reader behind nginx, at this address of the loopback."""
        return Reader(self.port, address, context=UNVERIFIED)


class Reader:
    """Somebody who asks, always from the same address, and keeps the connection."""

    def __init__(self, port, address="127.0.0.1", *, context=None):
        self.port = port
        self.address = address
        self.context = context
        self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def get(self, path):
        """Return (status, headers, body), asked anew where the connection was closed meanwhile."""
        try:
            return self._ask(path)
        except (http.client.HTTPException, ConnectionError):
            self.close()
            return self._ask(path)

    def _ask(self, path):
        if self._connection is None:
            kind, more = http.client.HTTPConnection, {}
            if self.context:
                kind, more = http.client.HTTPSConnection, {"context": self.context}
            self._connection = kind("127.0.0.1", self.port, source_address=(self.address, 0), timeout=30, **more)
        # What nginx would say, for who asks a machine itself.
        said = {} if self.context else {"X-Forwarded-Proto": "https", "X-Forwarded-For": self.address}
        self._connection.request("GET", path, headers={"Host": SITE, **said})
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()

    def json(self, path):
        status, _, body = self.get(path)
        if status != 200:
            raise AssertionError(f"{path}: {status} {body[:300]}")
        return json.loads(body)

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None


@contextlib.contextmanager
def everything():
    """Start it all, with an empty record, and give the Machines."""
    with contextlib.ExitStack() as stack:
        bases = stack.enter_context(databases())
        redis_url = stack.enter_context(servers.redis(DEPLOY / "redis.conf"))
        example = (DEPLOY / "tracker.env.example").read_text()
        secret, machines = secrets.token_urlsafe(50), []
        for nearest in (bases[1], bases[2]):
            in_order = [nearest, *(base for base in reversed(bases) if base is not nearest)]
            port, folder = free_port(), stack.enter_context(temporary_directory("tracker-machine-"))
            given = environment_of(
                example,
                SECRET_KEY=secret,
                ALLOWED_HOSTS=SITE,
                PUBLIC_URL=f"https://{SITE}",
                DATABASE_URL=address_of(bases, "read-write"),
                REPLICA_URL=address_of(in_order, "prefer-standby"),
                REDIS_URL=redis_url,
                DATA_DIR=str(folder),
                HOST="127.0.0.1",
            )
            folder.chmod(0o755)  # nginx reads the static files
            machine = Machine(folder, given | {"PORT": str(port)}, port)
            machine.start(static_from=machines[0] if machines else None)
            stack.callback(machine.end)
            machines.append(machine)
        port = free_port()
        files = [DEPLOY / "nginx" / "several-machines.conf", DEPLOY / "nginx" / "tracker.conf"]
        folder, process = stack.enter_context(
            nginx(
                files,
                {
                    "listen 443": f"listen 127.0.0.1:{port}",
                    "listen 80": f"listen 127.0.0.1:{free_port()}",
                    "10.0.0.11:8000": f"127.0.0.1:{machines[0].port}",
                    "10.0.0.12:8000": f"127.0.0.1:{machines[1].port}",
                    "root /var/lib/tracker": f"root {machines[0].folder}",
                },
            )
        )
        wait_until(lambda: servers.answers(port), process, folder / "error.log")
        yield Machines(bases, machines, redis_url, port)


def address_of(databases, attributes):
    """The address of a database that is on one of several machines."""
    hosts, ports = ",".join("127.0.0.1" for _ in databases), ",".join(str(base.port) for base in databases)
    return f"postgresql://postgres@/postgres?host={hosts}&port={ports}&target_session_attrs={attributes}"
