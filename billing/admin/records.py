"""Terms and ledger entries again, with the purchases behind them."""

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.admin.references import as_number
from billing.models import Purchase
from subscriptions.admin import records
from subscriptions.admin.parts import display
from subscriptions.models import LicenseEntry, Renewal, Term


def _words(purchase: Purchase) -> str:
    total = display.money(purchase.total_amount, purchase.currency)
    return f"{purchase.get_kind_display()}: {purchase.quantity}, {total}"


class TermAdmin(records.TermAdmin):
    """With what was paid for it."""

    fields = (*records.TermAdmin.fields, "purchases")
    readonly_fields = (*records.TermAdmin.readonly_fields, "purchases")

    @admin.display(description=_("purchases"))
    def purchases(self, term: Term) -> str:
        """The purchase of the term, and its add-ons."""
        return display.links(term.purchases.order_by("created_at")[: display.LONGEST_LIST], _words)


class RenewalAdmin(records.RenewalAdmin):
    """With the payments of it."""

    fields = ("term", "package", "state", "quantity", "next_term", "created_at", "purchases")
    readonly_fields = ("purchases",)

    @admin.display(description=_("purchases"))
    def purchases(self, renewal: Renewal) -> str:
        """Every attempt to pay it."""
        rows = renewal.purchases.order_by("-created_at")
        return display.links(rows[: display.LONGEST_LIST], _words)


class LicenseEntryAdmin(records.LicenseEntryAdmin):
    """With the purchase that its reference names."""

    fields = (*records.LicenseEntryAdmin.fields, "purchase")
    readonly_fields = (*records.LicenseEntryAdmin.readonly_fields, "purchase")
    search_help_text = _("An organization, or a purchase's number.")

    def found(self, request: HttpRequest, text: str) -> Q:
        """By the number of a purchase, too."""
        number = as_number(text)
        reference = f"purchase:{number}" if number else text
        return super().found(request, reference)

    @admin.display(description=_("purchase"))
    def purchase(self, entry: LicenseEntry) -> str:
        """What was paid for these licenses."""
        number = as_number(entry.reference)
        found = Purchase.objects.filter(pk=number).first() if number else None
        return display.link(found, _words(found)) if found else "–"


for model, page in ((Term, TermAdmin), (Renewal, RenewalAdmin), (LicenseEntry, LicenseEntryAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, page)
