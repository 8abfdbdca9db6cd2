"""Rehearsing a refund: apply it and roll back, so that the preview is exactly what will happen."""

from dataclasses import dataclass

from django.db import transaction

from billing.models import PaymentProblem, Purchase, Refund
from billing.models.locks import lock_purchase
from billing.refunds import reversal
from billing.states import ProblemReason, RefundStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.status import get_status
from subscriptions.models import Term
from subscriptions.policy.expiration import Phase


@dataclass(frozen=True)
class Outcome:
    """An organization before and after a refund, by the real reversal (R30).

    ``canceled`` is the term it would cancel; ``listed`` are the add-ons that would go on support's
    list.
    """

    held_before: int
    held_after: int
    reversed_count: int
    in_use: int
    over_after: int
    phase_before: Phase
    phase_after: Phase
    canceled: Term | None
    listed: tuple[Purchase, ...]


class _RolledBack(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def rehearse(purchase: Purchase, amount: int) -> Outcome:
    """Return the outcome of refunding ``amount`` (minor units) of a settled purchase.

    Nothing is changed. Raises RenewalCheckoutOpen as the real refund would.
    """
    try:
        with transaction.atomic():
            raise _RolledBack(_rehearse(lock_purchase(purchase), amount))
    except _RolledBack as trial:
        return trial.outcome


def _rehearse(purchase: Purchase, amount: int) -> Outcome:
    if purchase.organization is None:
        raise ValueError(f"purchase {purchase.pk} is settled but has no organization")
    before = get_status(purchase.organization, clock.now())
    reversed_before = ledger.reversed_quantity(purchase.reference)
    was_canceled = purchase.term.canceled_at if purchase.term else None
    Refund.objects.create(
        purchase=purchase,
        payment_intent_id=purchase.payment_intent_id or "",
        amount=amount,
        currency=purchase.currency,
        status=RefundStatus.SUCCEEDED,
        created_at=clock.now(),
    )
    reversal.apply(purchase)
    after = get_status(purchase.organization, clock.now())
    term = Term.objects.get(purchases=purchase)
    is_canceled = term.canceled_at is not None and was_canceled is None
    return Outcome(
        held_before=before.licenses.held,
        held_after=after.licenses.held,
        reversed_count=ledger.reversed_quantity(purchase.reference) - reversed_before,
        in_use=after.licenses.in_use,
        over_after=after.licenses.over,
        phase_before=before.phase,
        phase_after=after.phase,
        canceled=term if is_canceled else None,
        listed=_listed_add_ons(term) if is_canceled else (),
    )


def _listed_add_ons(term: Term) -> tuple[Purchase, ...]:
    waiting = PaymentProblem.objects.filter(
        purchase__term=term, reason=ProblemReason.TERM_CANCELED, needs_support=True
    )
    problems = waiting.select_related("purchase")
    return tuple(problem.purchase for problem in problems if problem.purchase)
