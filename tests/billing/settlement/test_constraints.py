"""Database constraints and purchase status transitions (R10, R14)."""

import itertools
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from billing.models import PaymentProblem, ProcessorEvent, Purchase, Refund
from billing.states import (
    ALLOWED_TRANSITIONS,
    ForbiddenTransition,
    PurchaseStatus,
    require_transition,
)
from subscriptions import clock
from subscriptions.models import Renewal
from tests.support.world import World

S = PurchaseStatus


def purchase(world: World, **fields: Any) -> Purchase:
    """Return an add-on row, with ``fields`` overridden."""
    number = uuid.uuid4()
    defaults = {
        "kind": "add_on",
        "organization": world.lakeside,
        "buyer": world.assignor.user,
        "term": world.term,
        "quantity": 10,
        "unit_amount": 500,
        "total_amount": 5000,
        "currency": "usd",
        "organization_name": "Lakeside",
        "package_name": "Association",
        "buyer_name": "Arlo",
        "buyer_email": "assignor@lakeside.example",
        "idempotency_key": f"purchase:{number}",
        "created_at": clock.now(),
        "status": S.PENDING,
    }
    return Purchase(**defaults | fields)


def settled(**fields: Any) -> dict[str, Any]:
    """Return the fields of a paid and fulfilled purchase."""
    times = {"paid_at": clock.now(), "settled_at": clock.now()}
    defaults = {"status": S.SETTLED, "payment_intent_id": "pi_1", "receipt_number": 1}
    return defaults | times | fields


def insert_error(*rows: models.Model) -> str:
    """Insert rows, bypassing the application's checks; return the database's error."""
    # Foreign keys are checked at the end of the transaction, so they do not fail first.
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        type(rows[0])._default_manager.bulk_create(rows)
    return str(caught.value)


INVALID_FIELDS: dict[str, list[dict[str, Any]]] = {
    "purchase_kind_is_known": [{"kind": "gift"}],
    "purchase_status_is_known": [{"status": "paid"}, {"status": ""}],
    "purchase_currency_is_sold": [{"currency": "eur"}, {"currency": "USD"}],
    "purchase_total_multiplies_out": [
        {"total_amount": 4999},
        {"quantity": 15},
        {"unit_amount": 501},
    ],
    "purchase_add_on_is_at_the_locked_price": [
        {"discount_amount": 500, "total_amount": 4500},
        {"fee_amount": 100, "total_amount": 5100},
        {"discount_amount": 100, "fee_amount": 100},
        {"unit_amount": 0, "total_amount": 0},
        {"quantity": 0, "total_amount": 0},
        {"term": None},
    ],
    "purchase_add_on_is_in_groups_of_5": [
        {"quantity": 6, "total_amount": 3000},
        {"quantity": 14, "total_amount": 7000},
    ],
    "purchase_renewal_has_its_renewal": [{"kind": "renewal", "term_years": 1}],
    "purchase_of_a_term_has_its_length": [
        {"kind": "original"},
        {"kind": "original", "term_years": 0},
    ],
    "purchase_discount_has_its_reason": [
        {"kind": "original", "term_years": 1, "discount_amount": 500, "total_amount": 4500}
    ],
    "purchase_has_an_organization": [{"organization": None}],
    "purchase_has_a_receipt_once_settled": [
        {"status": S.SETTLED, "payment_intent_id": "pi_1"},
        {"receipt_number": 1},
    ],
    "purchase_open_has_its_session": [{"status": S.OPEN}],
}


@pytest.mark.parametrize(
    ("name", "fields"),
    [(name, fields) for name, rows in INVALID_FIELDS.items() for fields in rows],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_invalid_purchase_is_refused(world: World, name: str, fields: dict[str, Any]) -> None:
    assert name in insert_error(purchase(world, **fields))
    assert not Purchase.objects.exists()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("purchase_has_a_receipt_once_settled", {"receipt_number": None}),
        ("purchase_has_a_receipt_once_settled", {"receipt_number": 0}),
        ("purchase_has_a_receipt_once_settled", {"paid_at": None}),
        ("purchase_has_a_receipt_once_settled", {"settled_at": None}),
        ("purchase_has_a_receipt_once_settled", {"status": S.REFUNDED}),
        ("purchase_settled_has_its_payment", {"payment_intent_id": None}),
    ],
)
def test_settled_purchase_without_proof_of_payment_is_refused(
    world: World, name: str, fields: dict[str, Any]
) -> None:
    assert name in insert_error(purchase(world, **settled(**fields)))


def test_valid_rows_are_accepted(world: World) -> None:
    """Prove that the tests above fail for the right reason."""
    Purchase.objects.bulk_create(
        [
            purchase(world),
            purchase(world, status=S.OPEN, session_id="cs_test_1"),
            purchase(world, **settled()),
            purchase(
                world, kind="original", organization=None, buyer=None, term=None, term_years=1
            ),
        ]
    )

    assert Purchase.objects.count() == 4


SUBMISSION = uuid.UUID(int=1)
UNIQUE_FIELDS: dict[str, dict[str, Any]] = {
    "purchase_receipt_is_unique": {"receipt_number": 1},
    "purchase_submission_is_unique": {"submission": SUBMISSION},
    "session_id": {"session_id": "cs_test_1"},
    "payment_intent_id": {"payment_intent_id": "pi_1"},
    "idempotency_key": {"idempotency_key": "purchase:1"},
}


