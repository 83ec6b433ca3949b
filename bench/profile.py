"""Where the time goes while a page is made that nobody has: by our functions, by all functions, and by query.

`python -m bench.profile [1000|10000|100000] [PATH]`, or `make profile`; a `{day}` in PATH is another day each time.
"""

import cProfile
import pstats
import sys
import time
from pathlib import Path

from bench.misses import DAYS
from bench.site import ROOT, set_up

PAGES = 40
LINES = 70


def asked(client, path, step):
    response = client.get(path.format(day=DAYS[step % len(DAYS)]))
    if response.status_code != 200:
        raise SystemExit(f"{path}: {response.status_code}")
    return response.content


def cost(client, path):
    """Return milliseconds of processor time a page, with nobody looking on."""
    before = time.process_time()
    for step in range(PAGES):
        asked(client, path, step)
    return (time.process_time() - before) * 1000 / PAGES


def queries(client, path):
    """Return (milliseconds, SQL) of each query of one page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as told:
        asked(client, path, 0)
    return [(float(query["time"]) * 1000, query["sql"]) for query in told]


def rows(stats, key, *, ours):
    """Yield (calls, own ms, ms with what is called, place) a page, dearest first by that key."""
    found = []
    for (file, line, name), (calls, _, own, whole, _) in stats.stats.items():
        place = Path(file)
        is_ours = place.is_relative_to(ROOT) and ".venv" not in place.parts
        if ours and not is_ours:
            continue
        short = place.relative_to(ROOT) if is_ours else Path(*place.parts[-3:])
        found.append((calls / PAGES, own * 1000 / PAGES, whole * 1000 / PAGES, f"{short}:{line} {name}"))
    return sorted(found, key=key, reverse=True)[:LINES]


def tell(heading, lines):
    print(f"\n{heading}\n{'calls':>9} {'own ms':>8} {'with ms':>8}")
    for calls, own, whole, place in lines:
        print(f"{calls:9.1f} {own:8.2f} {whole:8.2f}  {place}")


def main(count=1000, path="/?as_of={day}"):
    set_up(count)
    from django.test import Client

    client = Client(headers={"host": "127.0.0.1"})
    asked(client, path, 0)
    print(f"{path} with {count:,} promises: {cost(client, path):.1f} ms of a processor a page, nothing kept.")
    profile = cProfile.Profile()
    profile.enable()
    for step in range(PAGES):
        asked(client, path, step)
    profile.disable()
    stats = pstats.Stats(profile)
    print("Below, everything is slower by half, as each call is noted.")
    tell("Ours, with what they call", rows(stats, lambda row: row[2], ours=True))
    tell("All, by what they do themselves", rows(stats, lambda row: row[1], ours=False))
    print("\nQueries, ms")
    for milliseconds, sql in queries(client, path):
        print(f"{milliseconds:8.2f}  {' '.join(sql.split())[:200]}")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(int(given[0]) if given else 1000, *given[1:2])
