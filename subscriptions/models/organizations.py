from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import currency_is_sold
from subscriptions.models.indexes import PrefixIndex
from subscriptions.policy.buying import CURRENCIES


class Organization(models.Model):
    """An officiating association that holds a subscription: the tenant.

    Its row is the first lock of every transaction that moves its licenses or money.
    """

    name = models.CharField(_("name"), max_length=120)
    slug = models.SlugField(_("address"), max_length=60, unique=True)
    currency = models.CharField(
        _("currency"), max_length=3, choices=[(code, code.upper()) for code in CURRENCIES]
    )
    billing_name = models.CharField(_("billing contact"), max_length=120, blank=True)
    billing_email = models.EmailField(_("billing e-mail"), blank=True)
    billing_address = models.TextField(_("billing address"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ("name",)
        constraints = (currency_is_sold("organization"),)
        indexes = (
            models.Index(fields=("name",), name="organization_by_name"),
            PrefixIndex(fields=("name",), name="organization_name_begins"),
            PrefixIndex(fields=("billing_email",), name="organization_email_begins"),
        )

    def __str__(self) -> str:
        return self.name
