"""How things are measured: interleaved rounds, medians, ratios; loopback only, everything bounded in time."""

import http.client
import os
import platform
import re
import statistics
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

ROUNDS = 5
README = Path(__file__).with_name("README.md")
ACCEPT = {"Accept-Encoding": "gzip"}
"""Debian's nginx has no brotli of its own: all are asked for the coding that all can give."""
BROTLI = {"Accept-Encoding": "br"}
"""What browsers ask for."""


def wrk(url, *, seconds=2, connections=16, headers=ACCEPT):
    """Ask one address as often as it will answer; returns the rate, latencies in ms, failures and bytes an answer."""
    given = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency", *given, url]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    answers, read = re.search(r"(\d+) requests in [\d.]+\w+, ([\d.]+\w+) read", said).groups()
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    cut = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return {
        "rate": float(re.search(r"Requests/sec: +([\d.]+)", said)[1]),
        "p50": milliseconds(re.search(r"50% +([\d.]+\w+)", said)[1]),
        "p99": milliseconds(re.search(r"99% +([\d.]+\w+)", said)[1]),
        "failures": int(failed[1]) if failed else sum(map(int, cut.groups())) if cut else 0,
        "bytes": in_bytes(read) / max(1, int(answers)),
    }


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def in_bytes(text):
    number, unit = re.fullmatch(r"([\d.]+)([KMG]?)B", text).groups()
    return float(number) * {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}[unit]


def rounds(cases, *, times=ROUNDS):
    """Run each case once a round, so that what disturbs the machine disturbs all; returns medians by name."""
    found = {name: [] for name in cases}
    for number in range(times):
        for name, case in cases.items():
            found[name].append(case())
        print(f"  round {number + 1} of {times}", flush=True)
    return {name: median_of(results) for name, results in found.items()}


def median_of(results):
    if not isinstance(results[0], dict):
        return statistics.median(results)
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


class Asker:
    """One kept-alive connection, for answers one at a time."""

    def __init__(self, address):
        parts = urlsplit(address)
        self.host = (parts.hostname, parts.port)
        self.connection = http.client.HTTPConnection(*self.host, timeout=120)

    def get(self, path, headers=ACCEPT, method="GET"):
        """Return (status, milliseconds, headers, body)."""
        begun = time.perf_counter()
        try:
            self.connection.request(method, path, headers=headers)
            answer = self.connection.getresponse()
        except (http.client.HTTPException, OSError):
            self.connection = http.client.HTTPConnection(*self.host, timeout=120)
            self.connection.request(method, path, headers=headers)
            answer = self.connection.getresponse()
        body = answer.read()
        return answer.status, (time.perf_counter() - begun) * 1000, answer.headers, body


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def tree_of(pid):
    """A process and all below it."""
    found, parents = [pid], {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents.setdefault(int((entry / "stat").read_text().rpartition(")")[2].split()[1]), []).append(
                    int(entry.name)
                )
            except OSError:
                continue
    for known in found:
        found += parents.get(known, [])
    return found


def memory(pid):
    """The proportional set size of a process and all below it, in MB."""
    total = 0
    for one in tree_of(pid):
        try:
            total += int(re.search(r"^Pss: +(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.M)[1])
        except (OSError, TypeError):
            continue
    return total / 1024


def cpu_seconds(pid):
    """The processor time that a process and all below it have used."""
    ticks = 0
    for one in tree_of(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine():
    """What all this was measured on, in a line."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    memory_of_all = int(re.search(r"MemTotal: +(\d+)", Path("/proc/meminfo").read_text())[1]) // 1024**2
    busy = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), {memory_of_all} GB, "
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}; "
        f"{time.strftime('%d %B %Y').lstrip('0')}, load average {busy:.1f} at the end"
    )


def table(head, rows):
    """Return a Markdown table."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def record(section, text):
    """Print a result, and put it into README.md between the marks of its section."""
    text = f"{text}\n\nMeasured on {machine()}."
    print(f"\n{text}\n")
    begin, end = f"<!-- {section} -->", f"<!-- end of {section} -->"
    written = README.read_text(encoding="utf-8")
    if begin in written:
        before, _, rest = written.partition(begin)
        README.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
