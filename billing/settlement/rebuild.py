"""Writing down again what a restored copy of the database has lost (R14, R15).

A Checkout Session carries what it was made for, by keys of ours: kind, term and buyer. An add-on
is nothing but a number of licenses at the price that its term has locked, so its purchase can be
worked out from them. Renewals and original purchases cannot; they stay with support.
"""

import logging
from collections.abc import Iterable
from uuid import UUID

from billing.gateway import processor
from billing.gateway.types import CheckoutSession
from billing.models import PaymentProblem, Purchase
from billing.models.purchases import frozen_names
from billing.states import PurchaseKind, PurchaseStatus
from subscriptions.models import Membership, Term
from subscriptions.policy import add_ons
from subscriptions.policy.refusal import Refusal
from subscriptions.text.ids import read_number, read_uuid

logger = logging.getLogger(__name__)

KIND, TERM, MEMBER = "kind", "term", "member"


def kept_for_an_add_on(buyer: Membership, term: Term) -> dict[str, str]:
    """What the processor keeps with the session of an add-on; no personal data."""
    return {KIND: PurchaseKind.ADD_ON.value, TERM: str(term.pk), MEMBER: str(buyer.key)}


def rebuild(session: CheckoutSession) -> Purchase | None:
    """Write the lost purchase of a session down as it was before it was paid.

    Its number, key, price and quantity are the same; names are as they are now. None where it is
    no add-on, where term or buyer are not there, where anything differs from what the term sells,
    or where support has it already. Settling it is the caller's.
    """
    purchase_id = read_uuid(session.purchase_id)
    term, buyer = _term(session), _buyer(session)
    if not (session.is_ours and purchase_id and term and buyer):
        return None
    if buyer.organization_id != term.organization_id or not _is_sold(session, term):
        return None
    if PaymentProblem.objects.filter(session_id=session.id).exists():
        return None
    # Two who hear of it at the same moment: one writes, both go on with that row.
    purchase, is_new = Purchase.objects.get_or_create(
        pk=purchase_id, defaults=_facts(session, purchase_id, term, buyer)
    )
    if is_new:
        logger.error("purchase %s was lost, and is written down again", purchase.pk)
    return purchase


def lost_and_open(sessions: Iterable[CheckoutSession]) -> set[str]:
    """The sessions of add-ons that can still be paid and whose purchase is not there any more."""
    purchase_of = {
        session.id: number
        for session in sessions
        if session.is_open and session.kept.get(KIND) == PurchaseKind.ADD_ON
        if (number := read_uuid(session.purchase_id))
    }
    there = set(Purchase.objects.filter(pk__in=purchase_of.values()).values_list("pk", flat=True))
    return {session for session, number in purchase_of.items() if number not in there}


def _is_sold(session: CheckoutSession, term: Term) -> bool:
    """Whether its line is what the term sells, at its locked price (R10, R11, R15)."""
    if session.quantity is None or session.unit_amount != term.unit_amount:
        return False
    decision = add_ons.check_quantity(
        session.quantity, unit_amount=term.unit_amount, currency=term.currency
    )
    total = session.quantity * term.unit_amount
    paid = session.payment.amount if session.payment else total
    return not isinstance(decision, Refusal) and (
        (session.amount_total, paid, session.currency, session.livemode)
        == (total, total, term.currency, processor.livemode())
    )


def _facts(
    session: CheckoutSession, purchase_id: UUID, term: Term, buyer: Membership
) -> dict[str, object]:
    return {
        "kind": PurchaseKind.ADD_ON,
        "status": PurchaseStatus.OPEN,
        "organization": term.organization,
        "buyer": buyer.user,
        "term": term,
        "quantity": session.quantity,
        "unit_amount": term.unit_amount,
        "total_amount": session.amount_total,
        "currency": term.currency,
        **frozen_names(term.organization, buyer.user),
        "package_name": term.package_name,
        "term_starts_on": term.starts_on,
        "term_expires_on": term.expires_on,
        "idempotency_key": f"purchase:{purchase_id}",
        "created_at": session.created_at,
        "session_id": session.id,
        "session_url": session.url,
        "session_expires_at": session.expires_at,
    }


def _term(session: CheckoutSession) -> Term | None:
    """The term it was for; not one that was made later under a number that was lost."""
    key = read_number(session.kept.get(TERM, ""))
    if session.kept.get(KIND) != PurchaseKind.ADD_ON or key is None:
        return None
    terms = Term.objects.select_related("organization")
    return terms.filter(pk=key, created_at__lte=session.created_at).first()


def _buyer(session: CheckoutSession) -> Membership | None:
    key = read_uuid(session.kept.get(MEMBER, ""))
    members = Membership.objects.select_related("user")
    return members.filter(key=key).first() if key else None
