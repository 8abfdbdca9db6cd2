"""The cost of the sandbox store's queries does not grow with its history."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from billing.sandbox.process.store import Condition, Document, Store, select

pytestmark = pytest.mark.one_database

DONE: Document = {"status": "complete", "attempts": [{}], "endpoint": "we_1"}
PENDING: Condition = ("status", "=", "pending")
OPEN: Condition = ("status", "=", "open")
DUE: Condition = ("due", "<=", 10**9)
FEW, MANY = 100, 3000

Query: TypeAlias = tuple[str, list[Condition], dict[str, Any]]
# The queries of the API lists and the engine on a store with this many finished payments.
QUERIES: dict[str, Callable[[int], Query]] = {
    "newest sessions": lambda n: ("checkout.session", [], {"limit": 10}),
    "recent sessions": lambda n: ("checkout.session", [("created", ">=", n - 5)], {}),
    "page of sessions": lambda n: (
        "checkout.session",
        [("created", ">=", 0)],
        {"before": 5 * (n // 2) + 1, "limit": 10},
    ),
    "sessions of a payment": lambda n: ("checkout.session", [("payment_intent", "=", "pi_5")], {}),
    "sessions of a customer": lambda n: ("checkout.session", [("customer", "=", "cus_5")], {}),
    "open sessions": lambda n: ("checkout.session", [OPEN], {"limit": 10}),
    "sessions to expire": lambda n: (
        "checkout.session",
        [OPEN, ("expires_at", "<=", 10**9)],
        {"order_by": "expires_at"},
    ),
    "new refunds": lambda n: ("refund", [("created", ">=", n - 5)], {"limit": 10}),
    "refunds of a payment": lambda n: ("refund", [("payment_intent", "=", "pi_5")], {}),
    "refunds of a charge": lambda n: ("refund", [("charge", "=", "ch_5")], {}),
    "disputes of a payment": lambda n: ("dispute", [("payment_intent", "=", "pi_5")], {}),
    "disputes of a charge": lambda n: ("dispute", [("charge", "=", "ch_5")], {}),
    "events of a type": lambda n: ("event", [("type", "=", "refund.created")], {"limit": 10}),
    "held deliveries": lambda n: ("delivery", [("status", "=", "held")], {}),
    "next due delivery": lambda n: (
        "delivery",
        [PENDING, DUE],
        {"order_by": "due", "limit": 1},
    ),
    "deliveries of an endpoint": lambda n: (
        "delivery",
        [PENDING, ("endpoint", "=", "we_1"), DUE],
        {"limit": 32, "newest_first": False},
    ),
}


def fill_store(path: Path, number: int) -> sqlite3.Connection:
    """Fill a store with this many payments and one undelivered webhook, and open it."""
    store = Store(path)
    with store.transaction():
        for n in range(number):
            fields = DONE | {"created": n, "due": n, "expires_at": n, "payment_intent": f"pi_{n}"}
            fields |= {"charge": f"ch_{n}", "customer": f"cus_{n}"}
            fields["type"] = "charge.succeeded" if n else "refund.created"
            for kind in ("checkout.session", "refund", "dispute", "event", "delivery"):
                store.put(kind, fields | {"id": f"{kind}_{n}"})
        store.put("delivery", DONE | {"id": "undelivered", "status": "pending", "due": 0})
    store.close()
    return sqlite3.connect(path)


def count_steps(connection: sqlite3.Connection, query: Query) -> int:
    """Count the SQLite instructions of a query."""
    kind, conditions, options = query
    arguments: dict[str, Any] = {"newest_first": True, "order_by": "", **options}
    limit, before = arguments.pop("limit", -1), arguments.pop("before", None)
    statement, values = select(kind, conditions, before, None, **arguments)
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(step, 1)
    connection.execute(statement, (*values, limit)).fetchall()
    connection.set_progress_handler(None, 1)
    return steps


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[int, sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("stores")
    return {number: fill_store(folder / f"{number}.sqlite3", number) for number in (FEW, MANY)}


@pytest.mark.parametrize("name", QUERIES)
def test_query_cost_is_constant_after_many_payments(
    stores: dict[int, sqlite3.Connection], name: str
) -> None:
    few, many = (count_steps(stores[number], QUERIES[name](number)) for number in (FEW, MANY))

    assert many <= few


def test_growing_cost_is_detected(stores: dict[int, sqlite3.Connection]) -> None:
    """Query a column without an index."""
    query: Query = ("event", [("account", "=", "none")], {})
    few, many = (count_steps(stores[number], query) for number in (FEW, MANY))

    assert many > 20 * few


def test_pending_deliveries_are_counted(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite3")
    for n, status in enumerate(["pending", "pending", "delivered"]):
        attempts = [{"attempt": 1}] if n else []
        store.put("delivery", {"id": f"dlv_{n}", "status": status, "attempts": attempts})

    assert store.count("delivery", PENDING) == 2
    assert store.count("delivery", PENDING, ("attempts[0]", "IS", None)) == 1
    store.close()
