"""Discounts in the Django admin, where support may change them (R26)."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from billing.checkout.discounts import count_uses
from subscriptions.admin.parts.read_only import NoDeleteAdmin
from subscriptions.models import Discount


@admin.register(Discount)
class DiscountAdmin(NoDeleteAdmin):
    """Discounts of original purchases and renewals; purchases keep the one they were given."""

    list_display = (
        "name",
        "code",
        "basis_points",
        "amount",
        "currency",
        "valid_from",
        "valid_until",
        "max_uses",
        "organization",
        "is_active",
    )
    list_filter = ("is_active", "currency")
    list_select_related = ("organization",)
    raw_id_fields = ("organization",)
    search_fields = ("code__istartswith", "name__istartswith")

    def save_model(self, request: HttpRequest, obj: Discount, form: Any, change: bool) -> None:
        """Save, and say which purchases the change does and does not affect."""
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            paid, checkouts = count_uses(obj)
            kept = ngettext(
                "%(paid)s purchase keeps the discount it was given,",
                "%(paid)s purchases keep the discount they were given,",
                paid,
            ) % {"paid": paid}
            shown = ngettext(
                "and %(checkouts)s open checkout keeps the one it showed.",
                "and %(checkouts)s open checkouts keep the one they showed.",
                checkouts,
            ) % {"checkouts": checkouts}
            later = _("The change applies to original purchases and renewals started from now on.")
            messages.info(request, f"{kept} {shown} {later}")
