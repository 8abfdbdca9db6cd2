"""Test settings: the product's own, with the environment they need.

Django reads them from the environment at import, so everything the tests set is here, before that
import, and nothing of a developer's shell or ``.env`` leaks in. Only DATABASE_URL comes from
outside: it chooses the database.
"""

import os

TEST_ENVIRONMENT = {
    "DEBUG": "False",
    "DEMO": "False",
    "SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests-only-for-tests",
    "SECRET_KEY_FALLBACKS": "",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "CSRF_TRUSTED_ORIGINS": "",
    "SITE_URL": "http://localhost",
    "SUBSCRIPTION_TIME_ZONE": "America/New_York",
    "CACHE_URL": "locmemcache://",
    "CONN_MAX_AGE": "0",
    # Deliver queued mail into django.core.mail.outbox.
    "EMAIL_URL": "memorymail://",
    "STRIPE_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_WEBHOOK_SECRET": "whsec_sandbox_for_tests",
    # The fixture `stripe` points this at the local Stripe; without it a call fails immediately.
    "STRIPE_API_BASE": "http://127.0.0.1:1",
    "STRIPE_CONNECT_TIMEOUT": "2",
    "STRIPE_READ_TIMEOUT": "4",
    "STRIPE_MAX_NETWORK_RETRIES": "1",
    "LOG_LEVEL": "WARNING",
    # Admin tests skip the second factor; tests of signing in turn it on.
    "STAFF_SECOND_FACTOR": "off",
    # Calls to the local Stripe and to our own server must bypass proxies.
    "NO_PROXY": "localhost,127.0.0.1",
    "no_proxy": "localhost,127.0.0.1",
}

os.environ.update(TEST_ENVIRONMENT)
os.environ.setdefault("DATABASE_URL", "sqlite:///:memory:")

from licensing_site.settings import *  # noqa: E402, F403  (the environment comes first)

# Slow hashes protect real passwords and only slow down tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Serve static files from their sources, without collecting them first.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None  # type: ignore[assignment]  # nothing is collected
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
