"""Refunds and disputes in the Django admin, read-only (R30)."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.admin import references
from billing.models import Dispute, Refund
from billing.states import DisputeStatus, RefundStatus
from subscriptions.admin.parts import display
from subscriptions.admin.parts.filters import organization_filter, yes_filter
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import SearchMixin

UNFINISHED = [RefundStatus.REQUESTED, RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION]
NEEDS_RESPONSE = [DisputeStatus.INQUIRY, DisputeStatus.NEEDS_RESPONSE, DisputeStatus.APPEAL]


UnfinishedFilter = yes_filter(
    "unfinished",
    _("unfinished"),
    _("Not finished"),
    lambda: Q(status__in=[str(status) for status in UNFINISHED]),
)


class _PaymentRecordAdmin(SearchMixin, RecordAdmin):
    """Base of refunds and disputes."""

    organization_field = "purchase__organization"
    list_select_related: ClassVar[tuple[str, ...]] = ("purchase__organization",)
    # The field with the processor's ID.
    id_field = ""

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by processor ID, purchase number or organization."""
        if references.REFUND.fullmatch(text) or references.DISPUTE.fullmatch(text):
            return Q(**{self.id_field: text})
        if references.PAYMENT.fullmatch(text):
            return Q(payment_intent_id=text)
        purchase_ids = references.find_purchases(text)
        if purchase_ids is not None:
            return Q(purchase__in=purchase_ids)
        return super().search_condition(request, text)

    @admin.display(description=_("organization"))
    def organization(self, row: Any) -> str:
        """Return the organization, if known."""
        return display.link(row.purchase.organization) if row.purchase else "–"

    @admin.display(description=_("amount"))
    def money(self, row: Any) -> str:
        return display.money(row.amount, row.currency)


@admin.register(Refund)
class RefundAdmin(_PaymentRecordAdmin):
    id_field = "refund_id"
    ordering = ("-created_at",)
    list_display = ("money", "organization", "status", "actor", "reason", "created_at")
    list_filter = (UnfinishedFilter, "status", organization_filter("purchase__organization"))
    list_select_related = ("purchase__organization", "actor")
    search_help_text = _("An organization, or a complete re_… or pi_… ID from the processor.")
    fields = (
        *("organization", "purchase", "problem", "money", "status", "failure_reason"),
        *("actor", "reason", "created_at", "refund_id", "payment_intent_id"),
    )
    readonly_fields = ("organization", "money")


# Disputes that support must respond to at the processor.
NeedsResponseFilter = yes_filter(
    "respond",
    _("needs response"),
    _("Needs a response"),
    lambda: Q(status__in=[str(status) for status in NEEDS_RESPONSE]),
)


@admin.register(Dispute)
class DisputeAdmin(_PaymentRecordAdmin):
    id_field = "dispute_id"
    list_display = ("dispute_id", "organization", "status", "reason", "money", "created_at")
    list_filter = (NeedsResponseFilter, "status", organization_filter("purchase__organization"))
    search_help_text = _("An organization, or a complete du_… or pi_… ID from the processor.")
    fields = (
        *("organization", "purchase", "money", "status", "reason", "created_at"),
        *("dispute_id", "payment_intent_id"),
    )
    readonly_fields = ("organization", "money")
