"""The payment processor of the tests: the local Stripe, in its own process."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess

RETRY_SECONDS = (0.2, 0.5, 1.0)  # between delivery attempts of a webhook


@pytest.fixture(scope="session")
def stripe_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Run one local Stripe per worker, on a free port."""
    store = tmp_path_factory.mktemp("stripe") / "store.sqlite3"
    with SandboxProcess(store, retry_seconds=RETRY_SECONDS) as process:
        yield process


@pytest.fixture
def stripe(
    request: pytest.FixtureRequest, stripe_process: SandboxProcess, settings: Settings
) -> Iterator[SandboxControl]:
    """Yield the controls of a local Stripe with an empty store.

    Its webhooks go to ``site`` if the test uses it. Otherwise nothing is delivered unless the test
    registers an endpoint.
    """
    control = stripe_process.control
    control.reset()
    settings.STRIPE_SECRET_KEY = stripe_process.secret_key
    settings.STRIPE_API_BASE = stripe_process.base_url
    if "site" in request.fixturenames:
        # An IP address, because "localhost" would be tried on IPv6 first, where no server listens.
        port = request.getfixturevalue("site").port
        control.register_webhook(
            f"http://127.0.0.1:{port}/stripe/webhook/", settings.STRIPE_WEBHOOK_SECRETS[0]
        )
    yield control
    # Faults and retries must not affect the next test, which may not use the processor.
    control.reset()


@pytest.fixture
def short_timeouts(stripe: SandboxControl, settings: Settings) -> Settings:
    """Limit SDK retries and timeouts so that faults show immediately."""
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    settings.STRIPE_READ_TIMEOUT = 1.2  # a busy machine is slow even without faults
    return settings
