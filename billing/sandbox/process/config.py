"""Options of a sandbox process, checked before it listens."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

API_VERSION = "2026-10-28.endive"  # a contract test compares it with the SDK's
ACCOUNT_NAME = "Test Merchant"  # shown on the payment page if the session names none
DEFAULT_SECRET_KEY = "sk_test_sandbox"
DEFAULT_CONTROL_TOKEN = "sandbox-control"
DISPUTE_SECONDS = 0  # at once, so that no one has to wait for the dispute
REFUND_SECONDS = 60  # long enough to see the first status before it changes
RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0)  # Stripe retries for days; this is compressed


class ConfigError(Exception):
    """The sandbox refuses to start; the message says why."""


@dataclass(frozen=True)
class Config:
    """Options of one process. Raises ConfigError for unsafe ones."""

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
        """Refuse live keys, public addresses and an incomplete webhook endpoint."""
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
    """Whether a host name or address means this machine only."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
