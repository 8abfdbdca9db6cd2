"""The sandbox process: keys, startup, restarts, clock and request log."""

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import stripe
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl, SandboxError
from billing.sandbox.control.process import SandboxDidNotStart, SandboxProcess
from tests.billing.sandbox.helpers import SECRET, Receiver, client_of, open_session, serve

pytestmark = pytest.mark.one_database


@pytest.fixture
def own_process(tmp_path: Path) -> Iterator[SandboxProcess]:
    """Start a separate process for the test to kill."""
    with SandboxProcess(tmp_path / "store.sqlite3", retry_seconds=(60.0,)) as process:
        yield process


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "billing.sandbox", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--secret-key", "sk_live_123"], "test keys only"),
        (["--host", "0.0.0.0"], "loopback only"),
        (["--webhook-url", "http://127.0.0.1:1/"], "go together"),
        (["--control-token", ""], "control token"),
        (["--dispute-seconds", "-1"], "must not be negative"),
        (["--refund-seconds", "-1"], "must not be negative"),
    ],
)
def test_unsafe_process_does_not_start(tmp_path: Path, options: list[str], reason: str) -> None:
    result = run("--port", "0", "--store", str(tmp_path / "store.sqlite3"), *options)

    assert result.returncode == 2
    assert reason in result.stderr


def test_store_is_used_by_one_process(own_process: SandboxProcess) -> None:
    with pytest.raises(SandboxDidNotStart, match="Another sandbox is using"):
        SandboxProcess(own_process.store_path).start()


@pytest.mark.parametrize("key", ["sk_live_sandbox", "sk_test_other", "pk_test_sandbox", ""])
def test_other_keys_are_refused(sandbox: SandboxProcess, key: str) -> None:
    response = requests.get(
        f"{sandbox.base_url}/v1/checkout/sessions",
        headers={"Authorization": f"Bearer {key}"},
        timeout=5,
    )

    assert response.status_code == 401
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_sdk_raises_an_authentication_error(sandbox: SandboxProcess) -> None:
    client = StripeClient("sk_live_x", base_addresses={"api": sandbox.base_url})

    with pytest.raises(stripe.AuthenticationError):
        open_session(client)


def test_key_is_accepted_via_basic_authentication(sandbox: SandboxProcess) -> None:
    address = f"{sandbox.base_url}/v1/events"

    assert requests.get(address, auth=(sandbox.secret_key, ""), timeout=5).status_code == 200


def test_control_api_requires_its_token(sandbox: SandboxProcess) -> None:
    with pytest.raises(SandboxError, match="token"):
        SandboxControl(sandbox.base_url, "wrong").reset()


def test_process_starts_quickly(own_process: SandboxProcess) -> None:
    own_process.kill()
    started = time.monotonic()

    own_process.start()

    assert time.monotonic() - started < 1.5


def test_killed_process_keeps_sessions_and_undelivered_events(own_process: SandboxProcess) -> None:
    receiver = Receiver(statuses=[500])
    server = serve(receiver)
    own_process.control.register_webhook(receiver.url, SECRET)
    own_process.control.set_clock(datetime(2030, 1, 1, tzinfo=UTC), frozen=True)
    client = client_of(own_process)
    session, other = open_session(client), open_session(client)
    client.v1.checkout.sessions.expire(session.id)
    own_process.control.flush(retries=False)
    port = own_process.port

    own_process.restart()

    assert own_process.port == port
    assert client_of(own_process).v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert client_of(own_process).v1.checkout.sessions.retrieve(other.id).status == "open"
    assert own_process.control.clock()["frozen"] is True
    assert own_process.control.flush(immediately=True)
    assert receiver.types() == ["checkout.session.expired"] * 2
    server.shutdown()
    server.server_close()


def test_endpoint_named_at_startup_is_registered_once(tmp_path: Path) -> None:
    receiver = Receiver()
    server = serve(receiver)
    process = SandboxProcess(
        tmp_path / "store.sqlite3", webhook_url=receiver.url, webhook_secret=SECRET
    )
    with process:
        process.restart()
        process.control.reset()
        client = client_of(process)
        client.v1.checkout.sessions.expire(open_session(client).id)
        assert process.control.flush()

        assert receiver.types() == ["checkout.session.expired"]
    server.shutdown()
    server.server_close()


def test_management_command_replaces_itself_with_the_process(tmp_path: Path) -> None:
    store = str(tmp_path / "store.sqlite3")
    arguments = ["manage.py", "stripe_sandbox", "--store", store, "--secret-key", "sk_live_1"]
    program = (
        "from licensing_site.management.commands.stripe_sandbox import Command;"
        f"Command().run_from_argv({arguments!r})"
    )

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=10, check=False
    )

    assert result.returncode == 2
    assert "test keys only" in result.stderr


# Clock --------------------------------------------------------------------------------------------


def test_clock_can_stop_run_and_advance(control: SandboxControl) -> None:
    start = datetime(2027, 3, 1, tzinfo=UTC)

    assert control.set_clock(start, frozen=True)["now"] == int(start.timestamp())
    assert control.advance_clock(60)["now"] == int(start.timestamp()) + 60
    assert control.clock()["frozen"] is True
    assert control.set_clock(start + timedelta(days=1), frozen=False)["frozen"] is False


def test_clock_moves_back_only_while_the_store_is_empty(
    control: SandboxControl, client: StripeClient
) -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    control.set_clock(late, frozen=True)
    control.set_clock(early, frozen=True)
    session = open_session(client)

    with pytest.raises(SandboxError, match="only moves forward"):
        control.set_clock(early - timedelta(seconds=1))

    assert session.created == int(early.timestamp())
    control.reset()
    clock = control.clock()
    assert (clock["now"], clock["frozen"]) == (clock["real"], False)


# Request log --------------------------------------------------------------------------------------


def test_log_lists_requests(control: SandboxControl, client: StripeClient) -> None:
    session = open_session(client)
    client.v1.checkout.sessions.expire(session.id, {}, {"idempotency_key": "mine"})

    created, expired = control.requests()

    assert (created["method"], created["path"]) == ("POST", "/v1/checkout/sessions")
    assert created["params"]["line_items"][0]["quantity"] == "25"
    assert created["params"]["metadata"] == {"purchase": "purchase-1"}
    assert created["id"].startswith("req_")
    assert expired["idempotency_key"] == "mine"
    control.clear_requests()
    assert control.requests() == []


def test_reset_can_keep_the_endpoints(control: SandboxControl, receiver: Receiver) -> None:
    control.fault("hold")
    control.reset(keep_webhooks=True)

    assert [endpoint["url"] for endpoint in control.webhooks()] == [receiver.url]
    assert control.faults() == []
    control.reset()
    assert control.webhooks() == []
