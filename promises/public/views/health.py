"""Whether we are well, for machines that watch us: said in data, never kept, and without secrets."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from promises.record.edition import Edition
from promises.record.edition import moment as written


@never_cache
@require_safe
def health(request):
    """Answer 200 where database and cache answer, 503 where one does not."""
    told = {"database": "away", "cache": "away", "edition": None, "published_at": None, "at": written(timezone.now())}
    try:
        latest = Edition.objects.newest_first().first()
        told["database"] = "ok"
        if latest:
            told |= {"edition": latest.number, "published_at": written(latest.published_at)}
    except DatabaseError:
        connection.close()
    if is_remembered():
        told["cache"] = "ok"
    well = told["database"] == told["cache"] == "ok"
    return JsonResponse(told, status=200 if well else 503)


def is_remembered():
    """Whether the cache gives back what it is given."""
    try:
        cache.set("health", "well", timeout=10)
        return cache.get("health") == "well"
    except Exception:  # a lost connection has another class in every cache
        return False
