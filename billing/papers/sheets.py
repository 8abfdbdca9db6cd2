"""The verification sheet of a term: its ledger and receipts, for a board to check (R29, R31)."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from billing.models import Purchase
from billing.papers.typesetting import Paper, Table, typeset
from billing.seller import foot, seller_now
from subscriptions import clock, formats
from subscriptions.models import LicenseEntry, Organization, Term


def sheet_pdf(organization: Organization, terms: Sequence[Term]) -> bytes:
    """The PDF about ``terms``: one, or several that began on the same day."""
    paper = Paper(
        title=_("Verification sheet"),
        seller=seller_now(),
        recipient=organization.name,
        facts=[
            (_("As of"), formats.moment(clock.now())),
            *(fact for term in terms for fact in _facts(term)),
        ],
        tables=[table for term in terms for table in (_ledger(term), _receipts(term))],
        notes=[
            _(
                "Licenses are entries of a ledger that nobody can change: the number held is their "
                "sum. Each entry names the purchase that caused it."
            )
        ],
        foot=foot(),
    )
    return typeset(paper, made_at=clock.now())


def sheet_rows(terms: Sequence[Term]) -> Iterator[list[str | int]]:
    """The same as rows for CSV: times in ISO 8601, amounts in major units with two decimals."""
    zone = clock.zone()
    for term in terms:
        held = 0
        for entry in _entries(term):
            held += entry.quantity
            at = entry.effective_at.astimezone(zone).isoformat(timespec="seconds")
            cause = str(entry.get_cause_display())
            by = str(entry.actor or "")
            cells: list[str | int] = [at, cause, entry.quantity, held, entry.reference, by]
            yield [_("Ledger"), *cells, "", ""]
        for purchase in _purchases(term):
            paid_at = purchase.paid_at or purchase.created_at
            cells = [
                paid_at.astimezone(zone).isoformat(timespec="seconds"),
                str(purchase.get_kind_display()),
                purchase.quantity,
                purchase.receipt_number or "",
                purchase.reference,
                purchase.buyer_name,
                _decimal(purchase.total_amount),
                _decimal(purchase.refunded_amount),
            ]
            yield [_("Receipt"), *cells]


def sheet_heading() -> list[str]:
    """The headings of ``sheet_rows``."""
    return [
        _("Part"),
        _("From"),
        _("What"),
        _("Licenses"),
        _("Held, or receipt"),
        _("Reference"),
        _("By"),
        _("Total"),
        _("Given back"),
    ]


def _facts(term: Term) -> list[tuple[str, str]]:
    starts, until = formats.full_date(term.starts_on), formats.end_of(term.expires_on)
    price = formats.money(term.unit_amount, term.currency)
    facts = [
        (_("Term"), _("%(starts)s, until %(until)s") % {"starts": starts, "until": until}),
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
    entries = term.license_entries.select_related("actor").order_by("effective_at", "created_at")
    return list(entries)


def _purchases(term: Term) -> list[Purchase]:
    return list(term.purchases.exclude(receipt_number=None).order_by("receipt_number"))


def _ledger(term: Term) -> Table:
    rows, held = [], 0
    for entry in _entries(term):
        held += entry.quantity
        rows.append(
            (
                _cause(entry),
                formats.moment(entry.effective_at),
                f"{entry.quantity:+d}".replace("-", "−"),
                formats.number(held),
            )
        )
    return Table(
        title=_("Ledger of licenses"),
        headings=(_("Cause"), _("From"), _("Licenses"), _("Held")),
        rows=rows,
        numbers=(2, 3),
        sums=[(_("Held at the end"), formats.number(held))],
    )


def _cause(entry: LicenseEntry) -> str:
    cause = str(entry.get_cause_display())
    return f"{cause}\n{entry.note}" if entry.note else cause


def _receipts(term: Term) -> Table:
    purchases = _purchases(term)

    def money(amount: int) -> str:
        return formats.money(amount, term.currency)

    paid = sum(purchase.total_amount for purchase in purchases)
    returned = sum(purchase.refunded_amount for purchase in purchases)
    sums = [(_("Paid"), money(paid))]
    if returned:
        sums += [(_("Given back"), f"−{money(returned)}"), (_("Left"), money(paid - returned))]
    return Table(
        title=_("Receipts"),
        headings=(_("What"), _("Receipt"), _("Paid"), _("Licenses"), _("Total")),
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
