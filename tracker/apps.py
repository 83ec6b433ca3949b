from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created

from tracker.queries import NoteSlow


class TrackerConfig(AppConfig):
    """What watches the whole of it."""

    name = "tracker"

    def ready(self):
        if settings.SLOW_QUERY_MS:
            slow = NoteSlow(settings.SLOW_QUERY_MS)
            connection_created.connect(slow.watch, weak=False, dispatch_uid="slow queries")
