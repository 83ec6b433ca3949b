"""What it costs to make a page that nobody has asked for, one at a time: milliseconds, processor time, beside the rivals.

`python -m bench.misses [1000|10000|100000]`
"""

import contextlib
import sys
from collections import defaultdict
from datetime import date, timedelta
from statistics import median

from bench import servers
from bench.measure import ROUNDS, Asker, cpu_seconds, number, record, table, wrk
from bench.site import prepare
from bench.throughput import some_promise, times

DAYS = [(date(2018, 1, 1) + timedelta(days=17 * step)).isoformat() for step in range(60)]
ASKED = 12
"""How often each question is asked in a round; days change, so that nobody remembers the answer."""


def questions(slug):
    """Our own addresses, by what they are asked for."""
    return {
        "first page, today": "/",
        "first page, a past day": "/?as_of={day}",
        "promise page": f"/promises/{slug}/",
        "status": "/?status=kept",
        "theme and status": "/?theme=transport&status=broken",
        "one region": "/?place=north-east",
        "one town": "/?place=leeds",
        "by title": "/?sort=title",
        "page 20": "/?page=20",
        "search, one word": "/?q=libraries",
        "search, two words": "/?q=bus+lanes",
        "themes": "/themes/",
        "chart": "/chart.json",
        "JSON": "/promises.json",
        "changes": "/changes/",
    }


def ask(server, path, *, place=0, times=ASKED):
    """Return (median milliseconds, processor milliseconds a page)."""
    asker = Asker(server.address)
    asker.get(path.format(day=DAYS[place % len(DAYS)]))
    before, took = cpu_seconds(server.process.pid), []
    for step in range(times):
        status, milliseconds, _, _ = asker.get(path.format(day=DAYS[(place + step) % len(DAYS)]))
        if status == 200:
            took.append(milliseconds)
    return median(took) if took else float("nan"), (cpu_seconds(server.process.pid) - before) * 1000 / times


def measured(cases, ours=None):
    """Ask every case in every round; returns (milliseconds, processor milliseconds) by name."""
    ours = cases if ours is None else ours
    found = defaultdict(list)
    for step in range(ROUNDS):
        for name, (server, path) in cases.items():
            # A rival may take seconds: it is asked less often, that the whole stays bounded in time.
            found[name].append(ask(server, path, place=step * ASKED, times=ASKED if name in ours else 2))
        print(f"  round {step + 1} of {ROUNDS}", flush=True)
    return {name: tuple(median(column) for column in zip(*results, strict=True)) for name, results in found.items()}


def main(count=1000):
    prepare(count)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        ours = start(servers.tracker(count, cached=False, workers=1, threads=1))
        two = start(servers.tracker(count, cached=False))
        plain = start(servers.plain(count))
        flat = start(servers.datasette(count))
        cases = own = {name: (ours, path) for name, path in questions(some_promise(ours)).items()}
        facets = f"/flat-{count}/promises?_facet=status&_facet=theme&_size=50&_sort_desc=since"
        cases = own | {
            "plain Django: today": (plain, "/"),
            "plain Django: a past day": (plain, "/?as_of={day}"),
            "Datasette: table, two facets": (flat, facets),
            "Datasette: since a day": (flat, facets + "&since__lte={day}"),
        }
        found = measured(cases, own)
        rates = defaultdict(list)
        for step in range(ROUNDS):
            rates["ours"].append(wrk(f"{two.address}/?as_of={DAYS[step]}")["rate"])
            rates["plain"].append(wrk(f"{plain.address}/?as_of={DAYS[step]}", seconds=5)["rate"])
            rates["flat"].append(wrk(flat.address + facets, seconds=5)["rate"])
    first = found["first page, today"][0]
    rows = [[name, number(ms), number(cpu), f"{ms / first:.2f}"] for name, (ms, cpu) in found.items()]
    rate = {name: median(values) for name, values in rates.items()}
    text = table(["what", "p50 ms", "CPU ms", "× first page"], rows)
    text += (
        f"\n\nSixteen readers at once, nothing kept, a past day: ours {rate['ours']:.0f} pages/s, plain Django "
        f"{rate['plain']:.1f} (× {times(rate['ours'], rate['plain'])}), Datasette's table {rate['flat']:.1f} "
        f"(× {times(rate['ours'], rate['flat'])}). A past day costs "
        f"{found['first page, a past day'][0] / first:.2f} of today; a page {first / found['Datasette: table, two facets'][0]:.2f} "
        "of Datasette's."
    )
    record(f"misses {count}", text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
