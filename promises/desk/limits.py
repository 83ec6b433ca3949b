"""How often something may be done by people who have not signed in, without knowing who they are."""

import ipaddress

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.crypto import salted_hmac

WINDOW = 300
"""Seconds within which is counted."""


def few(name, most, *, at):
    """Whether this was done at most so often lately; counts this time."""
    key = f"few:{name}:{int(at.timestamp()) // WINDOW}"
    cache.add(key, 0, WINDOW)
    try:
        return cache.incr(key) <= most
    except ValueError:  # it ran out between the two
        return True


def who(request, at):
    """Return what stands in for an address: the same for a day, and nothing that leads back to it."""
    return stand_in(request, f"suggestion {timezone.localtime(at).date().isoformat()}")


def stand_in(request, purpose):
    """Return what stands in for an address where something is counted: another one for each purpose."""
    return salted_hmac(f"promises.desk.limits {purpose}", _network(request), algorithm="sha256").hexdigest()[:24]


def _network(request):
    """The address that asks, as the outermost of our own proxies saw it; of a long one, its network."""
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    proxies = settings.TRUSTED_PROXIES
    said = chain[-min(proxies, len(chain))] if proxies and chain else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return "unknown"
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else str(address)
