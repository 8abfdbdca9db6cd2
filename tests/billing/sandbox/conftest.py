"""Start one sandbox process for these tests, and reset it before each test."""

from collections.abc import Iterator
from typing import Any

import pytest
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from tests.billing.sandbox.contract import Api
from tests.billing.sandbox.helpers import SECRET, Receiver, client_of, paid_charge, serve


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Start the process with webhook retries after a tenth of a second."""
    store = tmp_path_factory.mktemp("sandbox") / "store.sqlite3"
    with SandboxProcess(store, retry_seconds=(0.1, 0.2)) as process:
        yield process


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    """Empty the store and reset the clock."""
    running_sandbox.control.reset()
    return running_sandbox


@pytest.fixture
def control(sandbox: SandboxProcess) -> SandboxControl:
    """Return a client of the control API."""
    return sandbox.control


@pytest.fixture
def client(sandbox: SandboxProcess) -> StripeClient:
    """Return the official SDK's client, pointed at the sandbox."""
    return client_of(sandbox)


@pytest.fixture
def api(sandbox: SandboxProcess) -> Api:
    """Return an API client that reads plain JSON."""
    return Api(sandbox)


@pytest.fixture
def receiver(control: SandboxControl) -> Iterator[Receiver]:
    """Register a webhook endpoint for every event."""
    receiver = Receiver()
    server = serve(receiver)
    control.register_webhook(receiver.url, SECRET)
    yield receiver
    server.shutdown()
    server.server_close()


@pytest.fixture
def charge(client: StripeClient, control: SandboxControl) -> Any:
    """Return a paid charge of $125.00."""
    return paid_charge(client, control)
