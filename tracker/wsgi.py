"""The public door, for any WSGI server."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connection

from promises.outstanding import outstanding
from tracker.cache import with_pages_kept

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")


def refuse_a_database_that_is_behind():
    """Do not open on tables that this code would ask in vain; one that is away may come, and is told elsewhere."""
    try:
        missing = outstanding(connection)
    except DatabaseError:
        return
    finally:
        connection.close()
    if missing:
        raise ImproperlyConfigured(
            f"The database is behind this code: it lacks {', '.join(missing[:3])}{' and more' * (len(missing) > 3)}. "
            "Make a backup, run `manage.py migrate`, and start again."
        )


if settings.IN_DEVELOPMENT and not settings.DEBUG and "LOCAL_SECRET_KEY_FILE" not in os.environ:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. To serve the public, set SECRET_KEY, ALLOWED_HOSTS, PUBLIC_URL and "
        "DATABASE_URL. To try the tracker on your own machine, use `make run`."
    )

application = get_wsgi_application()
refuse_a_database_that_is_behind()
if not settings.DEBUG:
    application = with_pages_kept(application)
