"""Logs: one JSON object per line, without secrets or personal data."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from licensing_site.monitoring import logs
from tests.billing.deliveries import completed, deliver
from tests.support.world import World

SECRETS = [
    ("Ada wrote from ada.admin+x@lakeside.example today", "a…@lakeside.example"),
    ("key sk_test_51AbCdEf99 is used", "sk_test_…"),
    ("signed with whsec_0123456789abcdef", "whsec_…"),
    ("card 4242 4242 4242 4242 was typed", "card …"),
    ("card 4000-0000-0000-0002", "card …"),
    ("Not Found: /invitations/abc:def-123/", "/invitations/…/"),
    ("/accounts/password/reset/key/3-abcdef/", "/accounts/password/reset/key/…/"),
    ("möller@lakeside.example wrote", "m…@lakeside.example"),
    ("session_id=cs_test_abc123&x=1", "session_id=…&x=1"),
    ("?search=jo%40lakeside.example", "?search=j…@lakeside.example"),
    ("paid session cs_test_abc123 belongs to nobody", "cs_test_…"),
    ("/o/lakeside/licenses/return/?session_id=cs_test_abc123", "?session_id=…"),
]


@pytest.mark.parametrize(("text", "expected"), SECRETS)
def test_secrets_and_personal_data_are_masked(text: str, expected: str) -> None:
    masked = logs.mask(text)

    assert expected in masked
    for secret in (
        "ada.admin",
        "51AbCdEf99",
        "0123456789abcdef",
        "4242 4242",
        "cs_test_abc123",
        "öller",
        "jo%40",
    ):
        assert secret not in masked
    assert "abc:def-123" not in masked
    assert "3-abcdef" not in masked


@pytest.mark.parametrize(
    "text",
    [
        "purchase 9f1b0c1e-3c55-4b1e-9f0a-3a6f0e1d2c3b is settled",
        "1234567890123456 is not a card: its check digit is wrong",
        "at 2031-06-16T16:00:00.123456Z",
        "payment pi_3OaBcDe was $1,250.00",
    ],
)
def test_harmless_text_is_unchanged(text: str) -> None:
    assert logs.mask(text) == text


def test_nested_texts_are_masked_too() -> None:
    event = {"extra": {"who": ["ada@lakeside.example", {"number": 3}]}}

    assert logs.mask_all(event) == {"extra": {"who": ["a…@lakeside.example", {"number": 3}]}}


@pytest.fixture
def lines() -> Iterator["LogLines"]:
    """Return the log lines as a collector reads them."""
    handler = LogLines()
    formatter = logs.configuration("INFO", readable=False)["formatters"]["line"]
    formatter_class = formatter.pop("()")
    handler.setFormatter(formatter_class(**formatter))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


class LogLines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def matching(self, **fields: Any) -> list[dict[str, Any]]:
        found = [json.loads(text) for text in self.texts]
        return [line for line in found if fields.items() <= line.items()]


def test_request_is_logged_as_one_line_with_its_id(world: World, lines: LogLines) -> None:
    response = world.client(world.assignor).get("/o/lakeside/users/?q=zelda")

    [line] = lines.matching(event="request")
    assert line["request"] == response.headers["X-Request-Id"]
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["page"] == "subscriptions:users"
    assert (line["organization"], line["user"]) == ("lakeside", world.assignor.user.pk)
    # The text of the search, which no random id contains.
    assert "zelda" not in json.dumps(line)


@pytest.mark.django_db
def test_invitation_path_is_not_logged(lines: LogLines) -> None:
    Client().get("/invitations/1:2:secret/")

    [line] = lines.matching(event="request")
    assert line["page"] == "subscriptions:invitation"
    assert "secret" not in "\n".join(lines.texts)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("request_id", "is_used"),
    [("0123456789abcdef", True), ("short", False), ("a\nforged line", False), ("x" * 65, False)],
)
def test_valid_proxy_request_id_is_used(request_id: str, is_used: bool) -> None:
    response = Client().get("/pricing/", headers={"X-Request-Id": request_id})

    assert (response.headers["X-Request-Id"] == request_id) == is_used


@pytest.mark.usefixtures("stripe")
def test_one_id_follows_a_purchase_from_webhook_to_ledger(world: World, lines: LogLines) -> None:
    client = world.client(world.assignor)
    page = client.get("/o/lakeside/licenses/add/")
    form = {"quantity": "10", "submission": page.context["form"]["submission"].value()}
    started = client.post("/o/lakeside/licenses/add/", form).headers["X-Request-Id"]
    purchase = world.lakeside.purchases.get()
    world.pay(purchase)

    webhook = deliver(completed(purchase.session_id)).headers["X-Request-Id"]

    assert purchase.started_by_request == started
    [line] = lines.matching(event="license entry")
    assert line["request"] == webhook
    assert line["started_by"] == started
    assert line["purchase"] == str(purchase.pk)
    assert line["reference"] == f"purchase:{purchase.pk}"
    assert line["quantity"] == 10


def test_error_reports_contain_no_query(lines: LogLines) -> None:
    event: Any = {
        "request": {"url": "https://x/", "query_string": "session_id=cs_test_a", "cookies": {}},
        "extra": {"who": "ada@lakeside.example"},
    }

    report: Any = logs._mask_report(event, {})

    assert report == {"request": {"url": "https://x/"}, "extra": {"who": "a…@lakeside.example"}}


def test_traceback_is_masked(lines: LogLines) -> None:
    try:
        raise ValueError("ada@lakeside.example is unknown")
    except ValueError:
        logging.getLogger("billing").exception("it failed")

    [line] = lines.matching(event="it failed")
    assert "ValueError: a…@lakeside.example" in line["exception"]
