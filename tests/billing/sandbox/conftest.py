"""One sandbox process for all of these tests, emptied before each."""

from collections.abc import Iterator

import pytest
import stripe

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from tests.billing.sandbox.contract import Api
from tests.billing.sandbox.helpers import SECRET, Receiver, client_of, serve


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The process, with webhook retries after a tenth of a second."""
    store = tmp_path_factory.mktemp("sandbox") / "store.sqlite3"
    with SandboxProcess(store, retry_seconds=(0.1, 0.2)) as process:
        yield process


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    """The process with an empty store and the real time."""
    running_sandbox.control.reset()
    return running_sandbox


@pytest.fixture
def control(sandbox: SandboxProcess) -> SandboxControl:
    """The control API."""
    return sandbox.control


@pytest.fixture
def client(sandbox: SandboxProcess) -> stripe.StripeClient:
    """The official SDK, talking to the sandbox."""
    return client_of(sandbox)


@pytest.fixture
def api(sandbox: SandboxProcess) -> Api:
    """Plain JSON, as the SDK would receive it."""
    return Api(sandbox)


@pytest.fixture
def receiver(control: SandboxControl) -> Iterator[Receiver]:
    """A webhook endpoint registered for every event."""
    receiver = Receiver()
    server = serve(receiver)
    control.register_webhook(receiver.url, SECRET)
    yield receiver
    server.shutdown()
    server.server_close()
