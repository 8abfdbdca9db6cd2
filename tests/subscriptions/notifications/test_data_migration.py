"""The migration of pending notifications to plain data, and back."""

import importlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from subscriptions.models import Notification
from tests.support.world import World

migration = importlib.import_module("subscriptions.migrations.0014_facts_of_notices")

# Kind, data of the older version, data of the current version.
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "receipt_add_on",
        {
            "buyer": "Ada",
            "total": {"money": [5000, "usd"]},
            "fee": "",
            "starts": {"full_date": ["2031-01-01"]},
            "expires": {"end_of": ["2031-12-31"]},
            "paid_at": {"moment": ["2031-06-16T12:00:00+00:00"]},
        },
        {
            "buyer": "Ada",
            "total": 5000,
            "currency": "usd",
            "fee": "",
            "starts": "2031-01-01",
            "expires": "2031-12-31",
            "paid_at": "2031-06-16T12:00:00+00:00",
        },
    ),
    (
        "closed",
        {"name": "Ada", "expires": {"full_date": ["2031-05-05"]}},
        {"name": "Ada", "expires": "2031-05-05", "canceled": "2031-05-05"},
    ),
    ("invitation", {"role": {"words": ["Assignor"]}, "days": 14}, {"role": "Assignor", "days": 14}),
    ("dispute", {"status": {"words": ["lost"]}, "reason": "x"}, {"status": "lost", "reason": "x"}),
    ("few_licenses", {"free": 2, "renewal_is_open": True}, {"free": 2, "renewal_is_open": True}),
]


@pytest.mark.parametrize(("kind", "before", "after"), CASES)
def test_data_converts_both_ways(kind: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert migration.plain(kind, before) == after
    reversed_data = migration.worded(kind, after)
    reversed_data.pop("canceled", None)
    assert reversed_data == before


def test_numbers_stay_plain_when_reversed() -> None:
    assert migration.plain("few_licenses", {"free": {"number": [2]}}) == {"free": 2}
    assert migration.worded("few_licenses", {"free": 2}) == {"free": 2}


def test_only_pending_notifications_are_converted(world: World) -> None:
    old = {"total": {"money": [5000, "usd"]}}
    for reference, queued_at in (("waiting", None), ("sent", timezone.now())):
        Notification.objects.create(
            recipient="ada@lakeside.example",
            kind="receipt_add_on",
            reference=reference,
            data=old,
            created_at=timezone.now(),
            queued_at=queued_at,
        )

    # In that migration the model still has its old name.
    old_apps = SimpleNamespace(get_model=lambda app, name: Notification)
    migration.rewrite(migration.plain)(old_apps, None)

    assert Notification.objects.get(reference="waiting").data == {"total": 5000, "currency": "usd"}
    assert Notification.objects.get(reference="sent").data == old
