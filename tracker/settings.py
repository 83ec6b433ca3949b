"""Every setting, from the environment.

No SECRET_KEY means your own machine. With one it is production, and all else is required.
"""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
IN_DEVELOPMENT = "SECRET_KEY" not in os.environ


def required(name, *, meaning):
    """Return what the environment says under that name, or say what to set."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise ImproperlyConfigured(
            f"{name} is not set. SECRET_KEY is in the environment, so this is production: set {name} to {meaning}."
        )
    return value


def switch(name, *, default):
    """Return a yes or a no from the environment, and name a value that is neither."""
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} is {value!r}. Write 1 or 0.")
    return default


def number(name, *, default):
    """Return a whole number from the environment, and name a value that is none."""
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is {value!r}. Write a whole number.")
    return int(value)


def listed(value):
    """Split a list with commas, as environments hold it."""
    return [part.strip() for part in value.split(",") if part.strip()]


# Where we are

DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()
DEBUG = switch("DEBUG", default=False)

if IN_DEVELOPMENT:
    # `./dev run` keeps a key beside the database; anything else gets one that ends with the process.
    KEY_FILE = os.environ.get("LOCAL_SECRET_KEY_FILE", "")
    SECRET_KEY = Path(KEY_FILE).read_text().strip() if KEY_FILE else secrets.token_urlsafe(50)
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *listed(os.environ.get("ALLOWED_HOSTS", ""))]
    PUBLIC_URL = os.environ.get("PUBLIC_URL") or "http://127.0.0.1:8000"
    DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'tracker.sqlite3'}"
else:
    SECRET_KEY = required("SECRET_KEY", meaning="a random text of at least 50 characters, kept secret")
    SECRET_KEY_FALLBACKS = listed(os.environ.get("SECRET_KEY_FALLBACKS", ""))
    ALLOWED_HOSTS = listed(
        required("ALLOWED_HOSTS", meaning="the host names readers use, with commas between: tracker.example")
    )
    PUBLIC_URL = required(
        "PUBLIC_URL",
        meaning="the address readers use, which feeds and citations carry: https://tracker.example",
    )
    DATABASE_URL = required(
        "DATABASE_URL", meaning="the address of the database: postgresql://user:password@host/tracker"
    )

PUBLIC_URL = PUBLIC_URL.rstrip("/")
if urlsplit(PUBLIC_URL).scheme not in {"http", "https"} or not urlsplit(PUBLIC_URL).hostname:
    raise ImproperlyConfigured(f"PUBLIC_URL is {PUBLIC_URL!r}. Write a whole address: https://tracker.example")
HTTPS = PUBLIC_URL.startswith("https://")
# Whose the permanent names in feeds are. Who moves to another host keeps the old one here.
FEED_AUTHORITY = os.environ.get("FEED_AUTHORITY") or urlsplit(PUBLIC_URL).hostname

# What it is made of

INSTALLED_APPS = [
    "tracker",
    "promises",  # before the admin, whose templates it replaces
    "promises.desk.admin.config.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_filters",
    "simple_history",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]

MIDDLEWARE = [
    "tracker.logs.NoteBeginning",
    "tracker.security.SayWhatPagesMayDo",  # of every answer, static files and redirects too
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "tracker.replicas.ChooseReplica",
    "tracker.haste.AnswerInTime",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "tracker.security.DemandSecondFactor",
]

ROOT_URLCONF = "tracker.urls"
WSGI_APPLICATION = "tracker.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# What it remembers

DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # else two writers find the database locked
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA mmap_size=134217728;PRAGMA cache_size=-16000"
        ),
    }
else:
    DATABASES["default"].update(CONN_MAX_AGE=number("CONN_MAX_AGE", default=60), CONN_HEALTH_CHECKS=True)
    # The server never cuts a slow request off, so the database does; a reader's sooner. manage.py lifts the limit.
    # A machine that is gone without a word is given up after 5 s.
    DATABASES["default"]["OPTIONS"] = {
        "options": f"-c statement_timeout={number('STATEMENT_TIMEOUT', default=15000)}",
        "connect_timeout": 5,
        "tcp_user_timeout": 5000,
        **DATABASES["default"].get("OPTIONS", {}),
    }

# A streaming replica that pages are made from, as far as it has caught up (tracker/replicas.py)
REPLICA_URL = os.environ.get("REPLICA_URL", "")
if REPLICA_URL:
    DATABASES["replica"] = dj_database_url.parse(REPLICA_URL, conn_max_age=60, conn_health_checks=True)
    if DATABASES["replica"]["ENGINE"] != DATABASES["default"]["ENGINE"] or not REPLICA_URL.startswith("postgres"):
        raise ImproperlyConfigured("REPLICA_URL is set, and both it and DATABASE_URL have to be PostgreSQL.")
    DATABASES["replica"]["OPTIONS"] = {
        "options": DATABASES["default"]["OPTIONS"]["options"],
        "connect_timeout": 2,
        "tcp_user_timeout": 5000,
        **DATABASES["replica"].get("OPTIONS", {}),
    }
    DATABASE_ROUTERS = ["tracker.replicas.PagesFromReplica"]

PUBLIC_SECONDS = 2  # the longest that a query of a public page may take (tracker/haste.py)

REDIS_URL = os.environ.get("REDIS_URL", "")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
    )
}
CACHES["default"]["TIMEOUT"] = 3600  # the longest rate limit; counting up resets a key's life to this

# What is kept of pages, and who in front of us is told of a publication (tracker/cache.py)

PAGE_CACHE_MB = number("PAGE_CACHE_MB", default=64)
PAGE_DISK_MB = number("PAGE_DISK_MB", default=256)  # of this machine's processes together, where there is no Redis
SHARED_SECONDS = number("SHARED_SECONDS", default=1)  # more only where PURGE_URL is set
PURGE_URL = os.environ.get("PURGE_URL", "")
PURGE_HEADER = os.environ.get("PURGE_HEADER", "")  # what the cache in front wants to see: "Name: value"

# Words and days

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_I18N = True
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tracker.static.StaticFiles"},
}
if DEBUG:
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    WHITENOISE_USE_FINDERS = True

# Who may come in

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "tracker.accounts.ClosedToStrangers"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "change_password": "5/m/user",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
}
MFA_ADAPTER = "tracker.accounts.SealedSecrets"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
MFA_TOTP_ISSUER = urlsplit(PUBLIC_URL).hostname

SECOND_FACTOR_REQUIRED = switch("SECOND_FACTOR_REQUIRED", default=not IN_DEVELOPMENT)
SECOND_PERSON_RULE = switch("SECOND_PERSON_RULE", default=True)
LINKCHECK_ENABLED = switch("LINKCHECK_ENABLED", default=False)  # asking other people's servers

# What browsers are told. Django 6 reads the same name for the policy; tracker/security.py does until then.

SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
PERMISSIONS_POLICY = (
    "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=(), "
    "publickey-credentials-get=(self), publickey-credentials-create=(self)"
)
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
X_FRAME_OPTIONS = "DENY"

SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no third cookie, with a name in it

if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]  # a machine asks from inside, without the proxy
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # Being built into browsers binds a whole domain for years: for its owner to decide, not for us.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]

# How many proxies of ours stand in front. Their headers are believed, and nobody else's.
TRUSTED_PROXIES = number("TRUSTED_PROXIES", default=0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SUGGESTION_KEEP_DAYS = number("SUGGESTION_KEEP_DAYS", default=365)  # what readers wrote; said on /privacy/
if SUGGESTION_KEEP_DAYS < 1:
    raise ImproperlyConfigured("SUGGESTION_KEEP_DAYS is 0. Write how many days, at least 1.")

# What it sends, and what it says

if os.environ.get("EMAIL_HOST"):
    EMAIL_HOST = os.environ["EMAIL_HOST"]
    EMAIL_USE_TLS = switch("EMAIL_USE_TLS", default=True)
    EMAIL_PORT = number("EMAIL_PORT", default=587 if EMAIL_USE_TLS else 25)
    EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
    EMAIL_TIMEOUT = 20
elif IN_DEVELOPMENT:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
else:
    # A letter may hold a way in: without a post office it is dropped, not written into a log.
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL") or f"tracker@{urlsplit(PUBLIC_URL).hostname}"
CONTACT_EMAIL = os.environ.get("CONTACT_EMAIL", "")  # where readers write to; shown on /about/
SOURCE_URL = os.environ.get("SOURCE_URL", "")  # where this code is kept; linked from /about/
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# What it notes of itself: nothing that says who asked (tracker/logs.py)

LOG_FORMAT = os.environ.get("LOG_FORMAT") or ("line" if IN_DEVELOPMENT else "json")
if LOG_FORMAT not in {"json", "line"}:
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}. Write json or line.")
ERROR_HOOK = os.environ.get("ERROR_HOOK", "")  # module:function, called with what is logged of a fault
if ERROR_HOOK and not all(part.replace(".", "_").isidentifier() for part in ERROR_HOOK.partition(":")[::2]):
    raise ImproperlyConfigured(f"ERROR_HOOK is {ERROR_HOOK!r}. Write the place of a function as module:function.")
SLOW_QUERY_MS = number("SLOW_QUERY_MS", default=500)  # 0: none is noted
# Whoever shows it may read /metrics; without one there is no such address. A proxy makes every reader look as if
# they came from this machine, so where from says nothing.
METRICS_TOKEN = os.environ.get("METRICS_TOKEN", "").strip()
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured(f"METRICS_TOKEN has {len(METRICS_TOKEN)} characters. Write at least 20 random ones.")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "tracker.logs.JsonLine"}, "line": {"()": "tracker.logs.Line"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        "django.request": {"level": "ERROR"},  # what a reader asked wrongly is not ours to note
        "django.security": {"level": "CRITICAL"},  # however wrongly: nobody fills our log from outside
        "django.security.csrf": {"level": "WARNING"},
        "promises": {"level": "INFO"},
        "_granian": {"handlers": [], "propagate": True},
    },
}
if ERROR_HOOK:
    LOGGING["handlers"]["hook"] = {"class": "tracker.reporting.Hook", "hook": ERROR_HOOK}
    LOGGING["root"]["handlers"].append("hook")
