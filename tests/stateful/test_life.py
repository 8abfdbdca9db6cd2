"""Several terms of a subscription, compared with a model (R5, R10, R11, R16-R25, R27)."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.checkout import add_ons
from billing.checkout.add_ons import Order
from billing.checkout.renewals import RenewalOrder, plan_renewal, start_renewal
from billing.events.reconcile import reconcile
from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle as settlement
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from tests.stateful.life import Model, ModelTerm
from tests.support.factories import PackageFactory
from tests.support.world import TERM_END, TERM_START, TODAY, World, build_world, local, remove

pytestmark = pytest.mark.one_database

INCLUDED = 8
QUANTITIES = st.sampled_from([5, 10, 25])

PROFILE = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class StatefulLife(RuleBasedStateMachine):
    """One organization per example, starting in the middle of its first term."""

    stripe: SandboxControl

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.stripe.reset()
        self.world: World = build_world(licenses=INCLUDED, stripe=self.stripe)
        # The processor's clock can be set freely until its first request.
        self.model = Model(
            today=TODAY,
            terms=[ModelTerm(TERM_START, TERM_END, 500, [(TERM_START, INCLUDED)])],
            members=4,
        )
        self.names = 0

    @initialize()
    def create_packages(self) -> None:
        self.short = self.world.term.package
        self.long = PackageFactory.create(
            name="Two years", unit_amount=800, term_years=2, minimum_licenses=12
        )

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.savepoint)

    # Time

    def move_to(self, day: date) -> None:
        self.model.today = day
        self.world.at(local(day, 12))
        reconcile()
        self.model.paying = None

    @rule(days=st.sampled_from([1, 1, 2, 7, 20, 45, 120]))
    def time_passes(self, days: int) -> None:
        self.move_to(self.model.today + timedelta(days=days))

    @rule(days=st.sampled_from([-31, -30, -29, -1, 0, 1, 13, 14, 15]))
    def time_approaches_the_end(self, days: int) -> None:
        day = self.model.latest.last_day + timedelta(days=days)
        if day > self.model.today:
            self.move_to(day)

    # The price list

    @rule(unit_amount=st.integers(100, 900), is_long=st.booleans())
    def reprice_a_package(self, unit_amount: int, is_long: bool) -> None:
        package = self.long if is_long else self.short
        package.unit_amount = unit_amount
        package.save()

    # Buying

    @rule(quantity=QUANTITIES)
    def buy_add_ons(self, quantity: int) -> None:
        order = Order(quantity, uuid.uuid4(), is_repeat=True)
        try:
            purchase = add_ons.start_purchase(self.world.assignor, order)
        except Refused:
            assert not self.model.sells_add_ons()
            return
        assert self.model.sells_add_ons()
        self.settle(purchase)
        self.model.buy_add_ons(quantity)

    @rule(is_long=st.booleans(), is_paid=st.sampled_from([True, True, False]))
    def renew(self, is_long: bool, is_paid: bool) -> None:
        package = self.long if is_long else self.short
        try:
            plan = plan_renewal(get_status(self.world.lakeside, clock.now()), package)
        except Refused:
            assert not self.model.renewal_is_open()
            return
        assert self.model.renewal_is_open()
        number = self.model.renewal_number(package.minimum_licenses)
        assert plan.price.quantity == number
        assert plan.price.total == number * package.unit_amount
        order = RenewalOrder(package, "", plan.fingerprint, uuid.uuid4())
        purchase = start_renewal(self.world.administrator, order)
        if is_paid:
            self.settle(purchase)
            self.model.renew(number, package.unit_amount, package.term_years)
        else:
            self.model.paying = number

    def settle(self, purchase: Purchase) -> None:
        self.world.pay(purchase)
        settled = settlement.settle(purchase.session_id or "")
        assert settled is not None
        assert settled.status == PurchaseStatus.SETTLED

    # Support

    @precondition(lambda self: self.model.renewal_is_open() and self.model.paying is None)
    @rule(number=st.integers(1, 10))
    def support_removes_licenses(self, number: int) -> None:
        remaining = self.model.latest.licenses() - self.model.removed - number
        if remaining < self.model.members:
            return
        remove(self.world, number)
        self.model.removed += number

    # Members

    @rule()
    def add_a_member(self) -> None:
        self.names += 1
        new = NewMember("Nora", f"nora{self.names}@new.example", Role.GENERAL_MEMBER)
        has_room = self.model.members < self.model.member_limit()
        try:
            members.add(self.world.administrator, new)
        except Refused:
            assert not has_room
        else:
            assert has_room
            self.model.members += 1

    @precondition(lambda self: self.model.members > 4)
    @rule()
    def remove_a_member(self) -> None:
        invited = self.world.lakeside.memberships.filter(state="invited").latest("pk")
        members.remove(self.world.administrator, invited)
        self.model.members -= 1

    # Invariants

    @invariant()
    def ledger_matches_the_model_on_key_days(self) -> None:
        days = {self.model.today}
        for term in self.model.terms:
            for day in (term.first_day, term.last_day):
                days |= {day - timedelta(days=1), day, day + timedelta(days=1)}
            days |= {first for first, _ in term.fulfillments}
        ordered = sorted(days)

        held = ledger.held_at(self.world.lakeside, [local(day, 12) for day in ordered])

        # Today's entry counts from now, which is noon.
        assert held == [self.model.held_on(day) for day in ordered]

    @invariant()
    def terms_and_receipts_match(self) -> None:
        terms = self.world.lakeside.terms.order_by("starts_on")
        assert [(term.starts_on, term.expires_on, term.unit_amount) for term in terms] == [
            (term.first_day, term.last_day, term.unit_amount) for term in self.model.terms
        ]
        settled = Purchase.objects.filter(
            organization=self.world.lakeside, status=PurchaseStatus.SETTLED
        ).order_by("receipt_number")
        assert [
            (p.kind, p.quantity, p.unit_amount, p.total_amount) for p in settled
        ] == self.model.receipts
        assert [purchase.receipt_number for purchase in settled] == [*range(1, len(settled) + 1)]

    @invariant()
    def every_user_has_a_license_during_the_term(self) -> None:
        count = get_status(self.world.lakeside, clock.now()).licenses
        assert count.in_use == self.model.members
        if self.model.days_remaining() >= 0:
            assert count.in_use <= count.held


@pytest.mark.django_db
@pytest.mark.usefixtures("db")
def test_several_terms_match_the_model(stripe: SandboxControl) -> None:
    StatefulLife.stripe = stripe
    run_state_machine_as_test(StatefulLife, settings=PROFILE)
