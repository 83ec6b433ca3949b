"""What a reader's browser has to do for a page, beside the same page as a static file and Datasette's table.

`python -m bench.vitals [1000|10000|100000|shipped]`
"""

import contextlib
import sys
from collections import Counter
from dataclasses import dataclass

from bench import servers
from bench.measure import BROTLI, number, record, rounds, table
from bench.site import SHIPPED, prepare
from bench.throughput import some_promise
from tests.browser.screenshots import browsing

MEGABIT = 1_000_000 / 8
KINDS = {"Document": "HTML", "Stylesheet": "CSS", "Script": "script", "Font": "fonts", "Image": "pictures"}
SETTLED = 500
"""Milliseconds after the load in which what comes late is still noticed."""

# A long task is only noted while somebody observes; the entries themselves are read at the end, script or none.
WATCH = "window.watching = new PerformanceObserver(() => {}); watching.observe({ type: 'longtask' });"
READ = """() => {
  const entries = (type) => {
    const observer = new PerformanceObserver(() => {});
    observer.observe({ type, buffered: true });
    return observer.takeRecords();
  };
  const first = entries("paint").find((entry) => entry.name === "first-contentful-paint")?.startTime;
  if (first === undefined || !entries("largest-contentful-paint").length) return null;
  const blocked = ({ startTime, duration }) => Math.max(0, startTime + duration - Math.max(startTime, first) - 50);
  let worst = 0, session = [];
  for (const shift of entries("layout-shift")) {
    // Shifts less than a second apart, and within five, count together; the worst such session is the score.
    const last = session.at(-1);
    if (last && (shift.startTime - last.startTime > 1000 || shift.startTime - session[0].startTime > 5000)) session = [];
    session.push(shift);
    worst = Math.max(worst, session.reduce((total, { value }) => total + value, 0));
  }
  return {
    fcp: first,
    lcp: entries("largest-contentful-paint").at(-1).startTime,
    cls: worst,
    tbt: entries("longtask").map(blocked).reduce((total, one) => total + one, 0),
    nodes: document.querySelectorAll("*").length,
  };
}"""


@dataclass(frozen=True, eq=False)
class Setting:
    """Something to read with: how wide it is, how many times slower than this machine, and behind which line."""

    name: str
    width: int
    height: int
    slower: int = 1
    line: dict | None = None


DESKTOP = Setting("desktop", 1280, 900)
SLOW_PHONE = Setting(
    "slow phone",
    390,
    844,
    slower=4,
    line={"downloadThroughput": 1.6 * MEGABIT, "uploadThroughput": 0.75 * MEGABIT, "latency": 150},
)
"""The CPU throttled four times, behind a slow 4G line."""
SETTINGS = (DESKTOP, SLOW_PHONE)
OURS = ("tracker page", "promise page")


def load(browser, url, setting, *, script=True):
    """Open a page as a reader who was never here; returns times in ms, bytes by kind, requests and nodes."""
    context = browser.new_context(
        viewport={"width": setting.width, "height": setting.height},
        is_mobile=setting is SLOW_PHONE,
        java_script_enabled=script,
    )
    context.add_init_script(WATCH)
    page = context.new_page()
    kinds, sent = {}, Counter()
    session = context.new_cdp_session(page)
    session.on("Network.responseReceived", lambda told: kinds.update({told["requestId"]: told}))
    session.on("Network.loadingFinished", lambda told: sent.update({told["requestId"]: told["encodedDataLength"]}))
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Emulation.setCPUThrottlingRate", {"rate": setting.slower})
    if setting.line:
        session.send("Network.emulateNetworkConditions", {"offline": False, **setting.line})
    page.goto(url, wait_until="load")
    for _ in range(20):
        page.wait_for_timeout(SETTLED)
        if found := page.evaluate(READ):
            break
    else:
        raise SystemExit(f"{url}: nothing was painted within {20 * SETTLED / 1000:.0f} s of its load.")
    context.close()
    for told in kinds.values():
        if told["response"]["status"] != 200:
            raise SystemExit(f"{told['response']['url']}: {told['response']['status']}")
    weights = Counter(dict.fromkeys(KINDS.values(), 0))
    asked = [request for request in sent if kinds[request]["response"]["url"].startswith("http")]  # not `data:`
    for request in asked:
        weights[KINDS.get(kinds[request]["type"], "pictures")] += sent[request]  # the icon is of no kind
    found["without fonts"] = weights.total() - weights["fonts"]
    return {**found, "requests": len(asked), **{kind: weights[kind] for kind in KINDS.values()}}


