"""The product's own settings; ``__main__`` says which database, processor and site.

What differs is what a crowd of programs on one machine needs.
"""

import os

from licensing_site.settings import *  # noqa: F403
from licensing_site.settings import ACCOUNT_RATE_LIMITS

# Everybody comes from one address, and nobody pauses to think.
ACCOUNT_RATE_LIMITS = dict.fromkeys(ACCOUNT_RATE_LIMITS, "1000000/m/ip")
# A slow hash protects real passwords and only slows tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A year passes within minutes: every process reads from one file how far the clock is ahead.
DEMO_CLOCK_FILE = os.environ["SOAK_CLOCK_FILE"]

# Static files straight from their sources, so that nothing has to be collected first.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None  # type: ignore[assignment]  # nothing is collected
WHITENOISE_USE_FINDERS = True
