"""Rebuild purchases that are missing from a restored copy of the database (R14, R15).

A Checkout Session carries our kind, term and buyer in its metadata. An add-on is only a number of
licenses at its term's locked price, so its purchase can be rebuilt from these. Renewals and
original purchases cannot; support handles those.
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


def add_on_metadata(buyer: Membership, term: Term) -> dict[str, str]:
    """Return the metadata of an add-on's session at the processor; no personal data."""
    return {KIND: PurchaseKind.ADD_ON.value, TERM: str(term.pk), MEMBER: str(buyer.key)}


def rebuild(session: CheckoutSession) -> Purchase | None:
    """Recreate a session's lost purchase as it was before payment.

    Key, price and quantity are the same; names are today's. Returns None if the session is not an
    add-on, its term or buyer is missing, it does not match what the term sells, or support
    already has it. The caller settles it.
    """
    purchase_id = read_uuid(session.purchase_id)
    term, buyer = _find_term(session), _find_buyer(session)
    if not (session.is_ours and purchase_id and term and buyer):
        return None
    if buyer.organization_id != term.organization_id or not _is_sold(session, term):
        return None
    if PaymentProblem.objects.filter(session_id=session.id).exists():
        return None
    # If two callers rebuild it at the same time, one writes it and both use that row.
    purchase, is_new = Purchase.objects.get_or_create(
        pk=purchase_id, defaults=_facts(session, purchase_id, term, buyer)
    )
    if is_new:
        logger.error("purchase %s was lost and has been rebuilt", purchase.pk)
    return purchase


def find_lost_open_sessions(sessions: Iterable[CheckoutSession]) -> set[str]:
    """Return the IDs of add-on sessions that can still be paid but whose purchase is lost."""
    purchase_ids = {
        session.id: purchase_id
        for session in sessions
        if session.is_open and session.metadata.get(KIND) == PurchaseKind.ADD_ON
        if (purchase_id := read_uuid(session.purchase_id))
    }
    known = set(Purchase.objects.filter(pk__in=purchase_ids.values()).values_list("pk", flat=True))
    return {session for session, purchase_id in purchase_ids.items() if purchase_id not in known}


def _is_sold(session: CheckoutSession, term: Term) -> bool:
    """Whether the session's line is what the term sells at its locked price (R10, R11, R15)."""
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


def _find_term(session: CheckoutSession) -> Term | None:
    """Return the session's term, not a later one that reuses a lost term's key."""
    key = read_number(session.metadata.get(TERM, ""))
    if session.metadata.get(KIND) != PurchaseKind.ADD_ON or key is None:
        return None
    terms = Term.objects.select_related("organization")
    return terms.filter(pk=key, created_at__lte=session.created_at).first()


def _find_buyer(session: CheckoutSession) -> Membership | None:
    key = read_uuid(session.metadata.get(MEMBER, ""))
    members = Membership.objects.select_related("user")
    return members.filter(key=key).first() if key else None
