"""Answers as the page cache keeps them: whole, in every coding a reader may want, in bounded stores."""

import contextlib
import gzip
import json
import logging
import os
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

import brotli

CHUNK = 256 * 1024
SHORTEST_COMPRESSED = 500
COMPRESSED = ("text/", "json", "xml")
KEPT = {200, 301, 308, 404, 410, 451}
SAID_AGAIN = {"ETag", "Cache-Control", "X-Accel-Expires", "Vary"}
"""What is said again of an answer that has not changed."""
LONGEST_MAKING = 10.0
"""Seconds after which a page is no longer waited for, nor the one before it given."""
STALE_WHILE_AWAY = 24 * 3600
"""Seconds for which the last good page is given while none can be made."""

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Answer:
    """A whole answer, and the moment (edition, day) for which it was made."""

    status: str
    headers: list
    body: bytes
    etag: str
    moment: tuple
    made_at: float
    file: object = None
    """Where a large body lies instead."""
    is_compressed: bool = False
    coded: dict = field(default_factory=dict)
    """What is ready to send, by content coding."""

    def __post_init__(self):
        kind = next((value for name, value in self.headers if name == "Content-Type"), "")
        self.is_compressed = len(self.body) >= SHORTEST_COMPRESSED and any(word in kind for word in COMPRESSED)

    @property
    def weight(self):
        """The bytes it takes up in memory, roughly: the body, and what compressing adds."""
        return 1500 + (len(self.body) * 14 // 10)

    def ready(self, coding):
        """Return headers, body, and the headers of a 304, in this coding; made when they are first asked for."""
        made = self.coded.get(coding)
        if made is None:
            made = self.coded[coding] = self._code(coding)
        return made

    def _code(self, coding):
        headers, body, tag = self.headers.copy(), self.body, f'"{self.etag}"'
        if self.is_compressed:
            headers.append(("Vary", "Accept-Encoding"))
        if coding:
            body = brotli.compress(body, quality=5) if coding == "br" else gzip.compress(body, 6, mtime=0)
            headers.append(("Content-Encoding", coding))
            tag = f'"{self.etag}-{coding}"'
        length = self.file.size if self.file else len(body)
        headers += [("Content-Length", str(length)), ("ETag", tag)]
        return headers, body, [header for header in headers if header[0] in SAID_AGAIN]

    def packed(self):
        """Return it as bytes for the shared store."""
        head = [self.status, self.headers, self.etag, self.moment, self.made_at]
        return json.dumps(head).encode() + b"\n" + self.body

    @classmethod
    def unpacked(cls, data):
        head, _, body = data.partition(b"\n")
        status, headers, etag, moment, made_at = json.loads(head)
        return cls(status, [tuple(pair) for pair in headers], body, etag, tuple(moment), made_at)


class Store:
    """Answers by key, as many as fit into so many bytes; the one that was longest not asked for goes first."""

    def __init__(self, limit, weight=lambda answer: answer.weight):
        self.limit = limit
        self.weight = weight
        self.total = 0
        self.evicted = 0
        self._answers = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self):
        return len(self._answers)

    def get(self, key):
        answer = self._answers.get(key)
        if answer is not None:
            try:  # noqa: SIM105  (each kept page comes this way; contextlib.suppress costs as much as all the rest)
                self._answers.move_to_end(key)
            except KeyError:  # gone since, to make room
                pass
        return answer

    def put(self, key, answer):
        with self._lock:
            before = self._answers.pop(key, None)
            if before is not None:
                self.total -= self.weight(before)
            weight = self.weight(answer)
            if weight > self.limit:
                return
            self._answers[key] = answer
            self.total += weight
            while self.total > self.limit:
                _, oldest = self._answers.popitem(last=False)
                self.total -= self.weight(oldest)
                self.evicted += 1


class SharedStore:
    """Answers that the processes of all machines share, in Redis; while it is away, everything is just missing."""

    REST = 2.0

    def __init__(self, client, *, clock=time.monotonic):
        self.client = client
        self.clock = clock
        self._back_at = 0.0

    def get(self, name):
        return self._ask(lambda: self.client.get(f"page:{name}"))

    def put(self, name, data):
        self._ask(lambda: self.client.set(f"page:{name}", data, ex=STALE_WHILE_AWAY))

    def claim(self, name):
        """Say whether we are to make this page: nobody else is at it, or we cannot know."""
        return self._ask(
            lambda: bool(self.client.set(f"making:{name}", 1, nx=True, px=int(LONGEST_MAKING * 1000))), True
        )

    def release(self, name):
        self._ask(lambda: self.client.delete(f"making:{name}"))

    def _ask(self, question, otherwise=None):
        if self.clock() < self._back_at:
            return otherwise
        try:
            return question()
        except Exception as error:  # whatever the client makes of a lost connection: a cache is never in the way
            self._back_at = self.clock() + self.REST
            log.warning("The shared cache does not answer: %s", error)
            return otherwise


