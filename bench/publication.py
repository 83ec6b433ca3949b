"""What publishing costs, and what readers notice of it.

`python -m bench.publication cost [1000 10000 100000]`: one update at each size.
`python -m bench.publication bulk`: 5,000 updates in files: tried, brought to the desk, published.
`python -m bench.publication readers [1000]`: 10,000 readers a minute while editions are published.
`python -m bench.publication stampede [1000]`: 64 readers at once on a page that nobody has.

All but `readers` and `stampede` work on copies of the databases.
"""

import http.client
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench import servers
from bench.measure import ACCEPT, Asker, number, percentile, record, table
from bench.site import HOME, ROOT, environment, prepare

ALL_AT_ONCE = 64
READERS_A_MINUTE, PAGES_EACH = 10_000, 2
SECONDS, AFTER = 24, 2.5


def cost(*counts):
    """Publish an update of one promise, twenty times, at each size."""
    counts = counts or (1000, 10_000, 100_000)
    rows, first = [], None
    for count in counts:
        prepare(count)
        with copied(count) as given:
            said = subprocess.run(
                [sys.executable, "-m", "bench.publication", "one-by-one"],
                env=given, cwd=ROOT, check=True, capture_output=True, text=True,
            ).stdout  # fmt: skip
        took = [float(word) for word in said.split()]
        first = first or median(took)
        rows.append([f"{count:,}", number(median(took)), number(max(took)), f"{median(took) / first:.2f}"])
    text = table(["one update published, promises", "median ms", "longest ms", "× the first"], rows)
    record("publishing one", text + "\n\nFrom the working copy at the desk to the end of the transaction.")


def copied(count):
    """A copy of a database, for as long as it is wanted."""
    import contextlib

    @contextlib.contextmanager
    def made():
        copy = HOME / f"copy-of-{count}.sqlite3"
        shutil.copy(HOME / f"{count}.sqlite3", copy)
        try:
            yield environment(count, DATABASE_URL=f"sqlite:///{copy}")
        finally:
            for file in HOME.glob(f"{copy.name}*"):
                file.unlink()

    return made()


