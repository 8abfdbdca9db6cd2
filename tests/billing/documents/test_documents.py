"""Receipts, quotes and verification sheets as PDF and CSV (R25, R29, R31)."""

import csv
import io
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from post_office.models import Email
from pypdf import PdfReader
from pytest_django import Settings

from billing.documents import receipts, sheets
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from subscriptions import clock
from subscriptions.notifications import notify
from tests.support.factories import PackageFactory
from tests.support.pages import text_of as page_text
from tests.support.world import TERM_END, World

UNUSUAL_NAME = "Łąki & Søns #[*x*] $\\alpha$ <b> Иван"


def text_of(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def download(world: World, path: str) -> Any:
    response = world.client(world.assignor).get(f"/o/lakeside/{path}")
    assert response.status_code == HTTPStatus.OK
    return response


@pytest.fixture
def bought(world: World, stripe: SandboxControl, settings: Settings) -> Purchase:
    settings.SELLER_NAME = "Officials Licensing Inc."
    settings.SELLER_ADDRESS = r"12 Harbor Street\nPortland, ME 04101"
    world.lakeside.billing_name = "Ada Admin"
    world.lakeside.billing_address = "1 Lake Road\nBurlington, VT"
    world.lakeside.receipt_text = "PO 4711"
    world.lakeside.save()
    return world.buy_and_settle(10)


@pytest.mark.usefixtures("stripe")
class TestReceipt:
    def test_receipt_names_items_buyer_and_seller(self, world: World, bought: Purchase) -> None:
        response = download(world, f"purchases/{bought.pk}/receipt.pdf")

        assert response.headers["Content-Type"] == "application/pdf"
        assert 'filename="receipt-lakeside-1.pdf"' in response.headers["Content-Disposition"]
        text = text_of(response.content)
        for expected in (
            "Receipt 1",
            "Officials Licensing Inc. 12 Harbor Street Portland, ME 04101",
            "Lakeside Officials Association Ada Admin 1 Lake Road Burlington, VT PO 4711",
            "Visa •••• 4242",
            "Arlo Assignor assignor@lakeside.example",
            "Association",
            "until Wednesday, December 31, 2031, 11:59 PM Eastern Time",
            "10 $5.00 $50.00",
            "$50.00 USD",
            str(bought.pk),
        ):
            assert expected in text

    def test_receipt_never_changes(
        self, world: World, bought: Purchase, settings: Settings
    ) -> None:
        before = receipts.receipt_pdf(bought)
        world.lakeside.name = "Renamed"
        world.lakeside.billing_address = "Elsewhere"
        world.lakeside.save()
        world.assignor.user.name = "Somebody Else"
        world.assignor.user.save()
        world.term.package.name = "Repriced"
        world.term.package.unit_amount = 9900
        world.term.package.save()
        settings.SELLER_NAME, settings.SELLER_ADDRESS = "Another Seller", ""
        settings.SELLER_TAX_ID = "12-3456789"
        world.later(days=200)

        after = receipts.receipt_pdf(Purchase.objects.get(pk=bought.pk))

        assert text_of(after) == text_of(before)

    def test_page_document_and_mail_show_the_same_dates(
        self, world: World, bought: Purchase
    ) -> None:
        """R16"""
        valid = (
            "Valid June 16, 2031 at 12:00 PM Eastern Time until "
            "Wednesday, December 31, 2031, 11:59 PM Eastern Time"
        )
        notify.deliver_waiting()
        mail = Email.objects.get(to=bought.buyer_email).message

        page = world.client(world.assignor).get(f"/o/lakeside/purchases/{bought.pk}/")

        assert valid in page_text(page)
        assert valid in text_of(receipts.receipt_pdf(bought))
        assert valid in mail.replace("Valid:", "Valid")

    def test_every_name_can_be_printed(self, world: World) -> None:
        world.lakeside.name = UNUSUAL_NAME
        world.lakeside.save()

        text = text_of(receipts.receipt_pdf(world.buy_and_settle(10)))

        assert UNUSUAL_NAME in text

    @pytest.mark.parametrize(
        ("name", "latin"),
        [
            ("東京審判", "DongJingShenPan"),
            ("Blue 🏀 Refs", "Blue :basketball: Refs"),
            ("ไทย", "aithy"),
            ("\U00010000\U00010001", "ae"),  # Linear B
        ],
    )
    def test_name_without_a_font_is_transliterated(
        self, world: World, name: str, latin: str
    ) -> None:
        """Unless this machine has a font for the name."""
        world.lakeside.name = name
        world.lakeside.save()
        purchase = world.buy_and_settle(10)

        receipt = text_of(receipts.receipt_pdf(purchase))
        assert "Receipt 1" in receipt
        note = f"Some characters could not be printed. In the Latin alphabet: {latin}"
        assert (note in receipt) or (name in receipt)
        assert "Total held 35" in text_of(sheets.sheet_pdf(world.lakeside, [world.term]))

    def test_printable_name_needs_no_note(self, bought: Purchase) -> None:
        assert "Latin letters" not in text_of(receipts.receipt_pdf(bought))

    def test_receipt_is_accessible(self, bought: Purchase) -> None:
        document = PdfReader(io.BytesIO(receipts.receipt_pdf(bought)))

        assert str(document.root_object["/MarkInfo"]["/Marked"]) == "True"  # type: ignore[index]
        assert str(document.root_object["/Lang"]) == "en"
        assert document.metadata is not None
        assert document.metadata.title == "Receipt 1"

    def test_receipt_shows_refunds(self, world: World, bought: Purchase) -> None:
        assert world.stripe is not None
        world.stripe.refund(payment_intent=bought.payment_intent_id, amount=2500)
        settle._sync_refunds(bought.payment_intent_id or "")

        assert "Refund of $25.00" in text_of(receipts.receipt_pdf(bought))

    def test_unpaid_purchase_has_no_receipt(self, world: World) -> None:
        purchase = world.buy(10)
        path = f"/o/lakeside/purchases/{purchase.pk}/receipt.pdf"

        assert world.client(world.assignor).get(path).status_code == HTTPStatus.NOT_FOUND
        with pytest.raises(ValueError, match="no receipt"):
            receipts.receipt_pdf(purchase)

    def test_purchase_page_links_to_the_receipt(self, world: World, bought: Purchase) -> None:
        page = download(world, f"purchases/{bought.pk}/").content.decode()

        assert f"/o/lakeside/purchases/{bought.pk}/receipt.pdf" in page
        assert "12 Harbor Street<br>Portland, ME 04101" in page


class TestQuote:
    def test_quote_matches_the_page(self, window: World) -> None:
        package = window.term.package
        page = download(window, f"renewal/?package={package.pk}")
        plan = page.context["plan"]
        link = f"renewal/quote.pdf?package={package.pk}&code="
        assert link.replace("&", "&amp;") in page.content.decode()

        text = text_of(download(window, link).content)

        assert "Quote for renewing the subscription" in text
        assert f"{plan.price.total // 100}.{plan.price.total % 100:02d} USD" in text
        assert f"Licenses to renew {plan.renewal_quantity.quantity}" in text
        assert "Thursday, January 1, 2032 until Friday, December 31, 2032" in text

    def test_no_quote_before_the_window(self, world: World) -> None:
        path = f"/o/lakeside/renewal/quote.pdf?package={world.term.package.pk}"

        assert world.client(world.assignor).get(path).status_code == HTTPStatus.NOT_FOUND

    @pytest.mark.parametrize("package", ["", "0", "x", "999999"])
    def test_quote_requires_an_offered_package(self, window: World, package: str) -> None:
        PackageFactory.create(is_offered=False)
        path = f"/o/lakeside/renewal/quote.pdf?package={package}"

        response = window.client(window.assignor).get(path)

        assert response.status_code == HTTPStatus.NOT_FOUND


class TestSheet:
    def test_sheet_ledger_matches_receipts(self, world: World, bought: Purchase) -> None:
        world.buy_and_settle(15)
        page = download(world, "purchases/").content.decode()
        assert "/o/lakeside/terms/2031-01-01.pdf" in page

        text = text_of(download(world, "terms/2031-01-01.pdf").content)

        assert "Total held 50" in text
        assert "Paid $125.00" in text
        assert "Association, $5.00 per license" in text
        assert "Add-on licenses Receipt 2 Arlo Assignor" in text

    def test_csv_matches_the_sheet(self, world: World, bought: Purchase) -> None:
        response = download(world, "terms/2031-01-01.csv")

        rows = list(csv.reader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
        assert [row[0] for row in rows[1:]] == ["Term", "Ledger", "Ledger", "Receipt"]
        assert rows[1][1:5] == ["2031-01-01", "Association", "", "2031-12-31"]
        assert rows[1][7:] == ["5.00", "", "USD"]
        assert rows[3][3:6] == ["10", "35", f"purchase:{bought.pk}"]
        assert rows[4][3:5] == ["10", "1"]
        assert rows[4][7:] == ["50.00", "0.00", "USD"]
        assert {len(row) for row in rows} == {10}

    @pytest.mark.parametrize("day", ["2031-01-02", "x", "2031-13-01", "0000-00-00"])
    def test_date_without_a_term_has_no_sheet(self, world: World, day: str) -> None:
        client = world.client(world.assignor)

        for kind in ("pdf", "csv"):
            response = client.get(f"/o/lakeside/terms/{day}.{kind}")
            assert response.status_code == HTTPStatus.NOT_FOUND

    def test_sheet_is_available_long_after_expiration(self, world: World) -> None:
        world.at(clock.now() + (TERM_END - clock.today()) + timedelta(days=60))

        download(world, "terms/2031-01-01.pdf")
