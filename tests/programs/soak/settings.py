"""The production settings; ``__main__`` sets the database, processor and site URL.

The changes are those that running many processes on one machine requires.
"""

import os

from licensing_site.settings import *  # noqa: F403
from licensing_site.settings import ACCOUNT_RATE_LIMITS

# All users share one network address and never pause.
ACCOUNT_RATE_LIMITS = dict.fromkeys(ACCOUNT_RATE_LIMITS, "1000000/m/ip")
# Slow hashes protect real passwords and only slow down tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A year passes within minutes, so all processes read the clock's offset from a file.
DEMO_CLOCK_FILE = os.environ["SOAK_CLOCK_FILE"]

# Serve static files from their sources, without collecting them first.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = None  # type: ignore[assignment]  # nothing is collected
WHITENOISE_USE_FINDERS = True
