"""What every test can ask for. The fixtures stand by subject in the modules named here."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

pytest_plugins = ["tests.databases", "tests.server", "tests.browser"]


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits live in the cache: one test's failed sign-ins must not lock out the next."""
    yield
    cache.clear()
