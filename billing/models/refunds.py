"""Payments to review, refunds, and disputes."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.purchases import Purchase
from billing.states import DisputeStatus, ProblemReason, RefundStatus, Resolution
from subscriptions.models.constraints import one_of


class PaymentProblem(models.Model):
    """A payment that support must review, or has reviewed (R14, R15, R30).

    Keeps what was expected and received, and what was done, by whom and why. One per Checkout
    Session and reason.
    """

    session_id = models.CharField(_("Checkout Session"), max_length=120)
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, null=True, blank=True, related_name="problems"
    )
    payment_intent_id = models.CharField(
        _("Payment Intent"), max_length=120, blank=True, db_index=True
    )
    reason = models.CharField(_("problem"), max_length=16, choices=ProblemReason.choices)
    expected = models.JSONField(_("expected"), default=dict)
    received = models.JSONField(_("received"), default=dict)
    needs_support = models.BooleanField(_("waiting for support"))
    created_at = models.DateTimeField(_("found"))
    resolution = models.CharField(
        _("resolution"), max_length=9, choices=Resolution.choices, blank=True, default=""
    )
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    # Null if the processor's response resolved it.
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("resolved by"),
    )
    resolution_note = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("payment to review")
        verbose_name_plural = _("payments to review")
        ordering = ("-created_at",)
        constraints = (
            one_of("payment_problem", "reason", ProblemReason.values),
            one_of("payment_problem", "resolution", ["", *Resolution.values]),
            models.UniqueConstraint(
                fields=("session_id", "reason"), name="payment_problem_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(resolution="", resolved_at__isnull=True)
                | (~Q(resolution="") & Q(resolved_at__isnull=False, needs_support=False)),
                name="payment_problem_resolved_needs_no_support",
            ),
        )
        indexes = (
            models.Index(
                fields=("created_at",),
                condition=Q(needs_support=True),
                name="payment_problem_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.session_id}"


class Refund(models.Model):
    """A refund that we requested from the processor, or one that was started elsewhere (R30).

    Ours is committed before it is requested. REQUESTED without ``refund_id`` means that we do not
    know whether the processor has it; it is looked up by our ID before it is requested again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purchase = models.ForeignKey(
        Purchase, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds"
    )
    # Set if the payment was never fulfilled; empty if licenses are reversed.
    problem = models.ForeignKey(
        PaymentProblem, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds"
    )
    payment_intent_id = models.CharField(_("Payment Intent"), max_length=120, db_index=True)
    amount = models.PositiveIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    refund_id = models.CharField(_("Refund"), max_length=120, unique=True, null=True, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=RefundStatus.choices)
    failure_reason = models.CharField(_("failure reason"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("requested"))
    # The support user who requested it, and why; empty if automatic or started elsewhere.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    # One per form shown, so that submitting it twice makes one refund.
    submission = models.UUIDField(unique=True, null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ("-created_at",)
        constraints = (
            one_of("refund", "status", RefundStatus.values),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_is_positive"),
            # A payment that was not fulfilled is refunded in full, once.
            models.UniqueConstraint(
                fields=("problem",),
                condition=~Q(status__in=["failed", "canceled"]),
                name="refund_of_a_problem_is_unique",
            ),
            # If two support users compute the amount left at the same time, one fails.
            models.UniqueConstraint(
                fields=("purchase",),
                condition=Q(status="requested", problem__isnull=True),
                name="refund_of_a_purchase_is_requested_once",
            ),
        )
        indexes = (
            models.Index(
                fields=("created_at",),
                condition=Q(status__in=["requested", "pending", "requires_action"]),
                name="refund_unfinished",
            ),
        )

    def __str__(self) -> str:
        return f"{self.payment_intent_id}: {self.get_status_display()}"


class Dispute(models.Model):
    """A cardholder's dispute or inquiry, as last reported by the processor (R30)."""

    dispute_id = models.CharField(_("Dispute"), max_length=120, unique=True)
    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="disputes")
    payment_intent_id = models.CharField(_("Payment Intent"), max_length=120, db_index=True)
    amount = models.PositiveIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=24, choices=DisputeStatus.choices)
    reason = models.CharField(_("reason"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("opened"))

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.dispute_id}: {self.get_status_display()}"
