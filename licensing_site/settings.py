"""Settings, read from the environment and safe by default.

Production is the default. System checks in ``licensing_site/checks.py`` report missing values, and
the server refuses to start. ``DEBUG=True`` fills the gaps with values that only work on a
developer's machine. docs/configuration.md explains every variable.
"""

from datetime import timedelta
from pathlib import Path

import environ

from licensing_site.monitoring import logs

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env", overwrite=False)

DEBUG = env.bool("DEBUG", default=False)
# The demo is this product with fictional organizations and a movable clock.
DEMO = env.bool("DEMO", default=False)
DEMO_CLOCK_FILE = env.str("DEMO_CLOCK_FILE", default="") if DEMO else ""

SECRET_KEY = env.str("SECRET_KEY", default="only-for-a-developers-machine" if DEBUG else "")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else []
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The site's public URL. Links in e-mails and URLs given to the processor start with it, never with
# the Host header of a request.
SITE_URL = env.str("SITE_URL", default="http://localhost:8000" if DEBUG else "").rstrip("/")

INSTALLED_APPS = [
    "licensing_site.apps.LicensingAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    # Before post_office, to run its commands one at a time.
    "licensing_site",
    "post_office",
    "subscriptions",
    "billing",
]

MIDDLEWARE = [
    "licensing_site.monitoring.probes.Probes",
    "licensing_site.monitoring.request_log.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "licensing_site.security.content_policy.ContentSecurityPolicy",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # GZip for pages, as WhiteNoise does for files. CSRF tokens are masked anew on each page and the
    # response's length is randomized, so compression reveals no secrets (BREACH).
    "subscriptions.access.head_requests.HeadAsGet",
    "django.middleware.gzip.GZipMiddleware",
    "licensing_site.errors.KeepCookies",
    "licensing_site.security.private_pages.PrivatePages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "subscriptions.access.head_requests.KeepSession",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "subscriptions.text.languages.AccountLanguage",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "licensing_site.security.admin_networks.AdminNetworks",
]

ROOT_URLCONF = "licensing_site.urls"
WSGI_APPLICATION = "licensing_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Django looks for error pages without a folder.
        "DIRS": [BASE_DIR / "templates", BASE_DIR / "templates" / "errors"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {
                "access": "subscriptions.access.tags",
                "messenger": "subscriptions.messenger.tags",
                "members": "subscriptions.members.tags",
                "licenses": "subscriptions.licenses.tags",
                "text": "subscriptions.text.tags",
            },
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                *(["licensing_site.demo.clock.bar"] if DEMO else []),
            ],
        },
    },
]

# Database ---------------------------------------------------------------------------------------

SQLITE_OPTIONS = {
    # A transaction takes the write lock at its start, so that what it reads stays true until it
    # commits; SQLite has no row locks.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # Without recursive triggers, REPLACE deletes rows without running delete triggers.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; "
    "PRAGMA recursive_triggers=ON;",
}

DEFAULT_DATABASE = BASE_DIR / "var" / "licensing.sqlite3"
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DEFAULT_DATABASE}")}
if DATABASES["default"]["NAME"] == str(DEFAULT_DATABASE):
    # SQLite creates its file, but not the folder.
    DEFAULT_DATABASE.parent.mkdir(exist_ok=True)
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # Requests that wait longer fail with "try again", because a hanging request blocks a thread.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        connect_timeout=env.int("DATABASE_CONNECT_TIMEOUT", default=5),
        options=(
            f"-c lock_timeout={env.int('DATABASE_LOCK_TIMEOUT', default=15)}s "
            f"-c statement_timeout={env.int('DATABASE_STATEMENT_TIMEOUT', default=60)}s "
            "-c idle_in_transaction_session_timeout=60s"
        ),
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Rate limits are in the cache, so all processes must share it. Migrations create its table;
# CACHE_URL moves it to Redis.
CACHES = {"default": env.cache("CACHE_URL", default="dbcache://licensing_cache")}
if not CACHES["default"]["BACKEND"].endswith("RedisCache"):
    # By default, a third is deleted beyond 300 entries, which would let anyone reset the limits.
    CACHES["default"].setdefault("OPTIONS", {})["MAX_ENTRIES"] = 1_000_000

# People -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "subscriptions.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "subscriptions:my_organizations"

ACCOUNT_ADAPTER = "subscriptions.access.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Users with an unconfirmed address cannot sign in; accepting an invitation confirms it.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
    # Ours, for subscriptions.access.limits. Many users of an association may share an IP address.
    "message_without_account": "5/h/ip",
    "join": "100/h/ip",
    "invite": "300/h/user",
    "invite_address": "6/h/key",
    "import": "60/h/user",
    "checkout": "200/h/ip,40/h/user,80/h/key",
    "subscribe": "20/h/ip",
}
ACCOUNT_EMAIL_NOTIFICATIONS = True

MFA_ADAPTER = "subscriptions.access.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Officials Licensing"
# Phone clocks are a few seconds off.
MFA_TOTP_TOLERANCE = 1
# Passkeys need HTTPS, except on localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_URL.startswith("http://localhost")

# How old a sign-in may be, in seconds, before the user must enter the password again.
REAUTHENTICATE_BEFORE_BUYING = env.int("REAUTHENTICATE_BEFORE_BUYING", default=12 * 3600)
REAUTHENTICATE_BEFORE_ROLES = env.int("REAUTHENTICATE_BEFORE_ROLES", default=3600)
REAUTHENTICATE_IN_ADMIN = env.int("REAUTHENTICATE_IN_ADMIN", default=8 * 3600)
# Support sees every organization, so a password alone is not enough, except in the demo.
STAFF_SECOND_FACTOR = env.bool("STAFF_SECOND_FACTOR", default=not DEMO)

ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

