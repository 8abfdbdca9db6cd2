from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import currency_is_supported
from subscriptions.models.indexes import PrefixIndex
from subscriptions.policy.prices import CURRENCIES

# Longer than a vacation, shorter than several seasons.
MIN_INACTIVE_DAYS = 30
MAX_INACTIVE_DAYS = 1500


def default_thresholds() -> list[int]:
    """Return the numbers of free licenses at which "few licenses left" is sent."""
    return [3, 2, 1, 0]


class Organization(models.Model):
    """An officiating association with a subscription: the tenant.

    Every transaction that changes its licenses or money locks its row first.
    """

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    currency = models.CharField(
        _("currency"), max_length=3, choices=[(code, code.upper()) for code in CURRENCIES]
    )
    billing_name = models.CharField(_("billing contact"), max_length=120, blank=True)
    billing_email = models.EmailField(_("billing e-mail"), blank=True)
    billing_address = models.TextField(_("billing address"), max_length=500, blank=True)
    receipt_text = models.CharField(
        _("text on receipts"),
        max_length=200,
        blank=True,
        help_text=_(
            "For example, a tax ID or purchase order number. It is printed on new receipts."
        ),
    )
    low_license_thresholds = models.JSONField(
        _("numbers of available licenses that trigger an e-mail"), default=default_thresholds
    )
    second_factor_required = models.BooleanField(
        _("second factor required for Assignors and Administrators"), default=False
    )
    # Null: joining by code is off.
    join_code = models.CharField(_("join code"), max_length=24, unique=True, null=True, blank=True)
    # Null: the default of the settings.
    inactive_after_days = models.PositiveSmallIntegerField(
        _("days without signing in"),
        null=True,
        blank=True,
        validators=[MinValueValidator(MIN_INACTIVE_DAYS), MaxValueValidator(MAX_INACTIVE_DAYS)],
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ("name",)
        constraints = (currency_is_supported("organization"),)
        indexes = (
            models.Index(fields=("name",), name="organization_by_name"),
            PrefixIndex(fields=("name",), name="organization_name_begins"),
            PrefixIndex(fields=("billing_email",), name="organization_email_begins"),
        )

    def __str__(self) -> str:
        return self.name


class NotifiedAddress(models.Model):
    """An additional address for e-mails, such as a treasurer's.

    It is not an account: it does not use a license and cannot open any page.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="notified_addresses"
    )
    email = models.EmailField(_("e-mail"))
    gets_receipts = models.BooleanField(_("receipts"), default=True)
    gets_reminders = models.BooleanField(_("reminders"), default=True)

    class Meta:
        verbose_name = _("additional e-mail address")
        verbose_name_plural = _("additional e-mail addresses")
        ordering = ("email",)
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "email"), name="notified_address_is_unique"
            ),
        )

    def __str__(self) -> str:
        return self.email


def lock_organization(organization: Organization) -> Organization:
    """Lock the organization's row until the transaction ends.

    This is the first lock of every transaction that changes licenses or money, so that adding,
    removing, settling payments and renewing run one after the other.
    """
    return Organization.objects.select_for_update().get(pk=organization.pk)
