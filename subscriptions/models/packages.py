from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import currency_is_supported
from subscriptions.policy.add_ons import GROUP_SIZE
from subscriptions.policy.prices import CURRENCIES, PROCESSOR_MINIMUM

# Keeps a typo from selling licenses for decades.
MAX_TERM_YEARS = 10


class Package(models.Model):
    """An entry in the price list (R23).

    A term copies the price when it is bought, so changes here do not affect it (R11).
    """

    name = models.CharField(_("name"), max_length=80)
    unit_amount = models.PositiveIntegerField(
        _("price per license"),
        help_text=_("For a whole term, in minor units (cents)."),
    )
    currency = models.CharField(
        _("currency"), max_length=3, choices=[(code, code.upper()) for code in CURRENCIES]
    )
    term_years = models.PositiveSmallIntegerField(
        _("term in years"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_TERM_YEARS)],
    )
    minimum_licenses = models.PositiveIntegerField(_("minimum number of licenses"), default=1)
    is_offered = models.BooleanField(_("offered"), default=True)
    position = models.PositiveSmallIntegerField(_("position on the price list"), default=0)

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        ordering = ("position", "id")
        constraints = (
            currency_is_supported("package"),
            models.CheckConstraint(
                condition=Q(unit_amount__gte=PROCESSOR_MINIMUM // GROUP_SIZE),
                name="package_group_is_at_least_the_processors_minimum",
            ),
            models.CheckConstraint(
                condition=Q(term_years__gte=1, term_years__lte=MAX_TERM_YEARS),
                name="package_term_is_whole_years",
            ),
            models.CheckConstraint(
                condition=Q(minimum_licenses__gte=1), name="package_minimum_is_positive"
            ),
            # The processor must accept the smallest original purchase or renewal.
            models.CheckConstraint(
                condition=Q(
                    GreaterThanOrEqual(F("unit_amount") * F("minimum_licenses"), PROCESSOR_MINIMUM)
                ),
                name="package_smallest_purchase_can_be_charged",
            ),
        )

    def __str__(self) -> str:
        return self.name


def lock_package(package: Package) -> Package:
    """Lock the package's row until the transaction ends, and return its current state.

    The price list may have been edited since the page was shown (R25).
    """
    return Package.objects.select_for_update().get(pk=package.pk)