def violates(name: str, error: str) -> bool:
    """Return whether the error names this constraint; SQLite only says that it is unique."""
    return name in error if connection.vendor == "postgresql" else "UNIQUE" in error


@pytest.mark.parametrize(("name", "fields"), UNIQUE_FIELDS.items(), ids=UNIQUE_FIELDS)
def test_duplicates_are_refused(world: World, name: str, fields: dict[str, Any]) -> None:
    base = settled() if "receipt_number" in fields else {}
    first = purchase(world, **base | {"payment_intent_id": "pi_a"} | fields)
    second = purchase(world, **base | {"payment_intent_id": "pi_b"} | fields)

    assert violates(name, insert_error(first, second))


def test_receipts_and_submissions_are_unique_per_organization(world: World) -> None:
    harbor = world.stranger.organization
    ours = settled(submission=SUBMISSION)
    theirs = ours | {"organization": harbor, "payment_intent_id": "pi_2"}

    Purchase.objects.bulk_create([purchase(world, **ours), purchase(world, **theirs)])

    assert Purchase.objects.filter(receipt_number=1).count() == 2


def test_renewal_has_one_active_purchase(world: World) -> None:
    renewal = Renewal.objects.create(
        term=world.term, package=world.term.package, state="open", created_at=clock.now()
    )
    fields = {"kind": "renewal", "renewal": renewal, "term": None, "term_years": 1}
    expired = purchase(world, **fields, status=S.EXPIRED)
    Purchase.objects.bulk_create([expired, purchase(world, **fields)])

    error = insert_error(purchase(world, **fields, status=S.OPEN, session_id="cs_test_1"))

    assert violates("purchase_renewal_has_one_unsettled", error)


def problem(**fields: Any) -> PaymentProblem:
    defaults = {"session_id": "cs_test_1", "reason": "mismatch", "needs_support": True}
    return PaymentProblem(**defaults | {"created_at": clock.now()} | fields)


def test_payment_problem_has_a_known_reason_and_its_own_session(world: World) -> None:
    assert "payment_problem_reason_is_known" in insert_error(problem(reason="other"))
    assert violates("session_id", insert_error(problem(), problem()))


class TestRefunds:
    def refund(self, **fields: Any) -> Refund:
        defaults = {"payment_intent_id": "pi_1", "amount": 5000, "currency": "usd"}
        return Refund(**defaults | {"status": "requested", "created_at": clock.now()} | fields)

    def test_refund_has_a_known_status_and_an_amount(self, world: World) -> None:
        assert "refund_status_is_known" in insert_error(self.refund(status="done"))
        assert "refund_amount_is_positive" in insert_error(self.refund(amount=0))

    def test_one_refund_per_payment_unless_it_failed(self, world: World) -> None:
        saved = PaymentProblem.objects.bulk_create([problem()])[0]
        ended = [self.refund(problem=saved, status=status) for status in ("failed", "canceled")]
        Refund.objects.bulk_create([*ended, self.refund(problem=saved)])

        error = insert_error(self.refund(problem=saved, status="pending"))

        assert violates("refund_of_a_problem_is_unique", error)

    def test_refund_id_is_unique(self, world: World) -> None:
        rows = [self.refund(refund_id="a") for _ in range(2)]
        assert violates("refund_id", insert_error(*rows))


def test_event_is_stored_once(world: World) -> None:
    row = {"event_id": "evt_1", "type": "a", "received_at": clock.now()}

    assert violates("event_id", insert_error(ProcessorEvent(**row), ProcessorEvent(**row)))


# Repeated here so that the table is not changed by accident.
NEXT_STATUSES = {
    S.PENDING: {S.OPEN, S.EXPIRED, S.ABANDONED, S.SETTLED, S.REFUNDING, S.REVIEW},
    S.OPEN: {S.EXPIRED, S.ABANDONED, S.SETTLED, S.REFUNDING, S.REVIEW},
    S.ABANDONED: {S.EXPIRED, S.SETTLED, S.REFUNDING, S.REVIEW},
    S.EXPIRED: {S.SETTLED, S.REFUNDING, S.REVIEW},
    S.REFUNDING: {S.REFUNDED, S.REVIEW},
    S.REFUNDED: {S.REVIEW},
    S.REVIEW: {S.SETTLED, S.REFUNDING, S.REFUNDED},
    S.SETTLED: set(),
}


@pytest.mark.parametrize(
    ("before", "after"), list(itertools.product(S, S)), ids=lambda state: state.value
)
def test_allowed_status_transitions(before: S, after: S) -> None:
    if after in NEXT_STATUSES[before]:
        require_transition(before, after)
    else:
        with pytest.raises(ForbiddenTransition):
            require_transition(before, after)


def test_every_status_is_in_the_transition_table() -> None:
    assert set(ALLOWED_TRANSITIONS) == set(S)
    assert ALLOWED_TRANSITIONS[S.SETTLED] == set()


def test_membership_requires_a_license(world: World) -> None:
    """R4"""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        world.lakeside.memberships.update(license_number=None)

    assert "membership_holds_a_license_unless_removed" in str(caught.value)


def test_renewal_being_paid_requires_a_quantity(world: World) -> None:
    renewal = Renewal(term=world.term, package=world.term.package, created_at=clock.now())
    renewal.state = "paying"

    assert "renewal_quantity_is_frozen_while_paying" in insert_error(renewal)
