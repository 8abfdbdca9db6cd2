"""What one sandbox process is told at start-up, checked before anything listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

API_VERSION = "2026-10-28.endive"  # the contract test holds it against the SDK's own
ACCOUNT_NAME = "Test Merchant"  # what the payment page shows when the session names nobody
DEFAULT_SECRET_KEY = "sk_test_sandbox"
DEFAULT_CONTROL_TOKEN = "sandbox-control"
DISPUTE_SECONDS = 0  # at once, so that whoever has paid finds the dispute without waiting
REFUND_SECONDS = 60  # long enough to be seen pending, or succeeded, before it changes
RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)  # Stripe's days, compressed


class ConfigError(Exception):
    """The sandbox refuses to start; the message says why."""


@dataclass(frozen=True)
class Config:
    """Options of one process. Raises ConfigError instead of starting in an unsafe way."""

    store: Path
    host: str = "127.0.0.1"
    port: int = 12111
    secret_key: str = DEFAULT_SECRET_KEY
    control_token: str = DEFAULT_CONTROL_TOKEN
    webhook_url: str | None = None
    webhook_secret: str | None = None
    retry_seconds: tuple[float, ...] = RETRY_SECONDS
    dispute_seconds: int = DISPUTE_SECONDS
    refund_seconds: int = REFUND_SECONDS

    def __post_init__(self) -> None:
        """Refuse live keys, public addresses and half a webhook endpoint."""
        if not self.secret_key.startswith("sk_test_"):
            raise ConfigError("The sandbox takes test keys only: the key must start with sk_test_.")
        if not is_loopback(self.host):
            raise ConfigError(f"The sandbox listens on loopback only, not on {self.host}.")
        if not self.control_token:
            raise ConfigError("The control token must not be empty.")
        if bool(self.webhook_url) != bool(self.webhook_secret):
            raise ConfigError("--webhook-url and --webhook-secret go together.")
        if min(self.dispute_seconds, self.refund_seconds) < 0:
            raise ConfigError("--dispute-seconds and --refund-seconds must not be negative.")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address means this machine alone."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
