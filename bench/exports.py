"""How fast a whole list leaves as CSV: streamed, from the kept file, and PostgreSQL's COPY of the same rows.

`python -m bench.exports [10000]`
"""

import contextlib
import http.client
import subprocess
import sys
import time
from statistics import median
from urllib.parse import urlsplit

from bench import servers
from bench.measure import ROUNDS, memory, number, record, table
from bench.site import ROOT, environment, prepare
from tests.servers import newest_postgresql, postgresql

COPY = (
    "COPY (SELECT l.slug, l.title, p.status, p.since, p.date, p.headline, l.theme, l.regions, l.places, l.department, "
    "l.made_by, l.made_on, l.due_on, p.sources, l.number, p.reasons, p.since_from, p.valid_from, l.summary, l.made_in, "
    "l.checked_on, l.published_at, l.runs FROM promises_listing l JOIN promises_period p ON p.listing_id = l.version_id "
    "WHERE l.edition_to = 2147483647 AND p.valid_to = '9999-12-31' ORDER BY p.valid_from DESC, p.slug) "
    "TO STDOUT (FORMAT csv)"
)


def taken(server, path):
    """Read a whole answer; returns (lines a second, megabytes that the server grew by, bytes)."""
    parts = urlsplit(server.address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=300)
    before, begun = memory(server.process.pid), time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    lines = size = most = 0
    looked = begun
    while chunk := answer.read(256 * 1024):
        lines += chunk.count(b"\n")
        size += len(chunk)
        if time.perf_counter() - looked > 0.2:
            most, looked = max(most, memory(server.process.pid)), time.perf_counter()
    seconds = time.perf_counter() - begun
    return lines / seconds, max(0.0, max(most, memory(server.process.pid)) - before), size


def main(count=10_000):
    prepare(count)
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(postgresql())
        given = environment(count, DATABASE_URL=address)
        print(f"Loading {count:,} promises into PostgreSQL.", flush=True)
        subprocess.run(
            [sys.executable, "-m", "bench.generate", str(count), "--into-database"],
            env=given, cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        start = stack.enter_context
        on = {
            "SQLite": start(servers.tracker(count, cached=False, workers=1)),
            "PostgreSQL": start(servers.tracker(count, cached=False, workers=1, DATABASE_URL=address)),
        }
        kept = start(servers.tracker(count, workers=1, DATABASE_URL=address))
        taken(kept, "/promises.csv")
        found = {name: [] for name in [*on, "kept file", "COPY"]}
        for step in range(ROUNDS):
            for name, server in on.items():
                found[name].append(taken(server, f"/promises.csv?as_of=2026-0{1 + step}-28"))
            found["kept file"].append(taken(kept, "/promises.csv"))
            begun = time.perf_counter()
            psql = [newest_postgresql() / "psql", address, "-q", "-c", COPY]
            lines = subprocess.run(psql, capture_output=True, check=True).stdout.count(b"\n")
            found["COPY"].append((lines / (time.perf_counter() - begun), 0.0, 0))
            print(f"  round {step + 1} of {ROUNDS}", flush=True)
    middle = {name: tuple(median(column) for column in zip(*results, strict=True)) for name, results in found.items()}
    base = middle["COPY"][0]
    rows = [[name, number(rate), f"{rate / base:.2f}", number(grown)] for name, (rate, grown, _) in middle.items()]
    text = table(["CSV of everything", "lines/s", "× COPY through psql", "MB grown by"], rows)
    size = middle["kept file"][2] / 1024**2
    record("exports", text + f"\n\n{count:,} promises, {size:.1f} MB; one worker.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
