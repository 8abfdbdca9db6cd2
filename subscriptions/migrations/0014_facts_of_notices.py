"""Notices keep plain facts, which the templates of their mails format."""

from typing import Any

import django.core.serializers.json
from django.db import migrations, models

AMOUNTS = ("unit_price", "total", "subtotal", "discount", "fee", "refund", "returned", "amount")
DAYS = ("starts", "renewal_opens", "last_day", "canceled")
LABELS = {
    "payment_problem": ("reason",),
    "dispute": ("status",),
    "payment_returned": ("purchase",),
    "return_undone": ("purchase",),
    "over_licenses": ("purchase",),
    "invitation": ("role",),
}


def plain(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """``{"money": [5000, "usd"]}`` becomes 5000, with the currency beside it."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        if not isinstance(value, dict):
            found[name] = value
            continue
        [(form, (first, *rest))] = value.items()
        found[name] = first
        if form == "money":
            found["currency"] = rest[0]
        elif name == "expires" and form == "full_date":
            found["canceled"] = first
    return found


def worded(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The way back. Whole numbers can stay plain: the older version takes them so."""
    found = {name: value for name, value in data.items() if name != "currency"}
    for name, value in found.items():
        if name in AMOUNTS:
            is_nothing = not value and name in ("discount", "fee")
            found[name] = "" if is_nothing else {"money": [value, data["currency"]]}
        elif name in DAYS and value:
            found[name] = {"full_date": [value]}
        elif name in LABELS.get(kind, ()):
            found[name] = {"words": [value]}
        elif name in ("paid_at", "asked_at") and value:
            found[name] = {"moment": [value]}
        elif name == "expires" and value:
            is_canceled = kind == "closed" and data.get("canceled")
            found[name] = (
                {"full_date": [data["canceled"]]} if is_canceled else {"end_of": [value]}
            )
        elif value is None:
            found[name] = ""
    return found


def rewrite(change: Any) -> Any:
    """Of those whose mails are not written yet: nobody reads the others again."""

    def run(apps: Any, schema_editor: Any) -> None:
        waiting = apps.get_model("subscriptions", "Notice").objects.filter(queued_at__isnull=True)
        for notice in waiting.iterator(chunk_size=500):
            notice.data = change(notice.kind, notice.data)
            notice.save(update_fields=["data"])

    return run


class Migration(migrations.Migration):

    dependencies = [("subscriptions", "0013_no_member_count")]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="data",
            field=models.JSONField(
                default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder
            ),
        ),
        migrations.RunPython(rewrite(plain), rewrite(worded)),
    ]