# Calendar and prices ----------------------------------------------------------------------------

# Days after expiration until an organization's pages close (R22).
CLOSE_AFTER_DAYS = env.int("CLOSE_AFTER_DAYS", default=14)
# Days without signing in after which a member counts as inactive.
INACTIVE_AFTER_DAYS = env.int("INACTIVE_AFTER_DAYS", default=182)
# The fee for a renewal after expiration, in minor units of the organization's currency.
LATE_FEE_AMOUNT = env.int("LATE_FEE_AMOUNT", default=0)

# Language and time ------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
# Languages with translations (docs/translating.md), in their own names.
LANGUAGES = [("en", "English"), ("es", "Español"), ("fr", "Français")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
# The zone in which terms begin and end, and which defines "today" (R18).
SUBSCRIPTION_TIME_ZONE = env.str("SUBSCRIPTION_TIME_ZONE", default="America/New_York")
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "libraries"]

# Static files -----------------------------------------------------------------------------------

# For favicon.ico and robots.txt, which are requested at the root.
WHITENOISE_ROOT = BASE_DIR / "static" / "root"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}

# Uploads ----------------------------------------------------------------------------------------

# Only rosters are uploaded. The first handler drops files that are too large.
FILE_UPLOAD_HANDLERS = [
    "subscriptions.roster_import.uploads.SizeLimitUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# E-mail -----------------------------------------------------------------------------------------

_smtp = env.email("EMAIL_URL", default="consolemail://" if DEBUG else "smtp://localhost:25")
EMAIL_BACKEND = "post_office.EmailBackend"
EMAIL_HOST = _smtp.get("EMAIL_HOST")
EMAIL_PORT = _smtp.get("EMAIL_PORT")
EMAIL_HOST_USER = _smtp.get("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = _smtp.get("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = _smtp.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _smtp.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _smtp.get("EMAIL_FILE_PATH")
EMAIL_TIMEOUT = 10
# Keep automatic replies, such as vacation notices, from answering these e-mails (RFC 3834).
MAIL_HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Licensing <licensing@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Receives the notifications for support, such as payments to review and new messages.
SUPPORT_EMAIL = env.str("SUPPORT_EMAIL", default="")
POST_OFFICE = {
    "BACKENDS": {"default": _smtp["EMAIL_BACKEND"]},
    "DEFAULT_PRIORITY": "medium",
    # Retry for two days, as mail servers do.
    "MAX_RETRIES": 2 * 24 * 12,
    "RETRY_INTERVAL": timedelta(minutes=5),
    # Marked as sent as a batch, so a crash repeats at most this many e-mails.
    "BATCH_SIZE": 20,
    "CELERY_ENABLED": False,
    "MESSAGE_ID_ENABLED": True,
}

# The payment processor --------------------------------------------------------------------------

STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
# Several, separated by commas, during rotation.
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRET", default=[])
# Only with a test key: the URL of the local sandbox, instead of Stripe's.
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="").rstrip("/")
# The origin of the payment page, if it has a custom domain.
CHECKOUT_ORIGIN = env.str("CHECKOUT_ORIGIN", default="").rstrip("/")
# Seconds to connect and to wait for a response, and the number of retries. Together they must stay
# below the web server's time limit for a request.
STRIPE_CONNECT_TIMEOUT = env.float("STRIPE_CONNECT_TIMEOUT", default=3.0)
STRIPE_READ_TIMEOUT = env.float("STRIPE_READ_TIMEOUT", default=8.0)
STRIPE_MAX_NETWORK_RETRIES = env.int("STRIPE_MAX_NETWORK_RETRIES", default=1)

# The seller on receipts. The address may have several lines, separated by \\n.
SELLER_NAME = env.str("SELLER_NAME", default="Officials Licensing")
SELLER_ADDRESS = env.str("SELLER_ADDRESS", default="")
SELLER_TAX_ID = env.str("SELLER_TAX_ID", default="")

# Security ---------------------------------------------------------------------------------------

_https = SITE_URL.startswith("https://")
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
# Forms contain the token, so no script needs the cookie.
CSRF_COOKIE_HTTPONLY = True
# Browsers accept __Host- cookies from this host over HTTPS only, so no sibling domain can set them.
SESSION_COOKIE_NAME = "__Host-sessionid" if _https else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if _https else "csrftoken"
LANGUAGE_COOKIE_SECURE = _https
LANGUAGE_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_https)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=63_072_000 if _https else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
# Subdomains and preload lists concern the whole domain, so its owner decides, not this site.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REDIRECT_EXEMPT = [r"^stripe/webhook/$", r"^(healthz|readyz|metrics)$"]
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# With "Strict", users who return from the processor's site would be signed out.
SESSION_COOKIE_SAMESITE = "Lax"
# Browser features, all of them off because no page needs them.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media"),
        *("fullscreen", "geolocation", "gyroscope", "magnetometer", "microphone", "midi"),
        *("payment", "usb"),
    )
}
# Networks that may open the Django admin, such as 192.0.2.0/24; empty means all.
ADMIN_NETWORKS = env.list("ADMIN_NETWORKS", default=[])

# Logs, metrics, error reports --------------------------------------------------------------------

LOGGING = logs.configuration(
    env.str("LOG_LEVEL", default="INFO"), readable=env.bool("LOG_READABLE", default=DEBUG)
)
# Required to read /metrics; empty disables it.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
if SENTRY_DSN := env.str("SENTRY_DSN", default=""):
    logs.report_errors(
        SENTRY_DSN,
        environment=env.str("SENTRY_ENVIRONMENT", default="production"),
        release=env.str("RELEASE", default=""),
    )
