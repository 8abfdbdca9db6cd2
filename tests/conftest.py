"""Fixtures for all tests; ``pytest_plugins`` names the modules with more."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
from django.core.cache import cache
from django.utils import translation

from subscriptions import clock
from tests.billing.renewals import IN_WINDOW
from tests.support.world import World, build_world

pytest_plugins = [
    "tests.support.databases",
    "tests.support.server",
    "tests.support.processor",
    "tests.support.browser",
]

# A busy machine is slow, which is not a failure.
hypothesis.settings.register_profile("licensing", deadline=None, print_blob=True)
# Mutation testing deliberately runs the same tests several times in one process.
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
    """Clear the rate limits, so that failed sign-ins do not lock out the next test."""
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _default_language() -> Iterator[None]:
    """Undo the language that a request has activated in this thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _running_clock() -> Iterator[None]:
    """Reset the clock after a test that moved it."""
    yield
    clock.freeze(None)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """Create Lakeside and its people: in ``committed_db`` if requested, otherwise in a
    transaction that is rolled back.

    With the fixture ``stripe``, the local Stripe has the same clock.
    """
    needs_commits = {"committed_db", "site"} & set(request.fixturenames)
    request.getfixturevalue("committed_db" if needs_commits else "db")
    uses_stripe = "stripe" in request.fixturenames
    return build_world(stripe=request.getfixturevalue("stripe") if uses_stripe else None)


@pytest.fixture
def window(world: World) -> World:
    """Move the clock into the renewal window of Lakeside's term."""
    world.at(IN_WINDOW)
    return world
