"""How the cost of a page grows with the record: the same questions at each size, nothing kept.

`python -m bench.growth [1000 10000 100000]`
"""

import contextlib
import sys

from bench import servers
from bench.measure import memory, number, record, table
from bench.misses import measured, questions
from bench.site import prepare
from bench.throughput import some_promise


def main(*counts):
    counts = counts or (1000, 10_000, 100_000)
    with contextlib.ExitStack() as stack:
        cases, held = {}, {}
        for count in counts:
            prepare(count)
            ours = stack.enter_context(servers.tracker(count, cached=False, workers=1, threads=1))
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
    record("growth", text)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
