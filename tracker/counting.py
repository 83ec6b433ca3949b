"""What is counted, for Prometheus: how readers are answered, by all processes of this machine together.

A kept page costs some fifty microseconds, so counting one must cost next to nothing: a process takes the next
number of a counter and puts it into its own slot of a small file mapped into memory, without a lock. Whoever is
asked for the figures adds up the files.
"""

import fcntl
import hashlib
import itertools
import logging
import mmap
import os
import threading
from bisect import bisect_left
from contextlib import contextmanager
from pathlib import Path

KEPT, MADE, STALE, PASSED_ON = KINDS = ("kept", "made", "stale", "passed_on")
STATUSES = "2345"
STEPS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds up to which pages being made are counted together."""

ANSWERED = [f"{kind} {digit}" for kind in KINDS for digit in STATUSES]
TOOK = [f"took {step}" for step in (*STEPS, "+Inf")]
COUNTED = [*ANSWERED, *TOOK, "microseconds", "evicted"]
"""What only grows; a process that ended leaves it behind."""
HELD = ["pages", "bytes"]
"""What a process holds now; gone with it."""
SLOTS = {name: index for index, name in enumerate([*COUNTED, *HELD])}
SIZE = 8 * len(SLOTS)
LAYOUT = hashlib.sha256(" ".join(SLOTS).encode()).hexdigest()[:8]
"""What tells files of this code from those of another, which count other things."""

log = logging.getLogger(__name__)


class Meter:
    """The counts of this process."""

    def __init__(self, folder):
        self._room = mapped(Path(folder))
        slots = self._slots = memoryview(self._room).cast("Q")
        steps = {name: itertools.count(1).__next__ for name in COUNTED}
        self._took = [(SLOTS[name], steps[name]) for name in TOOK]
        self._answered = {
            kind: {digit: (SLOTS[f"{kind} {digit}"], steps[f"{kind} {digit}"]) for digit in STATUSES} for kind in KINDS
        }
        self._lock = threading.Lock()
        slots[SLOTS["evicted"]] = 0

    def noting(self, kind, start_response):
        """Return a `start_response` that counts the answer as one of this kind."""
        slots, row = self._slots, self._answered[kind]

        def noted(status, headers, *more):
            slot, step = row[status[0]]
            slots[slot] = step()  # of two threads at once the later may be put first: the next answer mends it
            return start_response(status, headers, *more)

        return noted

    def took(self, seconds):
        """Count a page that took so long to make."""
        slot, step = self._took[bisect_left(STEPS, seconds)]
        with self._lock:
            self._slots[slot] = step()
            self._slots[SLOTS["microseconds"]] += max(0, int(seconds * 1_000_000))

    def holds(self, store):
        """Note what a store of pages holds, and how many it had to let go."""
        for name, value in (("pages", len(store)), ("bytes", store.total), ("evicted", store.evicted)):
            self._slots[SLOTS[name]] = value


# The files


def mapped(folder):
    """Return memory of our own that other processes can read; memory alone where there is no place on the disk."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone_in(folder):
            fold(folder)
            # Never closed: as long as the process lives, it holds the lock.
            file = os.open(folder / f"{LAYOUT}-{os.getpid()}-{next(ROOMS)}", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
            os.posix_fallocate(file, 0, SIZE)  # a full disk is found out now, not when it is written to
            fcntl.flock(file, fcntl.LOCK_EX)
            return mmap.mmap(file, SIZE)
    except OSError as error:
        log.warning("Nothing is counted for /metrics by this process: %s", error)
        return mmap.mmap(-1, SIZE)


ROOMS = itertools.count(1)
"""How many files this process has opened: one, but in tests."""


@contextmanager
def alone_in(folder):
    """Wait until no other process adds up or folds."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fold(folder):
    """Add the counts of processes that ended to those of the past; files of other code are dropped."""
    past = folder / f"{LAYOUT}-past"
    total = counts_in(past)
    ended = [file for file in processes(folder) if not is_alive(file)]
    for file in ended:
        total = [before + more for before, more in zip(total, counts_in(file), strict=True)]
    beside = folder / "past.new"
    beside.write_bytes(b"".join(count.to_bytes(8, "little") for count in total))
    beside.replace(past)
    for file in ended:
        file.unlink()
    for file in folder.glob("????????-*"):
        if not file.name.startswith(LAYOUT) and not is_alive(file):
            file.unlink()


def processes(folder):
    return sorted(folder.glob(f"{LAYOUT}-[0-9]*"))


def is_alive(file):
    """Whether a process still holds this file."""
    with file.open("rb") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        return False


def counts_in(file):
    """Return what is counted in a file; noughts where there is none, or none whole."""
    data = file.read_bytes() if file.exists() else b""
    size = 8 * len(COUNTED)
    data = data[:size] if len(data) >= size else bytes(size)
    return list(memoryview(data).cast("Q"))


def added_up(folder):
    """Return every count by its name, of all processes, and how many of them are alive."""
    told = dict.fromkeys(SLOTS, 0) | {"workers": 0}
    if not folder.exists():
        return told
    with alone_in(folder):
        for file in [folder / f"{LAYOUT}-past", *processes(folder)]:
            for name, count in zip(COUNTED, counts_in(file), strict=True):
                told[name] += count
        for file in filter(is_alive, processes(folder)):
            slots = memoryview(file.read_bytes()).cast("Q")
            told["workers"] += 1
            for name in HELD:
                told[name] += slots[SLOTS[name]]
    return told
