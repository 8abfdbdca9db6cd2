"""The dashboard in a browser without JavaScript."""

import re
from typing import Any

import pytest
import requests
from stripe import StripeClient

from billing.sandbox.control.client import SandboxControl
from billing.sandbox.control.process import SandboxProcess
from billing.sandbox.objects.money import minor_units
from tests.billing.sandbox.helpers import DECLINED, INQUIRY, events, open_session, paid_charge

pytestmark = pytest.mark.one_database


class Dashboard:
    """Read the page and press its buttons."""

    def __init__(self, base_url: str) -> None:
        self.address = f"{base_url}/_sandbox/dashboard"

    def get(self) -> str:
        response = requests.get(self.address, timeout=5)
        assert response.status_code == 200
        return response.text

    def press(self, do: str, id: str, **fields: str) -> str:
        """Press a button and return the next page."""
        form = {"do": do, "id": id, **fields}
        response = requests.post(self.address, form, timeout=5, allow_redirects=False)
        assert response.status_code == 303
        base_url = self.address.removesuffix("/_sandbox/dashboard")
        return requests.get(base_url + response.headers["Location"], timeout=5).text


@pytest.fixture
def dashboard(sandbox: SandboxProcess) -> Dashboard:
    return Dashboard(sandbox.base_url)


def buttons(page: str) -> list[str]:
    return re.findall(r'<button[^>]* value="(\w+)"', page)


def error(page: str) -> str:
    match = re.search(r'role="alert">(.*?)</p>', page)
    return match[1] if match else ""


def test_payments_are_listed_newest_first(
    client: StripeClient, control: SandboxControl, dashboard: Dashboard, charge: Any
) -> None:
    control.pay(open_session(client).id, card=DECLINED)
    newer = paid_charge(client, control, card="378282246310005")

    page = dashboard.get()

    assert "TEST SANDBOX" in page
    assert "<script" not in page
    assert re.findall(r'<h2 id="(\w+)"', page) == [newer.id, charge.id]
    assert "$125.00" in page
    assert "buyer@lakeside.example" in page
    assert "Amex ending in 0005" in page
    assert "purchase-1" in page
    assert buttons(page) == ["refund", "dispute", "inquiry"] * 2


def test_empty_dashboard_shows_a_message(dashboard: Dashboard) -> None:
    assert "No payments yet" in dashboard.get()


def test_payment_can_be_refunded_in_parts(
    client: StripeClient, dashboard: Dashboard, charge: Any
) -> None:
    page = dashboard.press("refund", charge.id, amount="25.5")
    assert 'role="status"' in page
    assert "for $25.50: succeeded" in page
    assert "Refunds: $25.50" in page
    assert buttons(page) == ["fail", "refund", "dispute", "inquiry"]

    page = dashboard.press("refund", charge.id, amount="")

    assert client.v1.charges.retrieve(charge.id).refunded is True
    assert buttons(page) == ["fail", "fail", "dispute", "inquiry"]
    assert events(client)[-2:] == ["refund.created", "charge.refunded"]


def test_refunds_are_settled_failed_and_canceled(
    client: StripeClient, control: SandboxControl, dashboard: Dashboard, charge: Any
) -> None:
    created = [control.refund(charge=charge.id, amount=100, pending=True)["id"] for _ in range(3)]

    page = dashboard.get()
    for do, id in zip(("settle", "fail", "cancel"), created, strict=True):
        dashboard.press(do, id)

    assert buttons(page)[:9] == ["settle", "fail", "cancel"] * 3
    statuses = [client.v1.refunds.retrieve(id).status for id in created]
    assert statuses == ["succeeded", "failed", "canceled"]
    assert client.v1.charges.retrieve(charge.id).amount_refunded == 100


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_partial_dispute_is_opened_and_closed(
    client: StripeClient, dashboard: Dashboard, charge: Any, outcome: str
) -> None:
    opened = dashboard.press("dispute", charge.id, amount="100", reason="duplicate")
    (dispute,) = client.v1.disputes.list().data
    reviewed = dashboard.press("review", dispute.id)
    closed = dashboard.press(outcome, dispute.id)

    assert (dispute.amount, dispute.reason) == (10000, "duplicate")
    assert buttons(opened)[:3] == ["review", "won", "lost"]
    assert buttons(reviewed)[:2] == ["won", "lost"]
    assert buttons(closed) == ["refund", "dispute", "inquiry"]
    assert client.v1.disputes.retrieve(dispute.id).status == outcome


