"""Purchase history, its CSV, and receipts (R31)."""

import csv
import io
import uuid
from http import HTTPStatus

import pytest

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from subscriptions.models import Package
from tests.billing.reversals import refund_in_dashboard
from tests.support.pages import queries_of, text_of
from tests.support.world import World

PURCHASES = "/o/lakeside/purchases/"
CSV = "/o/lakeside/purchases.csv"


def rows(world: World) -> list[dict[str, str]]:
    response = world.client(world.assignor).get(CSV)
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.usefixtures("stripe")
def test_receipt_lines_multiply_out_and_name_buyer_and_organization(world: World) -> None:
    purchase = world.buy_and_settle(1000)

    page = text_of(world.client(world.assignor).get(f"{PURCHASES}{purchase.pk}/"))

    assert "Receipt 1" in page
    assert "Lakeside Officials Association Tracy Treasurer 12 Main Street Springfield" in page
    assert "Bought by Arlo Assignor (assignor@lakeside.example)" in page
    assert "1,000 × $5.00 $5,000.00" in page
    assert "Paid $5,000.00" in page
    assert "Visa •••• 4242" in page
    assert "June 16, 2031 at 12:00 PM Eastern Time" in page
    assert "until Wednesday, December 31, 2031, 11:59 PM Eastern Time" in page


@pytest.mark.parametrize(
    ("amount", "status"), [(2500, "Paid, partly refunded"), (5000, "Paid and refunded")]
)
def test_status_says_how_much_was_refunded(
    world: World, bought: Purchase, amount: int, status: str
) -> None:
    refund_in_dashboard(world, bought, amount)

    client = world.client(world.assignor)
    for path in (PURCHASES, f"{PURCHASES}{bought.pk}/"):
        assert status in text_of(client.get(path))


@pytest.mark.usefixtures("stripe")
def test_receipt_is_unchanged_by_renames_and_price_changes(world: World) -> None:
    purchase = world.buy_and_settle(10)
    path = f"{PURCHASES}{purchase.pk}/"
    before = text_of(world.client(world.administrator).get(path)).split("Receipt 1", 2)[2]

    Package.objects.update(name="New", unit_amount=9999)
    world.assignor.user.name = "Renamed"
    world.assignor.user.save()
    world.lakeside.billing_address = "Elsewhere"
    world.lakeside.save()
    after = text_of(world.client(world.administrator).get(path)).split("Receipt 1", 2)[2]

    assert after == before


def test_history_shows_the_newest_first(world: World, stripe: SandboxControl) -> None:
    world.buy_and_settle(10)
    world.later(days=1)
    world.buy_and_settle(15)

    page = text_of(world.client(world.administrator).get(PURCHASES))

    assert page.index("Receipt 2") < page.index("Receipt 1")
    assert "$75.00 Paid" in page


def test_empty_history_explains_what_to_do(world: World) -> None:
    page = text_of(world.client(world.assignor).get(PURCHASES))

    assert "No purchases yet" in page
    assert "Download as CSV" not in page


def test_csv_has_one_row_per_purchase(world: World, stripe: SandboxControl) -> None:
    world.buy_and_settle(10)
    world.later(minutes=1)
    world.buy(15)

    newest, first = rows(world)

    assert first["Receipt"] == "1"
    assert (first["Licenses"], first["Price per license"], first["Total"]) == (
        "10",
        "5.00",
        "50.00",
    )
    assert first["Paid"] == "2031-06-16T12:00:00-04:00"
    assert first["Card"] == "visa 4242"
    assert newest["Status"] == "Waiting for payment"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_csv_cells_are_never_formulas(world: World, stripe: SandboxControl, name: str) -> None:
    world.assignor.user.name = name
    world.assignor.user.save()
    world.buy(10)

    assert rows(world)[0]["Buyer"] == f"'{name}"


def test_purchase_of_another_organization_returns_404(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy_and_settle(10)
    client = world.client(world.stranger)

    for path in (f"/o/harbor/purchases/{purchase.pk}/", f"{PURCHASES}{purchase.pk}/"):
        assert client.get(path).status_code == HTTPStatus.NOT_FOUND
    assert client.get(f"/o/harbor/purchases/{uuid.uuid4()}/").status_code == HTTPStatus.NOT_FOUND


def test_queries_are_constant_in_purchases(world: World, stripe: SandboxControl) -> None:
    client = world.client(world.assignor)
    purchase = world.buy_and_settle(5)
    receipt = f"{PURCHASES}{purchase.pk}/"
    paths = [PURCHASES, receipt, "/o/lakeside/settings/subscription/", "/o/lakeside/licenses/add/"]
    before = [len(queries_of(client, path)) for path in paths]
    for quantity in range(10, 60, 5):
        world.buy_and_settle(quantity)

    after = [len(queries_of(client, path)) for path in paths]

    assert after == before
    assert max(after) <= 10


def test_subscription_tab_shows_the_purchases_panel(world: World, stripe: SandboxControl) -> None:
    for quantity in range(5, 40, 5):
        world.buy_and_settle(quantity)
        world.later(minutes=1)

    page = text_of(world.client(world.assignor).get("/o/lakeside/settings/subscription/"))

    assert "Receipt 7" in page
    assert "Receipt 2" not in page
    assert Purchase.objects.count() == 7
