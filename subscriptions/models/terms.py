from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import currency_is_supported, one_of
from subscriptions.models.organizations import Organization
from subscriptions.models.packages import Package


class Term(models.Model):
    """One paid period of a subscription.

    Package name, price and currency are copied when it is bought and never change (R11, R24). Terms
    of one organization never overlap; on PostgreSQL, an exclusion constraint enforces that.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="terms")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="+")
    package_name = models.CharField(_("package"), max_length=80)
    unit_amount = models.PositiveIntegerField(_("price per license"))
    currency = models.CharField(_("currency"), max_length=3)
    starts_on = models.DateField(_("starts"))
    # The last day; the term ends at midnight after it (R18).
    expires_on = models.DateField(_("expires"))
    renews = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="renewed_by"
    )
    canceled_at = models.DateTimeField(_("canceled"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ("starts_on",)
        constraints = (
            currency_is_supported("term"),
            models.CheckConstraint(condition=Q(unit_amount__gte=1), name="term_has_a_price"),
            models.CheckConstraint(
                condition=Q(expires_on__gt=F("starts_on")), name="term_ends_after_it_starts"
            ),
            models.UniqueConstraint(
                fields=("renews",),
                condition=Q(canceled_at__isnull=True),
                name="term_is_renewed_once",
            ),
        )
        indexes = (models.Index(fields=("organization", "starts_on"), name="term_of_organization"),)

    def __str__(self) -> str:
        return f"{self.organization}: {self.starts_on} to {self.expires_on}"


class RenewalState(models.TextChoices):
    OPEN = "open", _("Open")
    PAYING = "paying", _("Payment in progress")
    PAID = "paid", _("Paid")
    REFUNDED = "refunded", _("Refunded")
    WITHDRAWN = "withdrawn", _("Not needed")


# A term has at most one renewal in these states.
STATES_IN_EFFECT = (RenewalState.OPEN, RenewalState.PAYING, RenewalState.PAID)


class Renewal(models.Model):
    """The renewal of a term.

    Lifecycle: open <-> paying -> paid <-> refunded; a refund opens a new renewal, which is
    withdrawn if the refund fails later (R30). While paying, the quantity is frozen and limits the
    number of members (R5).
    """

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="renewals")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=9, choices=RenewalState.choices)
    quantity = models.PositiveIntegerField(_("licenses"), null=True, blank=True)
    # The term it started; null until paid.
    next_term = models.OneToOneField(
        Term, on_delete=models.PROTECT, null=True, blank=True, related_name="started_by"
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("renewal")
        verbose_name_plural = _("renewals")
        constraints = (
            one_of("renewal", "state", RenewalState.values),
            models.UniqueConstraint(
                fields=("term",),
                condition=Q(state__in=[str(state) for state in STATES_IN_EFFECT]),
                name="renewal_is_one_per_term",
            ),
            models.CheckConstraint(
                # A comparison alone lets NULL pass.
                condition=Q(state__in=["open", "withdrawn"], quantity__isnull=True)
                | Q(
                    ~Q(state__in=["open", "withdrawn"]),
                    quantity__isnull=False,
                    quantity__gte=1,
                ),
                name="renewal_quantity_is_frozen_while_paying",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "paying", "withdrawn"], next_term__isnull=True)
                | Q(state__in=["paid", "refunded"], next_term__isnull=False),
                name="renewal_paid_has_started_a_term",
            ),
        )

    def __str__(self) -> str:
        return f"{self.term}: {self.get_state_display()}"


class LicenseRemoval(models.Model):
    """Licenses that support has removed from the renewal of a term (R27), unless undone.

    Numbered within the term, so that one of two simultaneous removals fails.
    """

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="removals")
    number = models.PositiveIntegerField(_("number"))
    # The ID of the form, so that submitting it twice creates one removal.
    submission = models.UUIDField(unique=True, editable=False)
    quantity = models.PositiveIntegerField(_("licenses"))
    reason = models.CharField(_("reason"), max_length=300)
    requested_by = models.CharField(_("requested by"), max_length=200)
    message = models.ForeignKey(
        "subscriptions.Message",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="removals",
        verbose_name=_("request message"),
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("removed"))
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("license removal")
        verbose_name_plural = _("license removals")
        ordering = ("created_at",)
        constraints = (
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="removal_quantity_is_positive"
            ),
            models.UniqueConstraint(fields=("term", "number"), name="removal_is_numbered"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="removal_undone_has_its_person",
            ),
        )

    def __str__(self) -> str:
        return f"-{self.quantity}"
