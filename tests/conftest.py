"""What every test can ask for. The fixtures stand by subject in the modules named here."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from django.core.cache import cache

from subscriptions import clock
from tests.support.world import World, build_world

pytest_plugins = [
    "tests.support.databases",
    "tests.support.server",
    "tests.support.processor",
    "tests.support.browser",
]

# A busy machine is slow without being wrong.
hypothesis.settings.register_profile("licensing", deadline=None, print_blob=True)
# Mutation testing runs the same tests several times in one process, on purpose.
hypothesis.settings.register_profile(
    "mutants",
    hypothesis.settings.get_profile("licensing"),
    suppress_health_check=[hypothesis.HealthCheck.differing_executors],
    derandomize=True,
    database=None,
)
hypothesis.settings.load_profile("mutants" if "MUTANT_UNDER_TEST" in os.environ else "licensing")


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


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """Lakeside and its people, on the database the test asks for, else one that is rolled back.

    With the fixture ``stripe`` the local Stripe keeps the same time.
    """
    needs_commits = {"committed_db", "site"} & set(request.fixturenames)
    request.getfixturevalue("committed_db" if needs_commits else "db")
    uses_stripe = "stripe" in request.fixturenames
    return build_world(stripe=request.getfixturevalue("stripe") if uses_stripe else None)
