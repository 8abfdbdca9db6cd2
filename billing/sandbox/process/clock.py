"""The virtual clock: real time plus an offset, or frozen; forward only; kept in the store."""

from __future__ import annotations

import time

from billing.sandbox.process.store import Document, Store

# Once one of these exists, moving the clock back would put effects before their causes.
_HISTORY_KINDS = ("checkout.session", "payment_intent", "charge", "refund", "event")


class ClockMovedBack(Exception):
    """The clock was asked to move back."""


class Clock:
    """The sandbox's current time, in whole seconds since the epoch."""

    def __init__(self, store: Store) -> None:
        """Read the clock of a store."""
        self._store = store

    def now(self) -> int:
        """Return the sandbox's current time."""
        state = self._state()
        if state["frozen_at"] is not None:
            return int(state["frozen_at"])
        return int(time.time()) + int(state["offset"])

    def set(self, moment: int, *, frozen: bool) -> None:
        """Move to a moment, and freeze there or continue from it."""
        with self._store.transaction():
            if moment < self.now() and self._store.count_kinds(*_HISTORY_KINDS):
                raise ClockMovedBack(f"It is already {self.now()}: the clock only moves forward.")
            offset = moment - int(time.time())
            frozen_at = moment if frozen else None
            self._store.put("clock", {"id": "clock", "offset": offset, "frozen_at": frozen_at})

    def is_frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self._state()["frozen_at"] is not None

    def describe(self) -> Document:
        """Return the state of the clock for the control API."""
        return {"now": self.now(), "real": int(time.time()), "frozen": self.is_frozen()}

    def _state(self) -> Document:
        return self._store.get("clock", "clock") or {"offset": 0, "frozen_at": None}
