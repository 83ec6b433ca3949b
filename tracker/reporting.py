"""Who is told when something of ours breaks."""

import logging
import time

from django.utils.module_loading import import_string

from tracker.logs import document

AGAIN_AFTER = 60.0
"""Seconds in which the same fault is told once: a page that breaks for everybody is one piece of news."""
MOST_REMEMBERED = 1000

log = logging.getLogger(__name__)


class Hook(logging.Handler):
    """Give each fault to a function of somebody's choice (ERROR_HOOK), as the same plain document that is logged."""

    def __init__(self, hook, *, clock=time.monotonic):
        super().__init__(logging.ERROR)
        self.told = function_at(hook) if isinstance(hook, str) else hook
        self.clock = clock
        self._last = {}

    def emit(self, record):
        if record.name == __name__:
            return  # else a hook that fails would be told of its own failing
        try:
            if self._is_news(record):
                self.told(document(record))
        except Exception as error:  # whoever watches us must not be what breaks us
            log.warning("ERROR_HOOK failed: %s", type(error).__name__)

    def _is_news(self, record):
        now, fault = self.clock(), fault_of(record)
        if now - self._last.get(fault, float("-inf")) < AGAIN_AFTER:
            return False
        if len(self._last) >= MOST_REMEMBERED:
            self._last.clear()
        self._last[fault] = now
        return True


def function_at(place):
    """Return the function that `module:function` names."""
    module, _, name = place.partition(":")
    return import_string(f"{module}.{name}")


def fault_of(record):
    """Return what tells one fault from another: what was raised and where, else what was said."""
    if not (record.exc_info and record.exc_info[0]):
        return record.name, record.msg
    kind, _, trace = record.exc_info
    while trace and trace.tb_next:
        trace = trace.tb_next
    return kind.__name__, trace and (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
