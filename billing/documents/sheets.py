"""The verification sheet of a term: its ledger and receipts, for a board to check (R29, R31)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from billing.documents.typesetting import Document, Table, get_footer, typeset
from billing.models import Purchase
from billing.models.purchases import seller_now
from subscriptions import clock
from subscriptions.models import LicenseEntry, Organization, Term
from subscriptions.text import formats


def sheet_pdf(organization: Organization, terms: Sequence[Term]) -> bytes:
    """Return the PDF for ``terms``: one, or several that began on the same day."""
    document = Document(
        title=_("Verification sheet"),
        seller=seller_now(),
        recipient=organization.name,
        facts=[
            (_("As of"), formats.moment(clock.now())),
            *(fact for term in terms for fact in _facts(term)),
        ],
        tables=[table for term in terms for table in _tables(term, is_only_term=len(terms) == 1)],
        notes=[
            _(
                "The number of licenses held is the sum of the ledger entries. Entries cannot be "
                "changed or deleted. Each one shows its receipt and who made it."
            )
        ],
        footer=get_footer(seller_now()),
    )
    return typeset(document, made_at=clock.now())


def sheet_rows(terms: Sequence[Term]) -> Iterator[list[str | int]]:
    """Yield the same as CSV rows: times in ISO 8601, amounts in major units with two decimals."""
    for term in terms:
        yield [
            _("Term"),
            term.starts_on.isoformat(),
            term.package_name,
            "",
            term.expires_on.isoformat(),
            "",
            "",
            _decimal(term.unit_amount),
            "",
            term.currency.upper(),
        ]
        held = 0
        for entry in _entries(term):
            held += entry.quantity
            cells: list[str | int] = [_iso(entry.effective_at), str(entry.get_cause_display())]
            cells += [entry.quantity, held, entry.reference, str(entry.actor or "")]
            yield [_("Ledger"), *cells, "", "", ""]
        for purchase in _purchases(term):
            yield [
                _("Receipt"),
                _iso(purchase.paid_at or purchase.created_at),
                str(purchase.get_kind_display()),
                purchase.quantity,
                purchase.receipt_number or "",
                purchase.reference,
                purchase.buyer_name,
                _decimal(purchase.total_amount),
                _decimal(purchase.refunded_amount),
                purchase.currency.upper(),
            ]


def sheet_heading() -> list[str]:
    """Return the headings of ``sheet_rows``; a term's price is for one license."""
    return [
        _("Section"),
        _("From"),
        _("Description"),
        _("Licenses"),
        _("Held, receipt number, or last day"),
        _("Reference"),
        _("By"),
        _("Total or price"),
        _("Refunded"),
        _("Currency"),
    ]


def _iso(instant: datetime) -> str:
    return instant.astimezone(clock.zone()).isoformat(timespec="seconds")


def _facts(term: Term) -> list[tuple[str, str]]:
    price = formats.money(term.unit_amount, term.currency)
    facts = [
        (_("Term"), formats.validity(term.starts_on, term.expires_on)),
        (
            _("Package"),
            _("%(name)s, %(price)s per license")
            % {
                "name": term.package_name,
                "price": price,
            },
        ),
    ]
    if term.canceled_at:
        facts.append((_("Canceled"), formats.moment(term.canceled_at)))
    return facts


def _entries(term: Term) -> list[LicenseEntry]:
    entries = term.license_entries.select_related("actor", "reverses").order_by(
        "effective_at", "created_at"
    )
    return list(entries)


def _purchases(term: Term) -> list[Purchase]:
    return list(term.purchases.exclude(receipt_number=None).order_by("receipt_number"))


def _tables(term: Term, *, is_only_term: bool) -> tuple[Table, Table]:
    """Return ledger and receipts; titles distinguish terms that began on the same day."""
    purchases = _purchases(term)
    ledger, receipts = _ledger(term, purchases), _receipts(term, purchases)
    if is_only_term:
        return ledger, receipts
    suffix = f"{term.package_name}, {formats.moment(term.created_at)}"
    return (
        replace(ledger, title=f"{ledger.title}: {suffix}"),
        replace(receipts, title=f"{receipts.title}: {suffix}"),
    )


def _ledger(term: Term, purchases: Sequence[Purchase]) -> Table:
    receipt_numbers = {purchase.reference: purchase.receipt_number for purchase in purchases}
    rows, held = [], 0
    for entry in _entries(term):
        held += entry.quantity
        rows.append(
            (
                _cause(entry, receipt_numbers),
                formats.moment(entry.effective_at),
                f"{entry.quantity:+d}".replace("-", "−"),
                formats.number(held),
            )
        )
    return Table(
        title=_("License ledger"),
        headings=(_("Cause"), _("From"), _("Licenses"), _("Held")),
        rows=rows,
        numbers=(2, 3),
        sums=[(_("Total held"), formats.number(held))],
    )


def _cause(entry: LicenseEntry, receipt_numbers: Mapping[str, int | None]) -> str:
    """Return an entry's cause, receipt and actor, so that it can be checked (R29)."""
    reference = entry.reverses.reference if entry.reverses else entry.reference
    number = receipt_numbers.get(reference)
    lines = [
        str(entry.get_cause_display()),
        _("Receipt %(number)s") % {"number": number} if number else entry.reference,
        str(entry.actor or ""),
        _(entry.note) if entry.note else "",
    ]
    return "\n".join(line for line in lines if line)


def _receipts(term: Term, purchases: Sequence[Purchase]) -> Table:
    def money(amount: int) -> str:
        return formats.money(amount, term.currency)

    paid = sum(purchase.total_amount for purchase in purchases)
    refunded = sum(purchase.refunded_amount for purchase in purchases)
    sums = [(_("Paid"), money(paid))]
    if refunded:
        sums += [(_("Refunded"), f"−{money(refunded)}"), (_("Remaining"), money(paid - refunded))]
    return Table(
        title=_("Receipts"),
        headings=(_("Description"), _("Receipt"), _("Paid"), _("Licenses"), _("Total")),
        rows=[
            (
                f"{purchase.get_kind_display()}\n{purchase.buyer_name}",
                str(purchase.receipt_number),
                formats.moment(purchase.paid_at) if purchase.paid_at else "",
                formats.number(purchase.quantity),
                money(purchase.total_amount),
            )
            for purchase in purchases
        ],
        numbers=(1, 3, 4),
        sums=sums,
    )


def _decimal(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
