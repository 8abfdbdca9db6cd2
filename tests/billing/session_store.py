"""Fill the store of a local processor before it starts."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from billing.gateway import processor
from billing.gateway.types import Line
from billing.sandbox.objects.session import build_session
from billing.sandbox.process.store import Store

DAY = timedelta(days=1)
BASE = "http://127.0.0.1"


def fill_store(path: Path, number: int, *, until: datetime) -> None:
    """Fill a new store with this many of our sessions, spread over the day before ``until``.

    All have expired unpaid, so none needs any work.
    """
    store = Store(path)
    clock = int(until.timestamp())
    store.put("clock", {"id": "clock", "offset": 0, "frozen_at": clock})
    with store.transaction():
        for index in range(number):
            created = int((until - DAY * (number - index) / number).timestamp())
            session = build_session(
                _parameters(created), now=created, expires_at=created + 1800, base_url=BASE
            )
            store.put("checkout.session", session | {"status": "expired", "url": None})
    store.close()


def _parameters(created: int) -> dict[str, Any]:
    parameters = processor.session_parameters(
        line=Line("Licenses", "25 licenses", quantity=25, unit_amount=500, currency="usd"),
        purchase_id=f"purchase-{created}",
        customer_email="buyer@lakeside.example",
        expires_at=datetime.fromtimestamp(created).astimezone() + timedelta(minutes=35),
        success_url=f"{BASE}/return/?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{BASE}/back/",
        language="en",
    )
    plain: dict[str, Any] = json.loads(json.dumps(parameters))
    return plain
