from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import currency_is_supported
from subscriptions.models.organizations import Organization
from subscriptions.policy.prices import CURRENCIES, FULL_PERCENT


class Discount(models.Model):
    """A discount on original purchases and renewals, never on add-ons (R26).

    Either a percentage (in basis points: 1250 is 12.5%) or an amount; the other is 0. A discount
    with a code applies to buyers who enter it; one without applies automatically. Purchases store
    the amount taken off.
    """

    name = models.CharField(_("name"), max_length=80, help_text=_("Shown on quotes and receipts."))
    code = models.CharField(
        _("code"), max_length=40, blank=True, help_text=_("Leave empty to apply without a code.")
    )
    basis_points = models.PositiveIntegerField(
        _("percentage"), default=0, help_text=_("In basis points: 1250 is 12.5%.")
    )
    amount = models.PositiveIntegerField(
        _("amount"), default=0, help_text=_("In minor units (cents).")
    )
    currency = models.CharField(
        _("currency"),
        max_length=3,
        choices=[(code, code.upper()) for code in CURRENCIES],
        help_text=_("The currency of the amount. A percentage also applies in this currency only."),
    )
    valid_from = models.DateField(_("first day"), null=True, blank=True)
    valid_until = models.DateField(_("last day"), null=True, blank=True)
    max_uses = models.PositiveIntegerField(
        _("number of uses"), null=True, blank=True, help_text=_("Leave empty for no limit.")
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text=_("Leave empty for all organizations."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("discount")
        verbose_name_plural = _("discounts")
        ordering = ("name", "id")
        constraints = (
            currency_is_supported("discount"),
            models.CheckConstraint(
                condition=Q(amount=0, basis_points__gte=1, basis_points__lte=FULL_PERCENT)
                | Q(basis_points=0, amount__gte=1),
                name="discount_is_percentage_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True)
                | Q(valid_from__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                name="discount_ends_after_it_begins",
            ),
            models.UniqueConstraint(
                Upper("code"), condition=~Q(code=""), name="discount_code_is_unique"
            ),
        )

    def __str__(self) -> str:
        return self.name
