"""Whether we are well, for machines that watch us: said in data, never kept, and without secrets."""

from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from promises.outstanding import outstanding
from promises.record.edition import Edition
from promises.record.edition import moment as written

FOUND_APPLIED = set()
"""The databases whose migrations were once found applied, which a running process need not ask again."""


@never_cache
@require_safe
def live(request):
    """Answer 200 as long as this process answers at all; nothing else is asked."""
    return JsonResponse({"process": "ok", "at": written(timezone.now())})


@never_cache
@require_safe
def ready(request):
    """Answer 200 where a reader can be served whole, 503 where something that it takes is away."""
    told = {"cache": "ok" if is_remembered() else "away", **of_the_record(), "at": written(timezone.now())}
    well = told["database"] == told["cache"] == told["migrations"] == "ok"
    return JsonResponse(told, status=200 if well else 503)


def of_the_record():
    """How the database is, what was published last, and how far behind its replicas are, if it has any."""
    told = {"database": "away", "migrations": "unknown", "edition": None, "published_at": None}
    try:
        told["migrations"] = "ok" if are_applied() else "missing"
        told["database"] = "ok"
        if latest := Edition.objects.using(DEFAULT_DB_ALIAS).newest_first().first():
            told |= {"edition": latest.number, "published_at": written(latest.published_at)}
    except DatabaseError:
        connection.close()
    if replicas := [name for name in connections if name != DEFAULT_DB_ALIAS]:
        told["editions_behind"] = {name: editions_behind(name, told["edition"] or 0) for name in replicas}
    return told


def is_remembered():
    """Whether the cache gives back what it is given."""
    try:
        cache.set("health", "well", timeout=10)
        return cache.get("health") == "well"
    except Exception:  # a lost connection has another class in every cache
        return False


def are_applied():
    """Whether the database has every migration of this code; read from disk until it is so once."""
    name = str(connection.settings_dict["NAME"])
    if name not in FOUND_APPLIED and not outstanding(connection):
        FOUND_APPLIED.add(name)
    return name in FOUND_APPLIED


def editions_behind(name, latest):
    """Return how many editions a replica has not got yet; None where it does not answer."""
    try:
        return latest - Edition.objects.using(name).latest_number()
    except DatabaseError:
        connections[name].close()
        return None