class FolderStore:
    """Answers that the processes of one machine share, in a folder of files; bounded, the oldest go first."""

    SWEPT = 16 * 1024 * 1024
    """So many bytes a process writes before it looks whether there is still room."""

    def __init__(self, folder, limit, *, clock=time.time):
        self.folder = folder
        self.limit = limit
        self.clock = clock
        self._written = self.SWEPT  # what an earlier process left is looked at with the first page
        for name in ("pages", "making"):
            with contextlib.suppress(OSError):
                (folder / name).mkdir(parents=True, exist_ok=True)

    def get(self, name):
        try:
            return (self.folder / "pages" / name).read_bytes()
        except OSError:
            return None

    def put(self, name, data):
        try:
            handle, beside = tempfile.mkstemp(dir=self.folder / "making")
        except OSError:
            return
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(beside, self.folder / "pages" / name)
        except OSError:  # a full disk is no reason to withhold the answer
            with contextlib.suppress(OSError):
                os.unlink(beside)
            return
        self._written += len(data)
        if self._written >= self.SWEPT:
            self._written = 0
            self._sweep()

    def claim(self, name):
        """Say whether we are to make this page: nobody else is at it, or whoever was has been too long."""
        path = self.folder / "making" / name
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            with contextlib.suppress(OSError):
                if self.clock() - path.stat().st_mtime > LONGEST_MAKING:
                    os.utime(path)
                    return True
            return False
        except OSError:
            return True
        return True

    def release(self, name):
        with contextlib.suppress(OSError):
            os.unlink(self.folder / "making" / name)

    def _sweep(self):
        """Take away the oldest until a quarter of the room is free, and what a killed process was writing."""
        found, total = [], 0
        for place in ("making", "pages"):
            with contextlib.suppress(OSError), os.scandir(self.folder / place) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        told = entry.stat()
                        if place == "pages" or self.clock() - told.st_mtime > 60:
                            found.append((place == "pages", told.st_mtime, told.st_size, entry.path))
                            total += told.st_size
        if total > self.limit:
            total -= self.limit * 3 // 4
        else:
            total = 0
        for is_page, _, size, path in sorted(found):
            if is_page and total <= 0:
                return
            with contextlib.suppress(OSError):
                os.unlink(path)
            total -= size


class Passing:
    """An answer on its way through: its beginning may have been read already."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.etag = ""
        self._body = body
        self._begun = []
        self._rest = iter(body)
        self._file = None
        self._keep = None

    def whole(self, limit):
        """Return the body if it is no larger than that; None, having read its beginning, where it is."""
        length = 0
        for chunk in self._rest:
            self._begun.append(chunk)
            length += len(chunk)
            if length > limit:
                return None
        return b"".join(self._begun)

    def keep_file(self, folder, keep):
        """Write what passes into a file as well; `keep` is given it when it is whole."""
        self._file, self._keep = NamelessFile(folder), keep

    def __iter__(self):
        while self._begun:
            yield self._noted(self._begun.pop(0))
        for chunk in self._rest:
            yield self._noted(chunk)
        if self._file:
            self._keep(self._file)

    def _noted(self, chunk):
        if self._file:
            try:
                self._file.write(chunk)
            except OSError:  # a full disk is no reason to withhold the answer
                self._file = None
        return chunk

    def close(self):
        close = getattr(self._body, "close", None)
        if close:
            close()


class NamelessFile:
    """A file that is gone when nobody holds it any more; many may read it at the same time."""

    def __init__(self, folder):
        with tempfile.TemporaryFile(dir=folder) as file:
            self._number = os.dup(file.fileno())
        self.size = 0

    def write(self, chunk):
        written = 0
        while written < len(chunk):
            written += os.write(self._number, chunk[written:])
        self.size += written

    def __iter__(self):
        place = 0
        while chunk := os.pread(self._number, CHUNK, place):
            place += len(chunk)
            yield chunk

    def __del__(self):
        if hasattr(self, "_number"):
            os.close(self._number)


def is_for_all(passing):
    """Whether everybody may be given this answer."""
    if int(passing.status[:3]) not in KEPT:
        return False
    for name, value in passing.headers:
        name, value = name.lower(), value.lower()
        if name == "set-cookie":
            return False
        if name == "cache-control" and ("private" in value or "no-store" in value or "no-cache" in value):
            return False
        if name == "vary" and ("cookie" in value or "*" in value):
            return False
        if name == "location" and not value.startswith("/"):
            return False  # it names a host, which the request may have given
    return True


# Content codings and tags


@lru_cache(maxsize=512)
def coding_of(accepted):
    """Return the best content coding that a reader accepts: br, gzip, or none."""
    weights = {}
    for part in accepted.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        weights[name] = weight
    for coding in ("br", "gzip"):
        if weights.get(coding, weights.get("*", 0.0)) > 0:
            return coding
    return ""


def matches(asked, etag):
    """Whether If-None-Match names this answer, in whichever coding."""
    if asked.strip() == "*":
        return True
    for tag in asked.split(","):
        tag = tag.strip().removeprefix("W/").strip('"')
        if tag.removesuffix("-br").removesuffix("-gzip") == etag:
            return True
    return False
