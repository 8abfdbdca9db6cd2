"""What every test can ask for. The fixtures stand by subject in the modules named here."""

from collections.abc import Iterator

import hypothesis
import pytest
from django.core.cache import cache

from subscriptions import clock

pytest_plugins = ["tests.databases", "tests.server", "tests.processor", "tests.browser"]

# A busy machine is slow without being wrong.
hypothesis.settings.register_profile("licensing", deadline=None, print_blob=True)
hypothesis.settings.load_profile("licensing")


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Rate limits live in the cache: one test's failed sign-ins must not lock out the next."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _running_clock() -> Iterator[None]:
    """A test that has moved the clock must not take the next one along."""
    yield
    clock.freeze(None)
