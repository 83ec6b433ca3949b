"""The public door, for any WSGI server."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

from tracker.cache import with_pages_kept

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

if settings.IN_DEVELOPMENT and not settings.DEBUG and "LOCAL_SECRET_KEY_FILE" not in os.environ:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. To serve the public, set SECRET_KEY, ALLOWED_HOSTS, PUBLIC_URL and "
        "DATABASE_URL. To try the tracker on your own machine, use `make run`."
    )

application = get_wsgi_application()
if not settings.DEBUG:
    application = with_pages_kept(application)
