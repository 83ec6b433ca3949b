"""The settings, made quick and strict for tests."""

from tracker.settings import *  # noqa: F403
from tracker.settings import DATA_DIR, DATABASES, INSTALLED_APPS, MIDDLEWARE, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: the server of the browser tests asks from other threads.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += ";PRAGMA synchronous=OFF"

# A query for each row of a page is an error.
INSTALLED_APPS = [*INSTALLED_APPS, "zeal"]
MIDDLEWARE = ["zeal.middleware.zeal_middleware", *MIDDLEWARE]
ZEAL_RAISE = True
# Django and allauth look the person up more than once in a request; that grows with nothing.
ZEAL_ALLOWLIST = [{"model": name} for name in ["auth.User", "mfa.*", "account.*", "sessions.*"]]
