"""Which database a page is read from: a replica, where it has the edition that the page is made for.

Only pages made to be kept for everybody are read there: what an editor sees after publishing, and the
whole desk, come from the primary. So a reader never gets an older edition after a newer one, however far
the replica is behind.
"""

import logging
import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import Error, connections

from promises.record.away import AWAY
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
        if edition and self.clock() >= self.back_at and self.latest() == edition:
            response = made_from(REPLICA, self.get_response, request)
            if self.latest() == edition:  # it can show the next one a moment before the primary does
                return response
        return self.get_response(request)

    def process_exception(self, request, exception):
        """Make the page anew from the other database where one failed in the middle of it."""
        edition, failed = request.environ.get(EDITION), _chosen.get()
        if not (edition and isinstance(exception, AWAY)):
            return None
        if failed == REPLICA:
            self.leave_alone(exception)
        asked = request.resolver_match
        for database in (PRIMARY, REPLICA) if failed == REPLICA else (REPLICA,):
            # A replica that is left alone is asked even so: without it the reader would get nothing.
            if database == PRIMARY or self.comes_to_have(edition):
                with suppress(*AWAY):
                    return made_from(database, asked.func, request, *asked.args, **asked.kwargs)
        return None

    def comes_to_have(self, edition):
        """Say whether the replica, behind for a moment when the primary was lost, has the edition within a second."""
        for _ in range(20):
            if self.latest() >= edition:
                return True
            if self.clock() < self.back_at:
                return False
            self.pause(0.05)
        return False

    def latest(self):
        """Return the number of the edition that the replica has replayed, by a short query; 0 if it does not answer."""
        try:
            number = Edition.objects.using(REPLICA).newest_first().values_list("number", flat=True).first() or 0
        except Error as error:
            self.leave_alone(error)
            return 0
        self.back_at = 0.0
        return number

    def leave_alone(self, error):
        self.back_at = self.clock() + REST
        connections[REPLICA].close()
        log.warning("The replica does not answer, pages are made from the primary: %s", error)


def made_from(database, make, *what, **named):
    """Return the answer that `make` gives to this, with all of it read from that database."""
    with reading_from(database):
        response = make(*what, **named)
    if response.streaming:
        response.streaming_content = _chunks_from(database, response.streaming_content)
    return response


def _chunks_from(database, chunks):
    """Yield the chunks of an answer whose rows are read while it is sent."""
    while True:
        with reading_from(database):
            try:
                chunk = next(chunks)
            except StopIteration:
                return
        yield chunk
