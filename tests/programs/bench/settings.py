"""The tests' settings, as the product is served: connections are kept, static files are known."""

from typing import Any

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

# Nothing is looked for on the disk while a page is served.
WHITENOISE_AUTOREFRESH = False

_database: dict[str, Any] = DATABASES["default"]
if not _database["ENGINE"].endswith("sqlite3"):
    _database["CONN_MAX_AGE"] = 60