def one_by_one():
    """Print how long each of twenty publications took; runs in a process of its own."""
    from bench.site import set_up

    set_up()
    from django.utils import timezone

    from promises.desk.models import Citation, Promise, Update
    from promises.publishing import door

    identities = sorted(Promise.objects.published().values_list("pk", flat=True))
    for pk in identities[:: max(1, len(identities) // 21)][:21]:
        promise = Promise.objects.get(pk=pk)
        update = Update.objects.create(
            promise=promise,
            date=timezone.localdate().isoformat(),
            status="in_progress",
            reason=["under_way"],
            headline="Measured while it was published",
            explanation="It was published to see how long that takes.",
        )
        Citation.objects.create(update=update, source=promise.promise_sources.first())
        begun = time.perf_counter()
        roles = {"by": "researcher", "checked_by": "editor"}
        door.publish([door.Publication(promise)], at=timezone.now(), roles=roles)
        if pk != identities[0]:  # the first pays for what the process learns once
            print((time.perf_counter() - begun) * 1000)


def bulk():
    """500 promises with ten updates each, in files: what a newsroom brings along."""
    with copied_empty() as given:
        said = subprocess.run(
            [sys.executable, "-m", "bench.publication", "in-bulk"],
            env=given, cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    steps = dict(line.rsplit(" ", 1) for line in said.splitlines())
    updates, promises = int(steps.pop("updates")), int(steps.pop("promises"))
    rows = [
        [name, number(float(took)), number(updates / float(took)), number(promises / float(took))]
        for name, took in steps.items()
    ]
    text = table(["step", "s", "updates/s", "promises/s"], rows)
    record(
        "publishing many",
        text + f"\n\n{promises} promises with {updates:,} updates, each with its sources and citations.",
    )


def copied_empty():
    import contextlib

    @contextlib.contextmanager
    def made():
        empty = HOME / "empty.sqlite3"
        try:
            yield environment("empty")
        finally:
            for file in HOME.glob(f"{empty.name}*"):
                file.unlink()

    return made()


def in_bulk(count=500):
    """Print how long each step of a load takes; runs in a process of its own."""
    from bench.site import set_up

    set_up()
    from django.db import transaction
    from django.utils import timezone

    from bench.generate import records
    from promises.desk.imports.records import dump, read_files
    from promises.desk.imports.store import store
    from promises.publishing import door, loading

    files = [(f"{record.slug}.yaml", dump(record).encode()) for record in records(count)]
    begun = time.perf_counter()
    reading = read_files(files, today=timezone.localdate())
    print("read and checked", time.perf_counter() - begun)
    with transaction.atomic():
        begun = time.perf_counter()
        promises = store(reading.records)
        print("brought to the desk", time.perf_counter() - begun)
        begun = time.perf_counter()
        publications = [door.Publication(promise) for promise in promises.values()]
        door.publish(publications, at=timezone.now(), roles=loading.ROLES)
        print("published", time.perf_counter() - begun)
    print("updates", sum(len(record.updates) for record in reading.records))
    print("promises", len(reading.records))


def readers(count=1000):
    """Readers arrive whether or not we keep up; three editions are published meanwhile."""
    prepare(count)
    rows = []
    with servers.tracker(count) as ours, servers.micro_cache(ours) as front:
        for name, server in (("direct", ours), ("behind nginx", front)):
            took = arrive(server, count)
            calm = [ms for at, ms, _ in took if not near(at)]
            after = [ms for at, ms, _ in took if near(at)]
            failures = sum(not fine for _, _, fine in took)
            rows.append(
                [
                    name,
                    f"{len(took):,}",
                    failures,
                    number(median(calm)),
                    number(percentile(calm, 0.99)),
                    number(percentile(after, 0.99)),
                    number(max(ms for _, ms, _ in took)),
                ]
            )
    head = ["10,000 readers a minute", "answers", "failures", "p50 ms", "p99 calm", "p99 after an edition", "longest"]
    text = table(head, rows)
    record("readers", text + f"\n\n{count:,} promises, {SECONDS} s, three editions. The client shares the two cores.")


PUBLISHED = (6.0, 12.0, 18.0)


def near(at):
    return any(published <= at < published + AFTER for published in PUBLISHED)


def arrive(server, count):
    """Send each page on its moment, through as many threads as it takes."""
    pages = [
        "/",
        "/?status=broken",
        "/?theme=transport",
        "/?as_of=2021-11-18",
        "/themes/",
        "/places/",
        "/changes/",
        "/method/",
    ]
    rate = READERS_A_MINUTE * PAGES_EACH / 60
    work, took = queue.SimpleQueue(), []
    for page in pages * 4:  # each worker has each page, as on any day but the first
        Asker(server.address).get(page)
    parts = urlsplit(server.address)

    def reader():
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        while (job := work.get()) is not None:
            due, page = job
            fine = False
            try:
                connection.request("GET", page, headers=ACCEPT)
                answer = connection.getresponse()
                answer.read()
                fine = answer.status == 200
            except (OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
            took.append((due, (time.perf_counter() - begun - due) * 1000, fine))

    threads = [threading.Thread(target=reader) for _ in range(64)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    publisher = threading.Thread(target=publish_at, args=[begun, count])
    publisher.start()
    for step in range(int(rate * SECONDS)):
        due = step / rate
        wait = due - (time.perf_counter() - begun)
        if wait > 0:
            time.sleep(wait)
        work.put((due, pages[step % len(pages)]))
    for _ in threads:
        work.put(None)
    for thread in [*threads, publisher]:
        thread.join()
    return took


def publish_at(begun, count):
    """Publish a checked promise at each of the moments, from a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.publication", "on-demand"],
        env=environment(count), cwd=ROOT, stdin=subprocess.PIPE, text=True,
    )  # fmt: skip
    for moment in PUBLISHED:
        time.sleep(max(0.0, moment - (time.perf_counter() - begun)))
        child.stdin.write("publish\n")
        child.stdin.flush()
    child.stdin.close()
    child.wait()


def on_demand():
    """Publish a check of one promise for each line that comes in."""
    from bench.site import set_up

    set_up()
    from datetime import timedelta

    from django.utils import timezone

    from promises.desk.models import Promise
    from promises.publishing import door

    for _ in sys.stdin:
        promise = Promise.objects.published().order_by("checked_on").first()
        promise.checked_on = (promise.checked_on or timezone.localdate()) + timedelta(days=1)
        promise.save()
        door.publish([door.Publication(promise)], at=timezone.now(), roles={"by": "researcher", "why": "measured"})


def stampede(count=1000):
    """Many readers at the same moment on a page that has to be made."""
    prepare(count)
    rows = []
    with servers.tracker(count, workers=1, threads=ALL_AT_ONCE) as ours:
        asker = Asker(ours.address)
        asker.get("/")
        for step, page in enumerate(["/?q=bus&as_of=2022-0{}-01", "/promises.json?q=town&as_of=2021-0{}-02"]):
            alone = median(asker.get(page.format(number))[1] for number in range(1, 6))
            worst = median(max(at_once(ours, page.format(number))) for number in range(6, 10))
            rows.append([page.format("N"), number(alone), number(worst), f"{worst / alone:.1f}"])
            del step
    head = ["64 at once on a page that nobody has", "one render, ms", "longest wait, ms", "×"]
    record("stampede", table(head, rows))


def at_once(server, page):
    gate, took = threading.Barrier(ALL_AT_ONCE), []

    def reader():
        asker = Asker(server.address)
        asker.connection.connect()
        gate.wait()
        took.append(asker.get(page)[1])

    threads = [threading.Thread(target=reader) for _ in range(ALL_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    what, *given = sys.argv[1:]
    os.chdir(Path(ROOT))
    {
        "cost": cost,
        "bulk": bulk,
        "readers": readers,
        "stampede": stampede,
        "one-by-one": one_by_one,
        "in-bulk": in_bulk,
        "on-demand": on_demand,
    }[what](*map(int, given))
