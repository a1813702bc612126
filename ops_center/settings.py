"""Settings of the operations center. What differs between machines comes from the environment (ops_center/env.py)."""

from __future__ import annotations

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from ops_center import env

BASE_DIR = env.BASE
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")  # the invented bank: known passwords, a clock that may be moved
OPS_CENTER_CLOCK = env.text("OPS_CENTER_CLOCK")
DEMO_PASSWORD = "demo-2026-ops"  # noqa: S105  refused by the sign-in outside demo mode

SECRET_KEY = env.text("SECRET_KEY", "only-for-commands-that-serve-nothing")
# Field encryption: "id:base64key,id:base64key"; the first id encrypts, every id decrypts. See docs/personal-data.md.
FIELD_KEYS = env.text("FIELD_KEYS")
INDEX_KEY = env.text("INDEX_KEY")

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1 localhost [::1] testserver")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000")
BANK_NAME = env.text("BANK_NAME", "江岚银行")  # as it stands on paper

INSTALLED_APPS = [
    "ops_center.web",
    "organization",
    "applications",
    "referrals",
    "supervision",
    "incentives",
    "ops_center.desk",
    "ops_center",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "bootstrap",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ops_center.web.middleware.no_store",
    "ops_center.web.middleware.refusals",
    "ops_center.web.middleware.no_null_characters",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "ops_center.urls"
WSGI_APPLICATION = "ops_center.wsgi.application"

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
                "ops_center.desk.context.frame",
            ],
            "builtins": ["ops_center.web.templatetags.ops", "django.templatetags.i18n"],
        },
    },
]

# Web and worker connect as a role that owns nothing (DATABASE_URL); migrations as the owner (OWNER_DATABASE_URL).
DATABASES = {"default": env.database(env.text("DATABASE_URL", "postgresql://ops_app@127.0.0.1:5432/ops_center"))}
OWNER_DATABASE_URL = env.text("OWNER_DATABASE_URL")  # read by migrate and grants; a serving process is not given it
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379").rstrip("/")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{REDIS_URL}/1",
        "KEY_PREFIX": "ops",
    }
}

# --- Celery: hints only; the truth and the intent live in PostgreSQL -------------------------------------------------
CELERY_BROKER_URL = f"{REDIS_URL}/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 1800
CELERY_TASK_SOFT_TIME_LIMIT = 1740
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,  # far above the longest task
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 5,
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "Asia/Shanghai"
# After these steps a hint is sent by name, so that what follows happens in a second instead of a minute.
NUDGES = {"activate": "incentives.accrue"}

# --- people ----------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "organization.Employee"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_USERNAME_FORM_FIELD = "username"  # the default is the column's name, which no form uses: nothing would lock
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "axes.handlers.cache.AxesCacheHandler"
MIGRATION_MODULES = {"axes": None}  # it counts in the cache; sign-ins are in the audit trail: its tables stay unmade
AXES_LOCKOUT_TEMPLATE = "registration/locked_out.html"

SESSION_COOKIE_AGE = 60 * 60 * 10
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "ops_center.web.refusals.form_expired"
TLS = env.flag("TLS")
SESSION_COOKIE_SECURE = TLS
CSRF_COOKIE_SECURE = TLS
if TLS:
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- words and days --------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
FORMAT_MODULE_PATH = ["ops_center.web.formats"]

# --- static files and documents --------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
DATA_DIR = Path(env.text("OPS_CENTER_DATA") or BASE_DIR / "var")
STATIC_ROOT = DATA_DIR / "static"
DOCUMENT_ROOT = DATA_DIR / "documents"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DOCUMENT_ROOT}},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 31_536_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- letters out of the house (docs/notifications.md) -----------------------------------------------------------------
MAIL_URL = env.text("OPS_CENTER_EMAIL_URL", f"file://{DATA_DIR}/mail" if DEMO else "")
HAS_MAIL = bool(MAIL_URL)
globals().update(env.mail(MAIL_URL))
EMAIL_TIMEOUT = 10  # seconds: a slow server delays letters, never a request
CHAT_URLS = env.words("OPS_CENTER_CHAT_URLS")  # apprise addresses of groups (wecombot:// dingtalk:// feishu://)

# --- API -------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "organization.api_auth.TokenAuthentication",
        "organization.api_auth.BrowserAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "ops_center.web.api.problem",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_THROTTLE_RATES": {"sign-in": "30/min"},
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ops_center",
    "DESCRIPTION": "Credit-card operations center: cases, bags, clocks, rewards.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [],  # choices stay where they stand: a dozen of them are called "state"
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING")},
}

SILENCED_SYSTEM_CHECKS: list[str] = []

if not DEMO and DEBUG is False and SECRET_KEY == "only-for-commands-that-serve-nothing" and env.flag("SERVING"):  # noqa: S105
    raise ImproperlyConfigured("SECRET_KEY is not set: a server outside demo mode needs its own.")
