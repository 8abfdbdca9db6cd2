"""Purchases in the Django admin, read-only except for refunds."""

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.admin import references
from billing.admin.refunds.actions import MAY_REFUND, RefundPurchase
from billing.models import Application, Purchase
from billing.states import PurchaseStatus
from billing.support import payments
from subscriptions.admin.parts import display, search
from subscriptions.admin.parts.actions import action_page
from subscriptions.admin.parts.display import Tool
from subscriptions.admin.parts.filters import organization_filter, yes_filter
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.models import LicenseEntry
from subscriptions.text.ids import read_number

RefundedFilter = yes_filter(
    "refunded", _("refunded"), _("Some or all refunded"), lambda: Q(refunded_amount__gt=0)
)


@admin.register(Purchase)
class PurchaseAdmin(SearchMixin, RecordAdmin):
    list_display = (
        "kind",
        "organization_link",
        "quantity",
        "total",
        "state",
        "refunded",
        "receipt_number",
        "started",
    )
    list_filter = ("status", "kind", RefundedFilter, organization_filter("organization"))
    list_select_related = ("organization", "term__organization", "buyer", "renewal__term")
    # There is an index for this order.
    ordering = ("-created_at",)
    search_help_text = _(
        "An organization, a buyer's e-mail, a purchase number, or a complete cs_…, pi_…, re_…, "
        "or du_… ID from the processor; with an organization chosen, a receipt number."
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("kind", "state", "organization", "term", "renewal", "buyer"),
                    *("receipt_number", "created_at", "paid_at", "settled_at", "entries"),
                )
            },
        ),
        (
            _("Amounts"),
            {
                "fields": (
                    *("quantity", "unit_price", "discount_line", "fee", "total", "refunded"),
                    *("refunds", "disputes", "problems"),
                )
            },
        ),
        (
            _("At the time of purchase"),
            {
                "fields": (
                    *("organization_name", "billing_name", "billing_address", "package_name"),
                    *("buyer_name", "buyer_email", "term_years"),
                    *("term_starts_on", "term_expires_on", "application_data"),
                )
            },
        ),
        (
            _("At the processor"),
            {
                "fields": (
                    *("id", "session_id", "payment_intent_id", "session_expires_at"),
                    *("card_brand", "card_last4", "card_funding"),
                )
            },
        ),
    )
    readonly_fields = (
        *("id", "state", "unit_price", "discount_line", "fee", "total", "refunded"),
        *("refunds", "disputes", "problems", "entries", "application_data"),
    )

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by purchase number, processor ID, receipt number, organization or buyer."""
        organization = request.GET.get("organization", "")
        number = read_number(text) if organization else None
        if number is not None and number < 2**31:
            return Q(receipt_number=number)
        purchase_ids = references.find_purchases(text)
        if purchase_ids is not None:
            return Q(pk__in=purchase_ids)
        by_organization = Q(organization__in=search.organizations(text))
        return (
            by_organization | Q(buyer_email__istartswith=text) if "@" in text else by_organization
        )

    @admin.display(description=_("organization"), ordering="organization_name")
    def organization_link(self, purchase: Purchase) -> str:
        """Return a link, or the name entered if an original purchase is not settled."""
        organization = purchase.organization
        if organization is None:
            return purchase.organization_name
        return display.link(organization, organization.name)

    @admin.display(description=_("status"))
    def state(self, purchase: Purchase) -> str:
        """Return the status, highlighted if support has to act."""
        text = str(purchase.get_status_display())
        needs_attention = purchase.status in (PurchaseStatus.REVIEW, PurchaseStatus.REFUNDING)
        return display.highlight(text) if needs_attention else text

    @admin.display(description=_("started"))
    def started(self, purchase: Purchase) -> str:
        return display.moment(purchase.created_at)

    @admin.display(description=_("price per license"))
    def unit_price(self, purchase: Purchase) -> str:
        return display.money(purchase.unit_amount, purchase.currency)

    @admin.display(description=_("discount"))
    def discount_line(self, purchase: Purchase) -> str:
        """Return the discount's amount and name."""
        if not purchase.discount_amount:
            return "–"
        amount = display.money(-purchase.discount_amount, purchase.currency)
        return f"{amount} ({purchase.discount_name})"

    @admin.display(description=_("fee"))
    def fee(self, purchase: Purchase) -> str:
        """Return the late fee of a renewal."""
        return display.money(purchase.fee_amount or None, purchase.currency)

    @admin.display(description=_("total"))
    def total(self, purchase: Purchase) -> str:
        return display.money(purchase.total_amount, purchase.currency)

    @admin.display(description=_("refunded"))
    def refunded(self, purchase: Purchase) -> str:
        """Return the sum of refunds and lost disputes."""
        if not purchase.refunded_amount:
            return "–"
        return display.highlight(display.money(purchase.refunded_amount, purchase.currency))

    @admin.display(description=_("refunds"))
    def refunds(self, purchase: Purchase) -> str:
        """List refunds with their status."""
        return display.links(purchase.refunds.all()[: display.MAX_LIST_ROWS], amount_and_status)

    @admin.display(description=_("disputes"))
    def disputes(self, purchase: Purchase) -> str:
        """List disputes with their status."""
        return display.links(purchase.disputes.all()[: display.MAX_LIST_ROWS], amount_and_status)

    @admin.display(description=_("payments to review"))
    def problems(self, purchase: Purchase) -> str:
        """List payments under review, now or earlier."""
        rows = purchase.problems.all()[: display.MAX_LIST_ROWS]
        return display.links(rows, lambda row: row.get_reason_display())

    @admin.display(description=_("ledger"))
    def entries(self, purchase: Purchase) -> str:
        """List what was fulfilled and reversed."""
        reference = purchase.reference
        rows = LicenseEntry.objects.filter(
            Q(reference=reference) | Q(reverses__reference=reference)
        ).order_by("pk")
        return display.links(rows[: display.MAX_LIST_ROWS])

    @admin.display(description=_("entered in the application"))
    def application_data(self, purchase: Purchase) -> str:
        """Return what the new organization entered."""
        application = Application.objects.filter(purchase=purchase).first()
        if application is None:
            return "–"
        lines = (application.organization_name, application.billing_name, application.billing_email)
        return ", ".join(line for line in lines if line)

    def tools(self, request: HttpRequest, obj: Purchase) -> list[Tool]:
        """Offer to refund the purchase."""
        if not request.user.has_perm(MAY_REFUND) or obj.status != PurchaseStatus.SETTLED:
            return []
        decision = payments.may_refund(obj)
        return [display.tool(gettext("Refund…"), display.admin_url(obj, "refund"), decision)]

    def get_urls(self) -> list[URLPattern]:
        """Add the page for refunding."""
        own = action_page(self, "refund", "billing_purchase_refund", RefundPurchase)
        return [own, *super().get_urls()]


def amount_and_status(row: Any) -> str:
    """Return a refund's or dispute's amount and status."""
    return f"{display.money(row.amount, row.currency)}: {row.get_status_display()}"
