"""How the cost of a page grows with the record: the same questions at each size, nothing kept.

`python -m bench.growth [postgresql] [1000 10000 100000]`; on PostgreSQL the data is made each time.
"""

import contextlib
import sys

import psycopg

from bench import servers
from bench.measure import memory, number, record, table
from bench.misses import measured, questions
from bench.site import collect_static_files, environment, generate, prepare
from bench.throughput import some_promise
from tests.servers import postgresql


def main(*words):
    is_on_postgresql = words[:1] == ("postgresql",)
    counts = [int(word) for word in words[is_on_postgresql:]] or [1000, 10_000, 100_000]
    with contextlib.ExitStack() as stack:
        cases, held = {}, {}
        server = stack.enter_context(postgresql()) if is_on_postgresql else None
        for count in counts:
            if server:
                there = {"DATABASE_URL": filled(server, count)}
            else:
                prepare(count)
                there = {}
            ours = stack.enter_context(servers.tracker(count, cached=False, workers=1, threads=1, **there))
            held[count] = ours
            cases |= {(count, name): (ours, path) for name, path in questions(some_promise(ours)).items()}
        found = measured(cases)
        held = {count: memory(server.process.pid) for count, server in held.items()}
    names = dict.fromkeys(name for _, name in found)
    rows = [
        [
            name,
            *(number(found[count, name][0]) for count in counts),
            f"{found[counts[-1], name][0] / found[counts[0], name][0]:.2f}",
            f"{found[counts[-1], name][0] / found[counts[-1], 'first page, today'][0]:.2f}",
        ]
        for name in names
    ]
    head = ["p50 ms, promises:", *(f"{count:,}" for count in counts), "last ÷ first", "÷ first page at the last"]
    text = table(head, rows)
    text += "\n\nMemory of one worker (MB): " + ", ".join(f"{held[count]:.0f} at {count:,}" for count in counts) + "."
    record("growth on PostgreSQL" if is_on_postgresql else "growth", text)


def filled(server, count):
    """Make a database of so many promises on a PostgreSQL server; returns its address."""
    name = f"promises_{count}"
    address = f"{server.rpartition('/')[0]}/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    given = environment(count, DATABASE_URL=address)
    generate(given, count)
    collect_static_files(given)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")  # as it would by itself before long
    return address


if __name__ == "__main__":
    main(*sys.argv[1:])