def test_inquiry_is_opened_escalated_and_closed(
    client: StripeClient, control: SandboxControl, dashboard: Dashboard, charge: Any
) -> None:
    opened = dashboard.press("inquiry", charge.id, reason="general")
    (inquiry,) = client.v1.disputes.list().data
    escalated = dashboard.press("escalate", inquiry.id)
    paid_charge(client, control, card=INQUIRY)
    other = client.v1.disputes.list().data[0]
    dashboard.press("warning_closed", other.id)

    assert buttons(opened)[:3] == ["review", "escalate", "warning_closed"]
    assert buttons(escalated)[:3] == ["review", "won", "lost"]
    assert client.v1.disputes.retrieve(other.id).status == "warning_closed"


@pytest.mark.parametrize(
    ("do", "fields", "message"),
    [
        ("refund", {"amount": "125.01"}, "greater than unrefunded amount"),
        ("refund", {"amount": "0"}, "positive integer"),
        ("refund", {"amount": "1.234"}, "Not an amount in USD: 1.234"),
        ("refund", {"amount": "<b>"}, "Not an amount in USD: &lt;b&gt;"),
        ("dispute", {"amount": "-1", "reason": "general"}, "Not an amount in USD"),
        ("dispute", {"amount": "126", "reason": "general"}, "between 1 and 12500"),
        ("dispute", {"reason": "invalid"}, "Not a reason"),
        ("won", {}, "No such dispute"),
        ("fail", {}, "No such refund"),
        ("invalid", {}, "This action does not exist"),
        ("dispute", {}, "This action does not exist"),
    ],
)
def test_invalid_action_shows_an_error(
    client: StripeClient,
    dashboard: Dashboard,
    charge: Any,
    do: str,
    fields: dict[str, str],
    message: str,
) -> None:
    before = events(client)

    page = dashboard.press(do, charge.id, **fields)

    assert message in error(page)
    assert "<title>Error:" in page
    assert events(client) == before


def test_disputed_payment_cannot_be_refunded(
    control: SandboxControl, dashboard: Dashboard, charge: Any
) -> None:
    control.open_dispute(charge=charge.id)

    assert "charged back" in error(dashboard.press("refund", charge.id))


def test_cross_site_post_is_refused(
    client: StripeClient, dashboard: Dashboard, charge: Any
) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
        response = requests.post(
            dashboard.address,
            {"do": "refund", "id": charge.id, "amount": "1"},
            headers={"Sec-Fetch-Site": site},
            timeout=5,
            allow_redirects=False,
        )
        assert response.status_code == status

    assert len(client.v1.refunds.list().data) == 1


def test_every_page_links_to_the_dashboard(sandbox: SandboxProcess, client: StripeClient) -> None:
    for address in (sandbox.base_url, str(open_session(client).url)):
        assert 'href="/_sandbox/dashboard"' in requests.get(address, timeout=5).text


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("12.50", "usd", 1250),
        ("1,234", "usd", 123400),
        ("12.5", "eur", 1250),
        ("5.", "usd", 500),
        ("0.05", "usd", 5),
        ("125", "jpy", 125),
        ("1.25", "kwd", 1250),
    ],
)
def test_valid_amounts_are_parsed(text: str, currency: str, amount: int) -> None:
    assert minor_units(text, currency) == amount


@pytest.mark.parametrize(
    ("text", "currency"),
    [("", "usd"), ("1e3", "usd"), (".5", "usd"), ("1.5", "jpy"), ("٣", "usd")],
)
def test_invalid_amounts_are_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match="Not an amount"):
        minor_units(text, currency)
