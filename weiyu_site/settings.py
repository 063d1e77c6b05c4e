"""Settings of every Weiyu process. What differs between deployments comes from `WEIYU_*`."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from weiyu_site import env, static_files

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("WEIYU_DATA_DIR", str(BASE_DIR / "data")))

# --- Who may reach it ---------------------------------------------------------------------------

DEBUG = env.flag("WEIYU_DEBUG", default=False)
# No default: a missing key must stop the process, not weaken it.
SECRET_KEY = env.text("WEIYU_SECRET_KEY")
TOKEN_KEYS = env.token_keys("WEIYU_TOKEN_KEYS")
# The address that links, mails and snippets show; without one, the request's own.
PUBLIC_URL = env.origin("WEIYU_PUBLIC_URL")
ALLOWED_HOSTS = env.hosts("WEIYU_ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
if "*" in ALLOWED_HOSTS and not DEBUG:
    raise ImproperlyConfigured("WEIYU_ALLOWED_HOSTS must name hosts; '*' is for debugging only.")
TRUSTED_PROXIES = env.networks("WEIYU_TRUSTED_PROXIES")
CSRF_TRUSTED_ORIGINS = env.origins("WEIYU_CSRF_TRUSTED_ORIGINS")
if PUBLIC_URL:
    # Our own, also where a proxy drops the port from the Host that it passes on.
    CSRF_TRUSTED_ORIGINS.append(PUBLIC_URL)

# --- Parts --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "weiyu_site.apps.WeiyuSiteConfig",
    "weiyu_site.apps.WeiyuAdminConfig",
    "workstation",
    "stats",
    "messaging",
    "tickets",
    "tokens",
    "configuration",
    "accounts",
    "rest",
    "records",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "weiyu_site.static_files.WeiyuStaticFilesConfig",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "django_htmx",
    "channels",
    "axes",
]

MIDDLEWARE = [
    "weiyu_site.edge.middleware.EdgeMiddleware",
    # Whatever stands behind it finds the address without the frame.
    "tokens.embedding.frames.FrameMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "weiyu_site.compression.CompressionMiddleware",
    "tokens.embedding.policies.PolicyMiddleware",
    "tokens.embedding.policies.CorsMiddleware",
    "tokens.login.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before CSRF: a session that has just ended holds no secret, and its person wants the cause.
    "tokens.login.middleware.AuthenticationMiddleware",
    "tokens.login.middleware.CsrfMiddleware",
    "configuration.middleware.PersonalSettingsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "weiyu_site.urls"
WSGI_APPLICATION = "weiyu_site.wsgi.application"
ASGI_APPLICATION = "weiyu_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "configuration.context.our_name",
            ],
        },
    },
]

# --- Data ---------------------------------------------------------------------------------------

DATABASES = {
    "default": env.database("WEIYU_DATABASE_URL", f"sqlite:///{DATA_DIR / 'weiyu.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # What the address says counts: `sqlite:////path?timeout=5`.
    DATABASES["default"]["OPTIONS"] = {
        # Two writers queue for the lock at BEGIN instead of failing at the first write.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-20000;"
        ),
        **DATABASES["default"].get("OPTIONS", {}),
    }
else:
    # A machine that is gone answers nothing at all, and whoever asks it would wait for minutes.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,  # milliseconds
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        # It would compile the statement of the figures for seconds, to save tenths.
        "options": "-c jit=off",
        **DATABASES["default"].get("OPTIONS", {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("WEIYU_REDIS_URL")
if REDIS_URL:
    # Deployments may share a Redis, whose channels know no database numbers. What the processes of
    # one have in common is the secret.
    _namespace = "weiyu-" + hmac.digest(SECRET_KEY.encode(), b"redis", "sha256").hex()[:12]
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "weiyu_site.redis_cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": _namespace,
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "weiyu_site.channel_layer.RedisChannelLayer",
            # redis-py 8 would close a silent subscription after 5 s.
            "CONFIG": {
                "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
                "prefix": _namespace,
            },
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # Past this it drops entries, and with them what was counted against somebody.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

MEDIA_ROOT = DATA_DIR / "uploads"
# The edge caps and spools bodies before a thread is taken (weiyu_site/edge/bodies.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440

# --- People and sessions ------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "tokens.backends.RightsBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/agent/login"
LOGIN_REDIRECT_URL = "/agent/"

SECURE = PUBLIC_URL.startswith("https://")
SESSION_ENGINE = "tokens.sessions.engine"
# The logical name; over https, and in frames, browsers see others (tokens/login/middleware.py).
SESSION_COOKIE_NAME = "weiyu"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 12 * 60 * 60
# What the rooms below ask about whoever makes a request.
API_CALLER = "tokens.api.callers.TokenCaller"
ADMIN_ACTOR = "accounts.actor.actor_of"
CSRF_USE_SESSIONS = True
# Not in a cookie of their own, which frames of other sites would lose.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "weiyu_site.error_views.csrf_failure"

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
# By person and address together: neither an office nor a person is shut out by strangers. What
# an address may get wrong in all names together is far more, and in accounts/lockout.py.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "accounts.lockout.LockoutHandler"
# The wait that the page names is the wait; what is tried meanwhile is not even written down.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# A login by token proves no password: tokens/backends.py forgets failures where one was right.
AXES_RESET_ON_SUCCESS = False
AXES_CLIENT_IP_CALLABLE = "accounts.lockout.counted_address"
AXES_USERNAME_CALLABLE = "accounts.lockout.counted_name"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
# Axes keeps the forms of failures, without these fields.
AXES_SENSITIVE_PARAMETERS = [
    "username", "ip_address", "old_password", "new_password1", "new_password2",
]  # fmt: skip
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- Browser policies ---------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        # Framing is decided per token (tokens/embedding/policies.py); nobody by default.
        "frame-ancestors": ["'none'"],
    }
}
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0

SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # it is there, as tokens.login.middleware.CsrfMiddleware
    "security.W002",  # framing is decided by token: tokens/embedding/policies.py sets both headers
    "security.W005",  # sibling hosts are not ours to promise https for
    "security.W008",  # the proxy in front redirects; behind it every call may be plain http
    "security.W021",  # preloading is the domain owner's decision
]

CORS_ALLOW_ALL_ORIGINS = True
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    "authorization", "content-type", "idempotency-key", "if-match",
    # What libraries for tracing and AJAX add by themselves; only x-request-id is read.
    "traceparent", "tracestate", "baggage", "sentry-trace", "x-requested-with", "x-request-id",
]  # fmt: skip
CORS_EXPOSE_HEADERS = [
    "Link", "Location", "ETag", "X-Total-Count", "X-Total-Count-Exact", "X-Request-ID",
    "X-Token-Expires-At", "WWW-Authenticate", "Retry-After", "RateLimit", "RateLimit-Policy",
    "Idempotency-Replayed",
]  # fmt: skip

# --- API ----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tokens.api.authentication.BearerAuthentication",
        "tokens.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tokens.api.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest.renderers.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "rest.cursors.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["rest.filters.StrictFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["tokens.api.throttling.TokenRateThrottle"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rest.negotiation.AlwaysJSON",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "rest.problems.problem_response",
    "DEFAULT_SCHEMA_CLASS": "rest.schema.operations.FamilySchema",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
# Refused calls that name no token are counted in memory, and written so often (seconds).
REFUSED_CALLS_WRITTEN_EVERY = 10.0
SIMPLE_JWT = {
    "ALGORITHM": "HS384",
    # The whole ring of keys lives in tokens/signing/jwt.py; the stock backend never signs.
    "SIGNING_KEY": SECRET_KEY,
    "LEEWAY": 30,
    "AUTH_TOKEN_CLASSES": ["tokens.signing.jwt.SignedToken"],
    "TOKEN_TYPE_CLAIM": None,
    "USER_ID_CLAIM": "sub",
}
SPECTACULAR_SETTINGS = {
    "GET_MOCK_REQUEST": "tokens.api.schema.request_of_nobody",
    "TITLE": "Weiyu API",
    "DESCRIPTION": (
        "Everything the workstation can do. Send an AccessToken as "
        "`Authorization: Bearer …`.\n\n"
        "Lists answer a bare array, a page at a time; the `Link` header leads to the pages beside "
        "it. Commas in a filter mean “or”. Errors are RFC 9457 problems: match on `code`.\n\n"
        "`GET` and `POST` on a family itself, such as `/api/tickets`, are its list and its create "
        "in the manner of REST: the same parameters and bodies, and creating answers 201 with "
        "`Location`. Every address also works with a slash at its end."
    ),
    "VERSION": "1",
    "CONTACT": {"name": "The administrators of this desk"},
    "LICENSE": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "SERVERS": [{"url": "/", "description": "The desk that this description comes from."}],
    # In the order of the page.
    "TAGS": [
        {"name": "tickets", "description": "Pieces of work with a life-cycle and a history."},
        {"name": "messages", "description": "What people say, of tickets and of chats."},
        {"name": "conversations", "description": "Who talks with whom, and who answers."},
        {"name": "user-profile", "description": "The person behind the token."},
        {"name": "users", "description": "People: administrators, agents and customers."},
        {"name": "workgroups", "description": "Teams, and who is in them."},
        {"name": "statistics", "description": "Figures of any period and time zone."},
        {"name": "settings", "description": "The system configuration, for administrators."},
        {"name": "tokens", "description": "AccessTokens: whose, for what, until when."},
        {"name": "login-links", "description": "Addresses that sign one browser in, once."},
    ],
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/",
    "AUTHENTICATION_WHITELIST": ["tokens.api.authentication.BearerAuthentication"],
    "PREPROCESSING_HOOKS": ["rest.schema.operations.documented_paths"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "rest.schema.finish.finish",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "CloseReasonEnum": "tickets.lifecycle.CloseReason",
        "BucketEnum": "stats.periods.STEPS",
        "ConversationKindEnum": "messaging.models.Conversation.Kind",
        "MessageKindEnum": "messaging.models.Message.Kind",
        "SettingGroupEnum": "configuration.declared.Group",
        "SettingTypeEnum": "configuration.api.TYPES",
        "ScopeEnum": "tokens.scopes.Scope",
        "TicketStatusEnum": "tickets.lifecycle.Status",
        "TokenEventVerbEnum": "tokens.models.TokenEvent.Verb",
        "TokenStateEnum": "tokens.models.TokenState",
    },
}

# --- Language and time --------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
FORMAT_MODULE_PATH = ["weiyu_site.formats"]
LOCALE_PATHS = [BASE_DIR / "weiyu_site" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# --- Static files -------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_ADD_HEADERS_FUNCTION = static_files.add_headers
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # Django would open each one to everybody on the machine.
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# --- Mail and log -------------------------------------------------------------------------------

_mail = env.mail_server("WEIYU_EMAIL_URL")
DEFAULT_FROM_EMAIL = f"weiyu@{urlsplit(PUBLIC_URL).hostname or 'localhost'}"
# A server that says nothing must not hold up who waits for it.
EMAIL_TIMEOUT = 10
if _mail:
    EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp+tls"
    DEFAULT_FROM_EMAIL = _mail.sender or DEFAULT_FROM_EMAIL
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

DEFAULT_EXCEPTION_REPORTER = "weiyu_site.edge.logs.MaskingReporter"
LOG_LEVEL = env.choice("WEIYU_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "weiyu_site.edge.logs.LineFormatter"}},
    "filters": {
        "callers_fault": {"()": "weiyu_site.edge.logs.CallersFault"},
        "once_a_minute": {"()": "weiyu_site.edge.logs.OnceAMinute"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["callers_fault"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "axes": {"level": "WARNING"},
        # While Redis is away it says so each second.
        "channels_redis.pubsub": {"filters": ["once_a_minute"]},
        # The server sets up its own lines before it loads us; they become ours.
        "uvicorn": {"handlers": ["console"], "level": LOG_LEVEL, "propagate": False},
        "uvicorn.access": {"level": LOG_LEVEL, "propagate": True},
    },
}

# Last, when all that there is has been asked for.
env.refuse_unknown()
