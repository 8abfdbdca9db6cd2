"""Settings of the tests: the product's own, with the environment they need.

They are read from the environment when Django imports them, so everything the tests set stands
here, before that import, and nothing from a developer's shell or ``.env`` leaks in. Only
DATABASE_URL is taken from outside: it chooses the database.
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
    # Queued mail is delivered into django.core.mail.outbox.
    "EMAIL_URL": "memorymail://",
    "STRIPE_SECRET_KEY": "sk_test_sandbox",
    "STRIPE_WEBHOOK_SECRET": "whsec_sandbox_for_tests",
    # The fixture `stripe` points this at the local Stripe; without it a call fails at once.
    "STRIPE_API_BASE": "http://127.0.0.1:1",
    "STRIPE_CONNECT_TIMEOUT": "2",
    "STRIPE_READ_TIMEOUT": "4",
    "STRIPE_MAX_NETWORK_RETRIES": "1",
    "LOG_LEVEL": "WARNING",
    # Tests of the admin are about what it does; those of signing in switch it on.
    "STAFF_SECOND_FACTOR": "off",
    # Calls to the local Stripe and to our own server must not go through a proxy.
    "NO_PROXY": "localhost,127.0.0.1",
    "no_proxy": "localhost,127.0.0.1",
}

os.environ.update(TEST_ENVIRONMENT)
os.environ.setdefault("DATABASE_URL", "sqlite:///:memory:")

from licensing_site.settings import *  # noqa: E402, F403  (the environment comes first)

# A slow hash protects real passwords and only slows tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Static files straight from their sources, so that nothing has to be collected first.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None  # type: ignore[assignment]  # nothing is collected
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
