"""The tests' settings, with static files served as in production."""

import os
from pathlib import Path

FOLDER = Path(os.environ["SCREENS_FOLDER"])
os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER / 'screens.sqlite3'}"

from tests.settings import *  # noqa: E402, F403  (the environment comes first)

ROOT_URLCONF = "tests.programs.screens.urls"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_ROOT = FOLDER / "static"
WHITENOISE_USE_FINDERS = False
WHITENOISE_AUTOREFRESH = False
# Error pages are visited on purpose.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django.request": {"level": "CRITICAL"}, "django.security": {"level": "CRITICAL"}},
}
