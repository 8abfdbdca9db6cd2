"""The tests' settings, with persistent connections and indexed static files as in production."""

from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

# Do not look for static files on the disk while serving a page.
WHITENOISE_AUTOREFRESH = False

_database: dict[str, Any] = DATABASES["default"]
if not _database["ENGINE"].endswith("sqlite3"):
    _database["CONN_MAX_AGE"] = 60
