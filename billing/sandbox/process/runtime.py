"""The only sandbox of this process: its options, store and clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from billing.sandbox.process.clock import Clock
from billing.sandbox.process.config import Config
from billing.sandbox.process.store import Store


@dataclass
class Sandbox:
    """The state that all parts of the sandbox share."""

    config: Config
    store: Store
    clock: Clock
    base_url: str = ""
    keys_in_flight: set[str] = field(default_factory=set)
    deliveries_in_flight: dict[str, str] = field(default_factory=dict)  # delivery ID to endpoint


_running: list[Sandbox] = []


def start(config: Config) -> Sandbox:
    """Open the store and make this the sandbox of the process."""
    store = Store(config.store)
    _running[:] = [Sandbox(config, store, Clock(store))]
    return _running[0]


def sandbox() -> Sandbox:
    """Return the running sandbox."""
    return _running[0]
