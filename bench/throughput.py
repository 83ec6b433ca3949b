"""How many readers a second get a kept page, beside nginx with finished files, a bare hello, and the rivals.

`python -m bench.throughput [1000|10000|100000]`
"""

import contextlib
import sys

from bench import servers
from bench.measure import ACCEPT, Asker, memory, number, record, rounds, table, wrk
from bench.site import prepare


def main(count=1000):
    prepare(count)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        ours = start(servers.tracker(count))
        slug = some_promise(ours)
        paths = ["/", f"/promises/{slug}/", "/promises.json"]
        static = start(servers.static_copy(ours, paths))
        size = len(servers.fetch(ours, "/")[3])
        hello = start(servers.hello(size))
        front = start(servers.micro_cache(ours))
        plain = start(servers.plain(count))
        flat = start(servers.datasette(count))
        tag = servers.fetch(ours, "/")[2]["ETag"]
        static_tag = Asker(static.address).get("/0")[2]["ETag"]
        has_it, static_has_it = ({**ACCEPT, "If-None-Match": one} for one in (tag, static_tag))
        facets = f"/flat-{count}/promises?_facet=status&_facet=theme&_size=50&_sort_desc=since"
        cases = {
            "nginx: tracker page": lambda: wrk(f"{static.address}/0"),
            "tracker page": lambda: wrk(f"{ours.address}/"),
            "hello of the same size": lambda: wrk(f"{hello.address}/"),
            "behind nginx": lambda: wrk(f"{front.address}/"),
            "nginx: 304": lambda: wrk(f"{static.address}/0", headers=static_has_it),
            "304": lambda: wrk(f"{ours.address}/", headers=has_it),
            "nginx: promise page": lambda: wrk(f"{static.address}/1"),
            "promise page": lambda: wrk(f"{ours.address}{paths[1]}"),
            "nginx: JSON": lambda: wrk(f"{static.address}/2"),
            "JSON": lambda: wrk(f"{ours.address}/promises.json"),
            "Datasette: table, two facets": lambda: wrk(f"{flat.address}{facets}", seconds=5),
            "Datasette: row": lambda: wrk(f"{flat.address}{row_of(flat, count)}"),
            "Datasette: JSON": lambda: wrk(f"{flat.address}/flat-{count}/promises.json?_size=50"),
            "plain Django: table": lambda: wrk(f"{plain.address}/", seconds=5),
        }
        found = rounds(cases)
        held = {
            "ours": memory(ours.process.pid),
            "Datasette": memory(flat.process.pid),
            "plain Django": memory(plain.process.pid),
        }
    against = {"behind nginx": "nginx: tracker page", "tracker page": "nginx: tracker page", "304": "nginx: 304"}
    against |= {"promise page": "nginx: promise page", "JSON": "nginx: JSON"}
    rows = [
        [
            name,
            number(got["rate"]),
            f"{got['rate'] / found[against[name]]['rate']:.2f}" if name in against else "",
            number(got["p50"]),
            number(got["p99"]),
            number(got["bytes"]),
            int(got["failures"]),
        ]
        for name, got in found.items()
    ]
    rate = {name: got["rate"] for name, got in found.items()}
    ratios = [
        f"hello {times(rate['tracker page'], rate['hello of the same size'])}",
        f"Datasette's table {times(rate['tracker page'], rate['Datasette: table, two facets'])}",
        f"Datasette's row page {times(rate['promise page'], rate['Datasette: row'])}",
        f"Datasette's JSON {times(rate['JSON'], rate['Datasette: JSON'])}",
        f"plain Django {times(rate['tracker page'], rate['plain Django: table'])}",
    ]
    text = table(["what", "answers/s", "× nginx", "p50 ms", "p99 ms", "bytes", "failures"], rows)
    text += f"\n\nKept pages against the rivals (×): {'; '.join(ratios)}. "
    text += "Memory (PSS, whole tree, MB): " + ", ".join(f"{name} {mb:.0f}" for name, mb in held.items()) + "."
    record(f"throughput {count}", text)


def times(ours, theirs):
    """How many times as many: told as such even where they did not answer once in the time."""
    return number(ours / theirs) if theirs else "without end"


def some_promise(server):
    import json

    return json.loads(Asker(server.address).get("/promises.json", {})[3])["promises"][0]["slug"]


def row_of(flat, count):
    import json

    answer = Asker(flat.address).get(f"/flat-{count}/promises.json?_size=1&_shape=array", {})
    return f"/flat-{count}/promises/{json.loads(answer[3])[0].get('rowid', 1)}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
