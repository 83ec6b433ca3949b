"""Readers who go on reading while something happens, and note whatever no reader should see."""

import contextlib
import itertools
import json
import re
import threading
import time
from collections import Counter
from datetime import date, timedelta

ALWAYS = [
    "/",
    "/promises.json",
    "/promises.json?status=kept",
    "/promises/railway-1/",
    "/promises/railway-1.json",
    "/promises/railway-2.json",
    "/themes/transport/",
    "/changes.json",
    "/promises.csv",
]
FIRST_DAY = date(2020, 2, 1)
_days = itertools.count()


def a_page_nobody_has():
    """An address that must be made: the tracker on a day not asked before, or in words."""
    lap, day = divmod(next(_days), 1900)
    return f"/promises.json?as_of={FIRST_DAY + timedelta(days=day)}&q=railway" + (f"+{lap}" if lap else "")


def edition_of(headers):
    """The edition that an answer says it is of."""
    return int(re.search(r"edition-(\d+)", headers["Surrogate-Key"])[1])


class Watch:
    """Readers in threads, from entering to leaving; each keeps its address and its connection.

    `across` says whether an older edition after a newer one is wrong whatever the address (readers of one
    machine), or only at the same address (behind a cache that keeps each page for a second by itself).
    What is marked as stale may be of an older edition, and is counted. `new` says whether they also ask for pages
    that nobody has.
    """

    def __init__(self, readers, *, across, new=True):
        self.readers = readers
        self.across = across
        self.new = new
        self.may_be_away = False
        """Whether a page that nobody has may be refused in words meanwhile."""
        self.wrong = []
        self.counted = Counter()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._read, args=[reader]) for reader in readers]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self._over.set()
        for thread in self._threads:
            thread.join(60)
        for reader in self.readers:
            reader.close()

    def _read(self, reader):
        newest = {}
        while not self._over.is_set():
            for path in [*ALWAYS, a_page_nobody_has()] if self.new else ALWAYS:
                if self._over.is_set():
                    return
                try:
                    status, headers, body = reader.get(path)
                except OSError as error:
                    self.wrong.append(f"{path}: {error!r}")
                    continue
                self._note(path, status, headers, body, newest)

    def _note(self, path, status, headers, body, newest):
        self.counted["answers"] += 1
        if status == 503 and self.may_be_away and path not in ALWAYS and b"cannot be read just now" in body:
            self.counted["refused in words"] += 1
            return
        if status != 200:
            self.wrong.append(f"{path}: {status} {body[:200]}")
            return
        edition = edition_of(headers)
        if "X-Stale" in headers:
            self.counted["marked as stale"] += 1
            return
        place = "" if self.across else path
        if edition < newest.get(place, 0):
            self.wrong.append(f"{path}: edition {edition} after {newest[place]}")
        newest[place] = max(edition, newest.get(place, 0))
        if path.startswith("/promises.json") and json.loads(body)["edition"] != edition:
            self.wrong.append(f"{path}: of edition {json.loads(body)['edition']}, kept under {edition}")


@contextlib.contextmanager
def nothing_wrong(readers, *, across=False):
    """Read meanwhile, and fail with what was wrong; gives the Watch."""
    with Watch(readers, across=across) as watch:
        yield watch
    assert not watch.wrong, f"{len(watch.wrong)} of {watch.counted['answers']}: {watch.wrong[:5]}"
    assert watch.counted["answers"]


def ask(reader, path):
    with reader:
        return reader.get(path)


def edition_given(reader, path="/promises.json"):
    with reader:
        return reader.json(path)["edition"]


def until(is_so, *, seconds=15):
    """Wait until it is so; fail if it does not come to be."""
    last = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < last, "It did not come to be."
        time.sleep(0.05)
