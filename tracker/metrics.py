"""The figures of `tracker/counting.py` and of the record, in Prometheus's text format."""

import itertools

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from promises.record.edition import Edition
from tracker.counting import KINDS, STATUSES, TOOK, added_up


@never_cache
@require_safe
def metrics(request):
    """The figures in Prometheus's text format, for who holds the token."""
    given = request.headers.get("Authorization", "")
    if not constant_time_compare(given, f"Bearer {settings.METRICS_TOKEN}"):
        return HttpResponse("Not without the token.\n", "text/plain", 401, headers={"WWW-Authenticate": "Bearer"})
    figures = [*of_answers(added_up(settings.DATA_DIR / "metrics")), *of_the_record(timezone.now())]
    return HttpResponse("".join(written(*figure) for figure in figures), "text/plain; version=0.0.4; charset=utf-8")


def of_answers(told):
    """How readers are answered: name, type, meaning and rows (ending, labels, value) of each figure."""
    kinds = [("", {"kind": kind, "status": f"{n}xx"}, told[f"{kind} {n}"]) for kind in KINDS for n in STATUSES]
    yield "requests_total", "counter", "Answers, by kind (kept, made, stale, passed on) and class of status.", kinds
    made = list(itertools.accumulate(told[name] for name in TOOK))
    rows = [("_bucket", {"le": name.removeprefix("took ")}, count) for name, count in zip(TOOK, made, strict=True)]
    rows += [("_sum", {}, told["microseconds"] / 1_000_000), ("_count", {}, made[-1])]
    yield "making_seconds", "histogram", "How long pages took that nobody had.", rows
    for name, meaning in (("pages", "Pages kept in memory"), ("bytes", "Bytes of memory that kept pages take up")):
        yield f"kept_{name}", "gauge", f"{meaning}, in all workers.", [("", {}, told[name])]
    yield "kept_evictions_total", "counter", "Pages let go to make room for others.", [("", {}, told["evicted"])]
    yield "workers", "gauge", "Processes that answer.", [("", {}, told["workers"])]


def of_the_record(now):
    """Whether the database answers, and what was published."""
    try:
        latest, count = Edition.objects.newest_first().first(), Edition.objects.count()
    except DatabaseError:
        connection.close()
        yield "database_up", "gauge", "Whether the database answers.", [("", {}, 0)]
        return
    yield "database_up", "gauge", "Whether the database answers.", [("", {}, 1)]
    yield "publications_total", "counter", "Editions published.", [("", {}, count)]
    if latest:
        since = max(0.0, (now - latest.published_at).total_seconds())
        yield "latest_edition", "gauge", "The number of the latest edition.", [("", {}, latest.number)]
        yield "seconds_since_publication", "gauge", "Seconds since the latest edition.", [("", {}, since)]


def written(name, kind, meaning, rows):
    lines = [f"# HELP tracker_{name} {meaning}", f"# TYPE tracker_{name} {kind}"]
    for ending, labels, value in rows:
        labels = ",".join(f'{label}="{said}"' for label, said in labels.items())
        lines.append(f"tracker_{name}{ending}{f'{{{labels}}}' if labels else ''} {value}")
    return "\n".join(lines) + "\n"
