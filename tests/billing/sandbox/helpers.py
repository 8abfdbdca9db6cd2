"""Helpers for the sandbox tests: purchase parameters, a webhook receiver, waiting."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe
from stripe import StripeClient
from stripe.checkout import Session

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess

SECRET = "whsec_tests"
CARD = "4242424242424242"
DECLINED = "4000000000000002"
PREPAID = "5105105105105100"
CHALLENGED = "4000000000003220"
DISPUTED = "4000000000000259"
NOT_RECEIVED = "4000000000002685"
INQUIRY = "4000000000001976"
FRAUD_WARNING = "4000000000005423"
REFUND_PENDING = "4000000000007726"
REFUND_FAILS = "4000000000005126"


def client_of(sandbox: SandboxProcess, retries: int = 0) -> StripeClient:
    """Return the official client configured as in the application, by default without retries."""
    return StripeClient(
        sandbox.secret_key,
        base_addresses={"api": sandbox.base_url},
        http_client=stripe.RequestsClient(timeout=(3, 5)),
        max_network_retries=retries,
    )


def purchase(**more: Any) -> Any:
    """Return the parameters for 25 licenses at $5.00; None omits one."""
    params = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "success_url": "http://localhost:8000/return/?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://localhost:8000/back/",
        "client_reference_id": "purchase-1",
        "customer_email": "buyer@lakeside.example",
        "line_items": [line()],
        "metadata": {"purchase": "purchase-1"},
        "payment_intent_data": {"metadata": {"purchase": "purchase-1"}},
    }
    return {name: value for name, value in (params | more).items() if value is not None}


def line(quantity: Any = 25, unit_amount: Any = 500, currency: str = "usd") -> dict[str, Any]:
    """Return one line item."""
    data = {"currency": currency, "unit_amount": unit_amount, "product_data": {"name": "Licenses"}}
    return {"quantity": quantity, "price_data": data}


def open_session(client: StripeClient, **more: Any) -> Session:
    """Create and return a session."""
    return client.v1.checkout.sessions.create(purchase(**more))


def paid_charge(client: StripeClient, control: SandboxControl, **payment: Any) -> Any:
    """Pay $125.00, by default with a card that succeeds, and return the charge."""
    session = control.pay(open_session(client).id, **payment)["session"]
    intent: Any = client.v1.payment_intents.retrieve(
        session["payment_intent"], {"expand": ["latest_charge"]}
    )
    return intent.latest_charge


def events(client: StripeClient, skip: int = 0) -> list[str]:
    """Return the types of all events in order, skipping the first ones."""
    found = [event.type for event in client.v1.events.list({"limit": 100}).data]
    return [str(type) for type in reversed(found)][skip:]


def until(condition: Callable[[], Any], seconds: float = 5.0) -> Any:
    """Wait until a condition is true and return its value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("timed out waiting for the condition")


def concurrently(*actions: Callable[[], Any]) -> list[Any]:
    """Run actions in threads that start together; return each one's result or exception."""
    barrier = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)

    def run(index: int, action: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[index] = action()
        except Exception as error:
            results[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@dataclass(frozen=True)
class Received:
    """A delivered webhook."""

    body: bytes
    signature: str
    headers: dict[str, str]
    at: float

    def event(self, secret: str = SECRET) -> stripe.Event:
        """Verify and return the event with the official SDK."""
        event: stripe.Event = stripe.Webhook.construct_event(self.body, self.signature, secret)
        return event


@dataclass
class Receiver:
    """A webhook endpoint that returns each given status once, and 200 after that."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    seconds: float = 0.0
    received: list[Received] = field(default_factory=list)
    max_concurrent: int = 0
    active: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def receive(self, received: Received) -> int:
        """Store a delivery and return the HTTP status."""
        with self.lock:
            self.received.append(received)
            self.active += 1
            self.max_concurrent = max(self.max_concurrent, self.active)
            status = self.statuses.pop(0) if self.statuses else 200
        time.sleep(self.seconds)
        with self.lock:
            self.active -= 1
        return status

    def types(self) -> list[str]:
        """Return the event types in order of arrival."""
        return [received.event()["type"] for received in self.received]


def serve(receiver: Receiver) -> ThreadingHTTPServer:
    """Start a receiver on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            signature = self.headers["Stripe-Signature"]
            received = Received(body, signature, dict(self.headers), time.time())
            self.send_response(receiver.receive(received))
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
