"""What is said to the outside once an edition is in the record: the bell, and the caches in front of us."""

import logging

from django.conf import settings
from django.db import transaction

from promises.record import bell

PATIENCE = 3.0
"""Seconds that whoever publishes waits for a cache to drop its pages."""

log = logging.getLogger(__name__)


def announce(edition):
    """Tell of an edition as soon as its transaction is done."""

    def tell():
        bell.here().ring(edition.number)
        if settings.PURGE_URL:
            _purge()

    transaction.on_commit(tell, robust=True)


def _purge():
    """Have the caches in front drop every page of the record; one that cannot be told forgets by itself."""
    import httpx  # a tenth of a second to load, wanted by few

    name, _, value = settings.PURGE_HEADER.partition(":")
    headers = {"Surrogate-Key": "record", **({name.strip(): value.strip()} if value else {})}
    try:
        httpx.post(settings.PURGE_URL, headers=headers, timeout=PATIENCE).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("The caches at PURGE_URL were not told: %s", error)