def main(count=1000):
    prepare(count)
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        ours = start(servers.tracker(count))
        paths = dict(zip(OURS, ["/", f"/promises/{some_promise(ours)}/"], strict=True))
        static = start(servers.static_site(ours, paths.values()))
        flat = start(servers.datasette(count))
        facets = f"/flat-{count}/promises?_facet=status&_facet=theme&_size=50&_sort_desc=since"
        browser = start(browsing())
        pages = {}
        for name, path in paths.items():
            servers.fetch(ours, path, BROTLI)  # kept from here on
            pages[name] = (f"{ours.address}{path}", True)
            pages[f"{name}, no script"] = (f"{ours.address}{path}", False)
            pages[f"nginx: {name}"] = (f"{static.address}{path}", True)
        pages["Datasette: table, two facets"] = (f"{flat.address}{facets}", True)
        cases = {
            (setting, name): lambda url=url, script=script, setting=setting: load(browser, url, setting, script=script)
            for setting in SETTINGS
            for name, (url, script) in pages.items()
        }
        found = rounds(cases)
    record("vitals", f"{goals(found)}\n\n{figures(found)}\n\n{told_of(count)}")


def figures(found):
    """Return everything that was measured, as a table."""
    head = ["what", "FCP ms", "LCP ms", "× nginx", "CLS", "TBT ms", "requests"]
    head += [f"{kind} kB" for kind in (*KINDS.values(), "without fonts")] + ["nodes"]
    rows = [
        [
            f"{setting.name}: {name}",
            number(got["fcp"]),
            number(got["lcp"]),
            f"{slower(found, setting, name):.2f}" if name.startswith(OURS) else "",
            f"{got['cls']:.3f}",
            f"{got['tbt']:.0f}",
            f"{got['requests']:.0f}",
            *(f"{got[kind] / 1000:.1f}" for kind in (*KINDS.values(), "without fonts")),
            f"{got['nodes']:,.0f}",
        ]
        for (setting, name), got in found.items()
    ]
    return table(head, rows)


def slower(found, setting, name):
    """How many times as long its largest piece takes to show as that of the same page from nginx."""
    return found[setting, name]["lcp"] / found[setting, f"nginx: {name.partition(',')[0]}"]["lcp"]


def goals(found):
    """Return the goals, and how our pages with script stand to them in the setting that does worse."""

    def worst(of):
        return [max(of(setting, name) for setting in SETTINGS) for name in OURS]

    def most(key, *, over=1):
        return worst(lambda setting, name: found[setting, name][key] / over)

    measured = [
        ("first view without fonts, kB", 30, most("without fonts", over=1000), ".1f"),
        ("requests", 8, most("requests"), ".0f"),
        ("CLS", 0.01, most("cls"), ".3f"),
        ("LCP, × the static file's", 1.5, worst(lambda setting, name: slower(found, setting, name)), ".2f"),
        ("TBT on the slow phone, ms", 250, [found[SLOW_PHONE, name]["tbt"] for name in OURS], ".0f"),
        ("HTML in brotli with its headers, kB", 12, most("HTML", over=1000), ".1f"),
        ("nodes", 1200, most("nodes"), ",.0f"),
    ]
    rows = [
        [name, f"≤ {goal:,}", *(format(value, form) for value in values), "yes" if max(values) <= goal else "no"]
        for name, goal, values, form in measured
    ]
    return table(["goal", "at most", *OURS, "reached"], rows)


def told_of(count):
    """Return in words what was read, and how."""
    what = "The shipped records" if count == SHIPPED else f"{count:,} promises"
    return (
        f"{what}; kept pages in Chromium, a new reader each time. The slow phone is {SLOW_PHONE.width} px wide, its CPU "
        f"throttled {SLOW_PHONE.slower} times, behind 1.6 Mbit/s and {SLOW_PHONE.line['latency']} ms. Bytes are those "
        "over the wire, headers included; TBT is what tasks took beyond 50 ms each after the first paint."
    )


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else "1000"
    main(given if given == SHIPPED else int(given))
