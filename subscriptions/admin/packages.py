"""The price list in the Django admin (R24)."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from subscriptions.admin.parts import display
from subscriptions.admin.parts.read_only import NoDeleteAdmin
from subscriptions.licenses import packages
from subscriptions.models import Package
from subscriptions.policy.prices import PROCESSOR_MINIMUM


class PackageForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A package; checks database constraints here, to show errors next to fields."""

    class Meta:
        model = Package
        fields = (
            "name",
            "unit_amount",
            "currency",
            "term_years",
            "minimum_licenses",
            "is_offered",
            "position",
        )

    def clean(self) -> dict[str, Any]:
        """Check that the smallest purchase can be charged, and that a package is still offered."""
        data = super().clean() or {}
        unit_amount, minimum = data.get("unit_amount"), data.get("minimum_licenses")
        if unit_amount and minimum and unit_amount * minimum < PROCESSOR_MINIMUM:
            message = _("The smallest purchase must come to at least %(minimum)s minor units.")
            self.add_error("unit_amount", message % {"minimum": PROCESSOR_MINIMUM})
        is_withdrawn = self.instance.pk and self.instance.is_offered and not data.get("is_offered")
        if is_withdrawn and not packages.may_withdraw(self.instance):
            error = _(
                "This is the last package offered in its currency, and organizations pay in "
                "that currency."
            )
            self.add_error("is_offered", error)
        return data


@admin.register(Package)
class PackageAdmin(NoDeleteAdmin):
    """The price list; paid terms keep their name and price no matter what changes here."""

    form = PackageForm
    list_display = (
        "name",
        "price",
        "term_years",
        "minimum_licenses",
        "is_offered",
        "position",
    )

    @admin.display(description=_("price per license"), ordering="unit_amount")
    def price(self, package: Package) -> str:
        """Return the formatted price."""
        return display.money(package.unit_amount, package.currency)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Package | None = None
    ) -> tuple[str, ...]:
        """Make the currency read-only, because amounts already shown would change their meaning."""
        return ("currency",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Package, form: Any, change: bool) -> None:
        """Save, and say what the change affects."""
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            terms = packages.count_paid_terms(obj)
            kept = ngettext(
                "%(terms)s paid term keeps the name and price it was bought with.",
                "%(terms)s paid terms keep the name and price they were bought with.",
                terms,
            ) % {"terms": terms}
            later = _("The change applies to original purchases and renewals started from now on.")
            messages.info(request, f"{kept} {later}")
