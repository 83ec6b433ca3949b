"""Which questions the database was slow to answer, without what was asked for in them."""

import logging
import time

LONGEST = 2000

log = logging.getLogger(__name__)


class NoteSlow:
    """An execute wrapper that logs the SQL of a query that took longer than so many milliseconds."""

    def __init__(self, milliseconds, *, clock=time.perf_counter):
        self.milliseconds = milliseconds
        self.clock = clock

    def __call__(self, execute, sql, params, many, context):
        began = self.clock()
        try:
            return execute(sql, params, many, context)
        finally:
            took = (self.clock() - began) * 1000
            if took >= self.milliseconds:
                log.warning("A query took %d ms: %s", took, sql if len(sql) <= LONGEST else f"{sql[:LONGEST]}…")

    def watch(self, connection, **_):
        """Stand round every query of a connection; given to `connection_created`."""
        if self not in connection.execute_wrappers:
            connection.execute_wrappers.append(self)
