"""Purchases and what the processor told us, in the Django admin, to be read."""

from django.contrib import admin

from billing import models
from billing.admin import discounts
from subscriptions.admin.read_only import ReadOnlyAdmin

__all__ = ["discounts"]


@admin.register(models.Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = (
        "organization_name",
        "kind",
        "quantity",
        "total_amount",
        "currency",
        "status",
        "receipt_number",
        "created_at",
    )
    list_filter = ("status", "kind")
    search_fields = ("=session_id", "=payment_intent_id", "=buyer_email", "organization__slug")


@admin.register(models.PaymentProblem)
class PaymentProblemAdmin(ReadOnlyAdmin):
    list_display = ("reason", "purchase", "needs_support", "session_id", "created_at")
    list_filter = ("needs_support", "reason")
    list_select_related = ("purchase",)
    search_fields = ("=session_id", "=payment_intent_id")


@admin.register(models.Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = ("payment_intent_id", "amount", "currency", "status", "refund_id", "created_at")
    list_filter = ("status",)
    search_fields = ("=refund_id", "=payment_intent_id")


@admin.register(models.ProcessorEvent)
class ProcessorEventAdmin(ReadOnlyAdmin):
    list_display = ("type", "event_id", "object_id", "received_at", "processed_at", "error")
    list_filter = ("type",)
    search_fields = ("=event_id", "=object_id")


@admin.register(models.Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = ("dispute_id", "purchase", "status", "amount", "currency", "created_at")
    list_filter = ("status",)
    list_select_related = ("purchase",)
    search_fields = ("=dispute_id", "=payment_intent_id")
