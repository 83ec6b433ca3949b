"""What the web tier holds in memory, and how soon it answers, with the records it ships with.

`python -m bench.held`
"""

import time
from statistics import median

from bench import servers
from bench.measure import ROUNDS, Asker, memory, number, record, table, wrk
from bench.site import HOME, SHIPPED, prepare


def main():
    prepare(SHIPPED)
    if not (HOME / "flat-shipped.db").exists():
        servers.flatten(SHIPPED, HOME / "flat-shipped.db")
    found = {"ours": [], "Datasette": []}
    for _ in range(ROUNDS):
        for name, start in (("ours", servers.tracker), ("Datasette", servers.datasette)):
            begun = time.perf_counter()
            with start(SHIPPED) as server:
                asker = Asker(server.address)
                asker.get("/")
                first = time.perf_counter() - begun
                for path in ("/?as_of=2021-11-18", "/?q=rail", "/promises.json", "/themes/", "/places/"):
                    asker.get(path)
                wrk(server.address + "/", seconds=1)
                found[name].append((first, memory(server.process.pid)))
    rows = [
        [name, *(number(median(column)) for column in zip(*results, strict=True))] for name, results in found.items()
    ]
    record("memory", table(["with the shipped records", "s to the first answer", "MB (PSS, two workers)"], rows))


if __name__ == "__main__":
    main()
