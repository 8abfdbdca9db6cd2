"""Django settings of the sandbox process: pages and JSON, no database, no cookies."""

from __future__ import annotations

import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = False
SECRET_KEY = secrets.token_hex(32)  # nothing signed with it outlives the process
ALLOWED_HOSTS = ["*"]  # the middleware below accepts loopback names only
ROOT_URLCONF = "billing.sandbox.urls"
INSTALLED_APPS: list[str] = []
DATABASES: dict[str, dict[str, str]] = {}
MIDDLEWARE = ["billing.sandbox.process.middleware.loopback_only"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {"context_processors": []},
    }
]
APPEND_SLASH = False
USE_I18N = False
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
LOGGING_CONFIG = None
