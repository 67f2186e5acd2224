"""Settings come from the environment; each has a working default for the embedded mode (SQLite, embedded queue, DATA_DIR)."""

import json
import secrets
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "data"))).resolve()
# Shared storage that all hosts see: uploads, extracts and runs. One folder on one machine.
STORAGE_DIR = Path(env.str("STORAGE_URL", default=str(DATA_DIR / "storage")).removeprefix("file://")).resolve()

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'infusion_strategy.sqlite3'}")}
EMBEDDED = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
if EMBEDDED:
    # Measured with a worker and readers: without IMMEDIATE dozens of "database is locked", with it none.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def _secret(name: str) -> str:
    """A secret made once and kept in DATA_DIR, readable by the owner only."""
    path = DATA_DIR / "keys" / name
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = path.with_name(f"{name}.{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(50))
            try:
                path.hardlink_to(fresh)  # first process wins, the others read its secret
            except FileExistsError:
                pass
            fresh.unlink()
        return path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data folder {DATA_DIR} cannot be used ({(error.strerror or str(error)).lower()}): make it writable, or name "
            "another one in the environment variable DATA_DIR."
        ) from None


# In production the key must be given: several hosts have to agree on it.
SECRET_KEY = env.str("SECRET_KEY", default=None) or (_secret("secret_key") if EMBEDDED else env.str("SECRET_KEY"))
# The key of the pseudonyms stays on the server. Losing it means that later extracts no longer join earlier ones.
PSEUDONYM_KEY = env.str("PSEUDONYM_KEY", default=None) or (_secret("pseudonym_key") if EMBEDDED else env.str("PSEUDONYM_KEY"))

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)  # behind a proxy that ends TLS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Nothing runs or loads that this server did not send. plotly.js fills a style element that carries the page's nonce.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "axes",
    "auditlog",
    "sites",
    "payers",
    "demand",
    "roi",
    "infusion_strategy",
]

MIDDLEWARE = [
    "infusion_strategy.middleware.head_without_body",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Everything is denied unless a view says otherwise.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "auditlog.middleware.AuditlogMiddleware",
    "axes.middleware.AxesMiddleware",
    "infusion_strategy.middleware.private_pages",
]

ROOT_URLCONF = "infusion_strategy.urls"
WSGI_APPLICATION = "infusion_strategy.wsgi.application"
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
                "infusion_strategy.context.frame",
            ],
        },
    }
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# A whole hospital stands behind one address: lock the pair, never the address alone.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "infusion_strategy.views.locked"
CSRF_FAILURE_VIEW = "infusion_strategy.views.csrf_failed"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=None) or (None if EMBEDDED else DATA_DIR / "static")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "infusion_strategy.finders.PlotlyFinder",
]
# Embedded: files are served from where they are, no collectstatic. Production: hashed, compressed, immutable.
WHITENOISE_USE_FINDERS = EMBEDDED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="") or "embedded://"
if CELERY_BROKER_URL.startswith("embedded:"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"path": str(DATA_DIR / "queue.sqlite3")}
else:
    # A queue that is down must not hold up a request: the run stays queued and the sweeper sends again. A lost worker's
    # runs are taken up by their leases, so Redis need not hand messages out twice while a long run is at work.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "max_retries": 1,
        "interval_start": 0.2,
        "interval_step": 0,
        "socket_connect_timeout": 2,
        "visibility_timeout": 12 * 3600,
    }
CELERY_TASK_IGNORE_RESULT = True  # the Run row is the truth
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # a run goes on without the queue
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {"start-due-feeds": {"task": "demand.start_due_feeds", "schedule": 60.0}}
CELERY_BEAT_SCHEDULER = "infusion_strategy.beat.HeartbeatScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 10
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker outlives a restart of the queue, however long

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.DjangoModelPermissions"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 100,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Infusion Strategy",
    "DESCRIPTION": "Where a health system's infusions go, and what to do about it.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}


class Address(str):
    """A database's address holds a password: error pages and logs that show settings show this instead."""

    def __repr__(self):
        return "'(hidden)'"


def _claims_databases() -> dict[str, Address]:
    try:
        given = json.loads(env.str("CLAIMS_DATABASES", default="") or "{}")
        return {name.strip(): Address(address) for name, address in given.items() if name.strip() and address.strip()}
    except (ValueError, AttributeError):  # their words would quote the addresses
        raise ImproperlyConfigured(
            'CLAIMS_DATABASES must be one JSON object of names and addresses, for example {"Warehouse": '
            '"postgresql+psycopg2://reader:password@host/claims"}.'
        ) from None


# Databases that claims may be fetched from: a name for people -> SQLAlchemy's address. Never stored, never shown.
CLAIMS_DATABASES = _claims_databases()

# DuckDB's, in each job. A load below 680MB writes medical rows with one thread; a recomputation takes more than its limit says.
LOAD_MEMORY_LIMIT = env.str("LOAD_MEMORY_LIMIT", default="700MB")
PIPELINE_MEMORY_LIMIT = env.str("PIPELINE_MEMORY_LIMIT", default="600MB")

SITE_CHECK_DAYS = env.int("SITE_CHECK_DAYS", default=365)  # entries of the site register that nobody checked for longer are marked

# An upload streams to a file under STORAGE_DIR; only the small form parts stay in memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
# What may be uploaded, in bytes: one file, one upload with all its files, a user's day, a user's files that wait for their
# load; what must stay free on the disk. Larger files: load_extract. demand/limits.py hands them on.
UPLOAD_MAX_FILE_BYTES = env.int("UPLOAD_MAX_FILE_BYTES", default=20_000_000_000)
UPLOAD_MAX_BYTES = env.int("UPLOAD_MAX_BYTES", default=40_000_000_000)
UPLOAD_DAILY_BYTES = env.int("UPLOAD_DAILY_BYTES", default=50_000_000_000)
UPLOAD_DAILY_FILES = env.int("UPLOAD_DAILY_FILES", default=200)
UPLOAD_WAITING_BYTES = env.int("UPLOAD_WAITING_BYTES", default=50_000_000_000)
UPLOAD_KEEP_FREE_BYTES = env.int("UPLOAD_KEEP_FREE_BYTES", default=500_000_000)
UPLOAD_CHUNK_BYTES = env.int("UPLOAD_CHUNK_BYTES", default=8_388_608)  # a browser's part of a file; held in memory
# How long an upload is kept that nobody goes on with, maps or accepts: it holds real patient ids.
UPLOAD_KEPT_HOURS = env.int("UPLOAD_KEPT_HOURS", default=72)
# What one file may hold once unpacked.
EXTRACT_MAX_UNPACKED_BYTES = env.int("EXTRACT_MAX_UNPACKED_BYTES", default=40_000_000_000)
EXTRACT_MAX_MEMBERS = env.int("EXTRACT_MAX_MEMBERS", default=100)  # entries of a ZIP; one CSV among them is read
EXTRACT_MAX_COLUMNS = env.int("EXTRACT_MAX_COLUMNS", default=500)
EXTRACT_MAX_ROWS = env.int("EXTRACT_MAX_ROWS", default=500_000_000)
EXTRACT_MAX_HEADER_CHARS = env.int("EXTRACT_MAX_HEADER_CHARS", default=64_000)
EXTRACT_MAX_FIELD_CHARS = env.int("EXTRACT_MAX_FIELD_CHARS", default=10_000)
EXTRACT_MAX_LINE_BYTES = env.int("EXTRACT_MAX_LINE_BYTES", default=6_000_000)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # At DEBUG SQLAlchemy logs the rows that it fetches, and those are claims.
    "loggers": {"sqlalchemy": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
