"""Purchases on the admin pages of terms, renewals and license entries."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.admin.references import read_purchase_id
from billing.models import Purchase
from subscriptions.admin import records
from subscriptions.admin.parts import display
from subscriptions.models import LicenseEntry, Renewal, Term


def _text(purchase: Purchase) -> str:
    total = display.money(purchase.total_amount, purchase.currency)
    return f"{purchase.get_kind_display()}: {purchase.quantity}, {total}"


@admin.display(description=_("purchases"))
def purchases(row: Term | Renewal) -> str:
    """List a term's purchase and add-ons, or all attempts to pay a renewal, newest first."""
    found = row.purchases.order_by("created_at" if isinstance(row, Term) else "-created_at")
    return display.links(found[: display.MAX_LIST_ROWS], _text)


@admin.display(description=_("purchase"))
def purchase(entry: LicenseEntry) -> str:
    """Return the purchase that paid for these licenses."""
    purchase_id = read_purchase_id(entry.reference)
    found = Purchase.objects.filter(pk=purchase_id).first() if purchase_id else None
    return display.link(found, _text(found)) if found else "–"


def search_by_purchase(text: str) -> Q | None:
    """Search license entries by purchase number."""
    purchase_id = read_purchase_id(text)
    return records.with_reference(f"purchase:{purchase_id}") if purchase_id else None


records.TERM_FIELDS.register("purchases", purchases)
records.RENEWAL_FIELDS.register("purchases", purchases)
records.ENTRY_FIELDS.register("purchase", purchase)
records.ENTRY_SEARCHES.register("purchase", search_by_purchase)
records.ENTRY_TEXTS.register("search_help", _("An organization, or a purchase number."))
