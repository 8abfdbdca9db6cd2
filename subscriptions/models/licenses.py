from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import one_of
from subscriptions.models.terms import Term
from subscriptions.policy.add_ons import GROUP_SIZE


class Cause(models.TextChoices):
    INCLUDED = "included", _("Included in the term")
    ADD_ON = "add_on", _("Add-on licenses")
    REVERSAL = "reversal", _("Reversal")


class LicenseEntry(models.Model):
    """An entry in the license ledger: a change in the number of licenses, never a total (R29).

    Entries are append-only, so that the number on any past day can be explained. Database triggers
    refuse UPDATE and DELETE. Only ``licenses/ledger.py`` writes and adds up entries.
    """

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="license_entries")
    quantity = models.IntegerField(_("licenses"))
    cause = models.CharField(_("cause"), max_length=12, choices=Cause.choices)
    effective_at = models.DateTimeField(_("effective from"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    note = models.CharField(_("note"), max_length=200, blank=True)
    # The entry whose licenses a reversal takes back or restores (R30).
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals"
    )
    # The cause as text ("purchase:<uuid>"); unique, so that nothing is granted twice.
    reference = models.CharField(_("reference"), max_length=80, unique=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("license entry")
        verbose_name_plural = _("license entries")
        ordering = ("created_at", "id")
        constraints = (
            one_of("license_entry", "cause", Cause.values),
            models.CheckConstraint(
                condition=~Q(quantity=0), name="license_entry_quantity_is_not_zero"
            ),
            models.CheckConstraint(
                condition=(Q(cause="reversal") | Q(quantity__gt=0)),
                name="license_entry_only_a_reversal_is_negative",
            ),
            models.CheckConstraint(
                condition=Q(cause="reversal", reverses__isnull=False)
                | (~Q(cause="reversal") & Q(reverses__isnull=True)),
                name="license_entry_reversal_has_its_entry",
            ),
            models.CheckConstraint(
                condition=~Q(cause="add_on") | Q(Exact(F("quantity") % GROUP_SIZE, 0)),
                name="license_entry_add_on_is_in_groups_of_5",
            ),
        )
        indexes = (models.Index(fields=("term", "effective_at"), name="license_entry_sum"),)

    def __str__(self) -> str:
        return f"{self.quantity:+d} {self.get_cause_display()}"
