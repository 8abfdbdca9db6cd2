"""The receipt of a purchase, from its frozen facts (R31)."""

from django.utils.translation import gettext as _

from billing.documents.typesetting import Document, Table, get_footer, typeset
from billing.models import Dispute, Purchase, Refund
from billing.states import VISIBLE_REFUNDS, PurchaseStatus
from subscriptions.text import formats


def receipt_pdf(purchase: Purchase) -> bytes:
    """Return the receipt as a PDF. Raises ValueError if the purchase is not settled."""
    if purchase.status != PurchaseStatus.SETTLED or purchase.settled_at is None:
        raise ValueError(f"purchase {purchase.pk} has no receipt")
    document = Document(
        title=_("Receipt %(number)s") % {"number": purchase.receipt_number},
        seller=purchase.sold_by,
        recipient=recipient_lines(purchase),
        facts=_facts(purchase),
        tables=[_amounts(purchase)],
        notes=_notes(purchase),
        footer=get_footer(purchase.sold_by),
    )
    return typeset(document, made_at=purchase.settled_at)


def recipient_lines(purchase: Purchase) -> str:
    """Return the recipient lines for documents about the purchase."""
    address = (purchase.organization_name, purchase.billing_name, purchase.billing_address)
    return "\n".join(line for line in (*address, purchase.receipt_text) if line)


def _facts(purchase: Purchase) -> list[tuple[str, str]]:
    paid = formats.moment(purchase.paid_at) if purchase.paid_at else ""
    expires_on = purchase.term_expires_on
    facts = [
        (_("Paid"), paid),
        (_("Card"), purchase.card),
        (_("Bought by"), f"{purchase.buyer_name}\n{purchase.buyer_email}".strip()),
        (_("Package"), purchase.package_name),
        (_("Valid"), formats.validity(purchase.valid_from, expires_on) if expires_on else ""),
        (_("Purchase"), str(purchase.pk)),
    ]
    return [(label, value) for label, value in facts if value]


def _amounts(purchase: Purchase) -> Table:
    def money(amount: int) -> str:
        return formats.money(amount, purchase.currency)

    kind = str(purchase.get_kind_display())
    row = (
        kind,
        formats.number(purchase.quantity),
        money(purchase.unit_amount),
        money(purchase.subtotal_amount),
    )
    sums = []
    if purchase.discount_amount:
        sums.append(
            (purchase.discount_name or _("Discount"), f"−{money(purchase.discount_amount)}")
        )
    if purchase.fee_amount:
        sums.append((_("Late fee"), money(purchase.fee_amount)))
    sums.append((_("Total paid"), f"{money(purchase.total_amount)} {purchase.currency.upper()}"))
    return Table(
        title=_("Amounts"),
        headings=(_("Description"), _("Licenses"), _("Price per license"), _("Amount")),
        rows=[row],
        numbers=(1, 2, 3),
        sums=sums,
    )


def _notes(purchase: Purchase) -> list[str]:
    """Return later refunds and disputes as the page shows them; the receipt never changes."""
    notes: list[tuple[Refund | Dispute, str]] = [
        (refund, _("Refund of %(amount)s, %(at)s: %(status)s"))
        for refund in purchase.refunds.filter(problem=None, status__in=VISIBLE_REFUNDS)
    ]
    notes += [
        (dispute, _("Dispute over %(amount)s, %(at)s: %(status)s"))
        for dispute in purchase.disputes.exclude(status__startswith="warning")
    ]
    return [
        text
        % {
            "amount": formats.money(item.amount, item.currency),
            "at": formats.moment(item.created_at),
            "status": item.get_status_display(),
        }
        for item, text in notes
    ]
