"""Which database a page is read from: a replica, where it has the edition that the page is made for.

Only pages made to be kept for everybody are read there: what an editor sees after publishing, and the
whole desk, come from the primary. So a reader never gets an older edition after a newer one, however far
the replica is behind.
"""

import logging
import time
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError, InterfaceError, OperationalError, connections

from promises.record.edition import Edition
from tracker.cache import EDITION

PRIMARY, REPLICA = "default", "replica"
REST = 2.0
"""Seconds for which a replica that failed is left alone."""

log = logging.getLogger(__name__)
_chosen = ContextVar("database that is read", default=PRIMARY)


class PagesFromReplica:
    """Route what is read to the database chosen for this page, and all that is written to the primary."""

    def db_for_read(self, model, **hints):
        return _chosen.get()

    def db_for_write(self, model, **hints):
        return PRIMARY

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, database, app_label, **hints):
        return database == PRIMARY


@contextmanager
def reading_from(database):
    """Read from that database meanwhile."""
    before = _chosen.set(database)
    try:
        yield
    finally:
        _chosen.reset(before)


class ChooseReplica:
    """Have a page made from the replica if it has the page's edition; from the primary if not, or if it fails."""

    def __init__(self, get_response, *, clock=time.monotonic, pause=time.sleep):
        if REPLICA not in settings.DATABASES:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.clock = clock
        self.pause = pause
        self.back_at = 0.0

    def __call__(self, request):
        edition = request.environ.get(EDITION)
        if not (edition and self.has(edition)):
            return self.get_response(request)
        with reading_from(REPLICA):
            response = self.get_response(request)
        if response.streaming:
            response.streaming_content = _read_from_replica(response.streaming_content)
        return response

    def process_exception(self, request, exception):
        """Make the page anew from the other database where one failed in the middle of it."""
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        edition, other = request.environ.get(EDITION), PRIMARY
        if _chosen.get() == REPLICA:
            self.leave_alone(exception)
        elif edition and self.comes_to_have(edition):
            other = REPLICA
        else:
            return None
        asked = request.resolver_match
        with reading_from(other):
            return asked.func(request, *asked.args, **asked.kwargs)

    def comes_to_have(self, edition):
        """Say whether the replica, behind for a moment when the primary was lost, has the edition within a second."""
        for _ in range(20):
            if self.clock() < self.back_at:
                return False
            if self.has(edition):
                return True
            self.pause(0.05)
        return False

    def has(self, edition):
        """Say whether the replica answers and has replayed this edition; one short query."""
        if self.clock() < self.back_at:
            return False
        try:
            return Edition.objects.using(REPLICA).filter(number__gte=edition).exists()
        except DatabaseError as error:
            self.leave_alone(error)
            return False

    def leave_alone(self, error):
        self.back_at = self.clock() + REST
        connections[REPLICA].close()
        log.warning("The replica does not answer, pages are made from the primary: %s", error)


def _read_from_replica(chunks):
    """Yield the chunks of an answer whose rows are read while it is sent."""
    while True:
        with reading_from(REPLICA):
            try:
                chunk = next(chunks)
            except StopIteration:
                return
        yield chunk
