"""Purchases by card, and applications of new organizations."""

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from billing.states import UNSETTLED, PurchaseKind, PurchaseStatus
from subscriptions.access import request_context
from subscriptions.models import Discount, Organization, Package, Renewal, Term, User
from subscriptions.models.constraints import currency_is_supported, one_of
from subscriptions.models.indexes import PrefixIndex
from subscriptions.policy.add_ons import GROUP_SIZE
from subscriptions.policy.refunds import is_fully_refunded


def seller_now() -> str:
    """Return the seller's name, address and tax number from the settings, one per line."""
    lines = [settings.SELLER_NAME, *settings.SELLER_ADDRESS.split("\\n"), settings.SELLER_TAX_ID]
    return "\n".join(line.strip() for line in lines if line.strip())


def frozen_names(organization: Organization, buyer: User) -> dict[str, str]:
    """Return the purchase fields that say who buys for which organization, as of now (R31)."""
    return {
        "organization_name": organization.name,
        "billing_name": organization.billing_name,
        "billing_address": organization.billing_address,
        "receipt_text": organization.receipt_text,
        "buyer_name": buyer.name,
        "buyer_email": buyer.email,
    }


class Purchase(models.Model):
    """A purchase by card, with its one Checkout Session at the processor.

    Prices and names are frozen when it starts, so that page, charge and receipt agree (R11, R31).
    The row is committed with its request and idempotency key before the processor is called, so
    that it can be resumed after a crash at any point. For the lifecycle see
    ``billing.states.PurchaseStatus``.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("type"), max_length=8, choices=PurchaseKind.choices)
    # Null only while an original purchase is not settled: its organization does not exist yet.
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="purchases"
    )
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="purchases",
    )
    # An add-on's term; for renewal and original, the term that settling starts.
    term = models.ForeignKey(
        Term, on_delete=models.PROTECT, null=True, blank=True, related_name="purchases"
    )
    renewal = models.ForeignKey(
        Renewal, on_delete=models.PROTECT, null=True, blank=True, related_name="purchases"
    )

    quantity = models.PositiveIntegerField(_("licenses"))
    unit_amount = models.PositiveIntegerField(_("price per license"))
    discount_amount = models.PositiveIntegerField(_("discount"), default=0)
    fee_amount = models.PositiveIntegerField(_("fee"), default=0)
    total_amount = models.PositiveIntegerField(_("total"))
    currency = models.CharField(_("currency"), max_length=3)

    organization_name = models.CharField(max_length=120)
    billing_name = models.CharField(max_length=120, blank=True)
    billing_address = models.TextField(blank=True)
    seller = models.TextField(blank=True, default=seller_now, db_default="")
    package_name = models.CharField(_("package"), max_length=80)
    buyer_name = models.CharField(_("buyer"), max_length=120)
    buyer_email = models.EmailField(_("buyer's e-mail"))
    receipt_text = models.CharField(max_length=200, blank=True)
    term_years = models.PositiveSmallIntegerField(null=True, blank=True)
    term_starts_on = models.DateField(null=True, blank=True)
    term_expires_on = models.DateField(null=True, blank=True)
    discount = models.ForeignKey(
        Discount, on_delete=models.PROTECT, null=True, blank=True, related_name="purchases"
    )
    discount_name = models.CharField(_("discount"), max_length=80, blank=True)
    return_to = models.CharField(max_length=300, blank=True)
    # One per form shown, so that sending the form twice makes one purchase (R14).
    submission = models.UUIDField(default=uuid.uuid4, editable=False)
    request_parameters = models.JSONField(default=dict)
    idempotency_key = models.CharField(max_length=80, unique=True)
    # The request that started it, to find its other log lines.
    started_by_request = models.CharField(
        max_length=64, blank=True, editable=False, default=request_context.request_id, db_default=""
    )
    created_at = models.DateTimeField(_("started"))

    # Cards declined on its payment page.
    declines = models.PositiveIntegerField(_("declined cards"), default=0, db_default=0)
    last_declined_at = models.DateTimeField(_("last declined"), null=True, blank=True)

    status = models.CharField(_("status"), max_length=9, choices=PurchaseStatus.choices)
    session_id = models.CharField(
        _("Checkout Session"), max_length=120, unique=True, null=True, blank=True
    )
    session_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField(null=True, blank=True)
    payment_intent_id = models.CharField(
        _("Payment Intent"), max_length=120, unique=True, null=True, blank=True
    )
    card_brand = models.CharField(_("card"), max_length=24, blank=True)
    card_last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    card_funding = models.CharField(_("card type"), max_length=12, blank=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    receipt_number = models.PositiveIntegerField(_("receipt"), null=True, blank=True)
    # The sum of live refunds and lost disputes, and how often it was updated: a response that was
    # requested before the last update is requested again (R30).
    refunded_amount = models.PositiveIntegerField(_("refunded"), default=0)
    refund_checks = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        ordering = ("-created_at",)
        constraints = (
            one_of("purchase", "kind", PurchaseKind.values),
            one_of("purchase", "status", PurchaseStatus.values),
            currency_is_supported("purchase"),
            models.CheckConstraint(
                condition=Q(
                    total_amount=F("quantity") * F("unit_amount")
                    - F("discount_amount")
                    + F("fee_amount")
                ),
                name="purchase_total_multiplies_out",
            ),
            models.CheckConstraint(
                condition=~Q(kind="add_on")
                | Q(
                    quantity__gte=GROUP_SIZE,
                    discount_amount=0,
                    fee_amount=0,
                    total_amount__gt=0,
                    term__isnull=False,
                    renewal__isnull=True,
                ),
                name="purchase_add_on_is_at_the_locked_price",
            ),
            models.CheckConstraint(
                condition=~Q(kind="add_on") | Q(Exact(F("quantity") % GROUP_SIZE, 0)),
                name="purchase_add_on_is_in_groups_of_5",
            ),
            models.CheckConstraint(
                condition=~Q(kind="renewal") | Q(renewal__isnull=False),
                name="purchase_renewal_has_its_renewal",
            ),
            models.CheckConstraint(
                condition=Q(kind="add_on") | Q(term_years__isnull=False, term_years__gte=1),
                name="purchase_of_a_term_has_its_length",
            ),
            models.CheckConstraint(
                condition=Q(discount_amount__lte=F("quantity") * F("unit_amount")),
                name="purchase_discount_is_at_most_the_price",
            ),
            models.CheckConstraint(
                condition=Q(organization__isnull=False)
                | (Q(kind="original") & ~Q(status="settled")),
                name="purchase_has_an_organization",
            ),
            models.CheckConstraint(
                condition=Q(
                    status="settled",
                    # A comparison alone lets NULL pass.
                    receipt_number__isnull=False,
                    receipt_number__gte=1,
                    paid_at__isnull=False,
                    settled_at__isnull=False,
                )
                | (~Q(status="settled") & Q(receipt_number__isnull=True)),
                name="purchase_has_a_receipt_once_settled",
            ),
            models.CheckConstraint(
                condition=~Q(status="settled") | Q(total_amount=0) | ~Q(payment_intent_id=None),
                name="purchase_settled_has_its_payment",
            ),
            models.CheckConstraint(
                condition=~Q(status="open") | Q(session_id__isnull=False),
                name="purchase_open_has_its_session",
            ),
            models.UniqueConstraint(
                fields=("organization", "receipt_number"), name="purchase_receipt_is_unique"
            ),
            models.UniqueConstraint(
                fields=("organization", "submission"), name="purchase_submission_is_unique"
            ),
            models.UniqueConstraint(
                fields=("submission",),
                condition=Q(kind="original"),
                name="purchase_original_submission_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(discount_amount=0) | Q(discount__isnull=False),
                name="purchase_discount_has_its_reason",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount=0)
                | Q(status="settled", refunded_amount__lte=F("total_amount")),
                name="purchase_refunded_is_at_most_its_total",
            ),
            models.UniqueConstraint(
                fields=("renewal",),
                condition=Q(status__in=[str(status) for status in UNSETTLED]),
                name="purchase_renewal_has_one_unsettled",
            ),
        )
        indexes = (
            models.Index(fields=("organization", "-created_at"), name="purchase_history"),
            models.Index(fields=("-created_at",), name="purchase_newest_first"),
            models.Index(fields=("status", "-created_at"), name="purchase_by_status"),
            PrefixIndex(fields=("buyer_email",), name="purchase_buyer_begins"),
            models.Index(
                fields=("created_at",),
                condition=Q(status__in=["pending", "open", "refunding"]),
                name="purchase_unsettled",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.quantity} ({self.organization_name})"

    @property
    def sold_by(self) -> str:
        """The frozen seller, or today's for purchases made before it was stored (R31)."""
        return self.seller or seller_now()

    @property
    def card(self) -> str:
        """The card for display; empty before it is paid."""
        return f"{self.card_brand.capitalize()} •••• {self.card_last4}" if self.card_last4 else ""

    @property
    def subtotal_amount(self) -> int:
        """Quantity times price per license, before discount and fee."""
        return self.quantity * self.unit_amount

    @property
    def is_fully_refunded(self) -> bool:
        """Whether all of the money was refunded at the last update (R30)."""
        return is_fully_refunded(self.total_amount, self.refunded_amount)

    @property
    def valid_from(self) -> date | None:
        """The start of validity: an add-on's fulfillment, or the first day of the term (R16)."""
        return self.settled_at if self.kind == PurchaseKind.ADD_ON else self.term_starts_on

    @property
    def reference(self) -> str:
        """The key of this purchase in the ledger, notifications and activity."""
        return f"purchase:{self.pk}"


class Application(models.Model):
    """The details of a new organization, which is created once its purchase is paid (R23)."""

    purchase = models.OneToOneField(Purchase, on_delete=models.CASCADE, related_name="application")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="+")
    organization_name = models.CharField(_("organization"), max_length=120)
    billing_name = models.CharField(_("billing contact"), max_length=120, blank=True)
    billing_email = models.EmailField(_("billing e-mail"), blank=True)
    billing_address = models.TextField(_("billing address"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")

    def __str__(self) -> str:
        return self.organization_name
