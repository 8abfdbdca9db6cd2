"""Licenses over months of events in any order, compared with a model (R3-R5, R10-R19, R31)."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from billing.checkout import add_ons
from billing.checkout.add_ons import Order
from billing.events.reconcile import reconcile
from billing.gateway.types import ProcessorUnavailable
from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement import settle
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.members import invitations, members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseEntry, Membership, User
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from subscriptions.text import links
from tests.billing.deliveries import COMPLETED, EXPIRED, deliver, event
from tests.stateful.model import END, WINDOW, Model, Person, Sale, is_refused, pick
from tests.support.world import DECLINED_CARD, GOOD_CARD, World, build_world, count_members

pytestmark = pytest.mark.one_database

INCLUDED = 6
NUMBERS = st.integers(0, 1000)
QUANTITIES = st.sampled_from([5, 5, 10, 10, 15, 0, 7, -5])
NEWCOMERS = st.sampled_from([f"person{number}@new.example" for number in range(14)])
ROLES = st.sampled_from([Role.GENERAL_MEMBER, Role.OBSERVER, Role.ASSIGNOR, Role.ADMINISTRATOR])
CARDS = st.sampled_from(["good", "good", "good", "declined", "refused"])
CREATE = "/v1/checkout/sessions"

# Each seed is a separate test that always runs the same examples, because after about ten,
# Hypothesis mostly varies earlier ones. Add Phase.shrink to shrink failures; it takes minutes.
SEEDS = range(4)
PROFILE = settings(
    max_examples=7,
    stateful_step_count=45,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class StatefulLicenses(RuleBasedStateMachine):
    """One organization per example, rolled back at the end."""

    stripe: SandboxControl

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.stripe.reset()
        self.world: World = build_world(licenses=INCLUDED, stripe=self.stripe)
        self.links: list[tuple[str, int, str]] = []
        self.actions = 0  # actions since the last long wait
        self.model = Model(
            included=INCLUDED,
            now=clock.now(),
            people={
                member.user.email: Person(member.role, signed_in=True)
                for member in self.world.lakeside.memberships.select_related("user")
            },
        )

    def teardown(self) -> None:
        try:
            self.assert_everything_settles()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    # Helpers

    def membership(self, email: str) -> Membership:
        return Membership.objects.select_related("user", "organization").get(
            organization=self.world.lakeside, user__email=email
        )

    def session_of(self, key: str) -> str | None:
        found = [s for s in self.stripe.sessions() if s["metadata"]["purchase"] == key]
        return found[0]["id"] if found else None

    def move_to(self, instant: datetime) -> None:
        self.world.at(instant)
        self.model.now = clock.now()

    def pick_purchase(self, number: int) -> str:
        return pick(list(self.model.sales), number)

    # Buying

    @rule(
        quantity=QUANTITIES,
        number=NUMBERS,
        is_repeat=st.booleans(),
        step=st.sampled_from(["leave", "pay", "pay", "return", "return"]),
        card=CARDS,
    )
    def buy(self, quantity: int, number: int, is_repeat: bool, step: str, card: str) -> None:
        key = self.start_buying(quantity, number, is_repeat)
        if key is not None and step != "leave":
            self.try_card(key, card)
        if key is not None and step == "return":
            settle.settle(self.session_of(key) or "")
            self.model.sync(key)

    def start_buying(self, quantity: int, number: int, is_repeat: bool) -> str | None:
        self.actions += 1
        self.move_to(self.model.now + timedelta(seconds=1))
        buyer = pick(self.model.managers(), number)
        page = self.model.page_of(buyer, quantity)
        if page is not None:
            self.model.sync(page)
            sale = self.model.sales[page]
            has_time = sale.expires_at > self.model.now + timedelta(minutes=5)
            page = page if sale.status == "open" and has_time else None
        order = Order(quantity, uuid.uuid4(), is_repeat=is_repeat)
        try:
            purchase = add_ons.start_purchase(self.membership(buyer), order)
        except Refused:
            assert page is None
            assert not self.model.is_sold(quantity)
        except add_ons.RepeatedPurchase:
            assert page is None
            assert not is_repeat
            assert self.model.has_just_bought(buyer, quantity)
        else:
            key = str(purchase.pk)
            assert purchase.status == PurchaseStatus.OPEN
            assert page in (None, key)
            if page is None:
                assert self.model.is_sold(quantity)
                assert is_repeat or not self.model.has_just_bought(buyer, quantity)
                assert key not in self.model.sales
                self.model.sales[key] = Sale(quantity, buyer, self.model.now)
            return key
        return None

    @precondition(
        lambda self: self.actions % 4 == 3 and self.model.now < WINDOW - timedelta(minutes=1)
    )
    @rule(quantity=st.sampled_from([20, 25]), number=NUMBERS, is_created=st.booleans())
    def buy_with_lost_response(self, quantity: int, number: int, is_created: bool) -> None:
        self.actions += 1
        self.move_to(self.model.now + timedelta(seconds=1))
        buyer = pick(self.model.managers(), number)
        if self.model.page_of(buyer, quantity):
            return
        kind = "drop_after" if is_created else "drop_before"
        self.stripe.fault(kind, method="POST", path=CREATE)
        with pytest.raises(ProcessorUnavailable):
            add_ons.start_purchase(
                self.membership(buyer), Order(quantity, uuid.uuid4(), is_repeat=True)
            )
        self.stripe.clear_faults()
        key = str(Purchase.objects.latest("created_at").pk)
        self.model.sales[key] = Sale(
            quantity, buyer, self.model.now, status="pending", has_session=is_created
        )

    @precondition(lambda self: self.model.sales)
    @rule(number=NUMBERS, card=CARDS)
    def pay(self, number: int, card: str) -> None:
        self.try_card(self.pick_purchase(number), card)

    def try_card(self, key: str, card: str) -> None:
        session, sale = self.session_of(key), self.model.sales[key]
        if session is None:
            return
        options: dict[str, Any] = {"funding": "charge_card"} if card == "refused" else {}
        card_number = DECLINED_CARD if card == "declined" else GOOD_CARD
        outcome = self.stripe.pay(session, card=card_number, **options)["outcome"]
        if not sale.can_be_paid(self.model.now):
            assert outcome == "not_open"
        elif card == "declined":
            assert outcome == "declined"
        else:
            assert outcome == "paid"
            sale.is_paid, sale.is_accepted = True, card == "good"

    @precondition(lambda self: self.model.sales)
    @rule(number=NUMBERS, source=st.sampled_from(["page", "completed", "expired"]), times=NUMBERS)
    def send_webhook(self, number: int, source: str, times: int) -> None:
        key = self.pick_purchase(number)
        session = self.session_of(key)
        if session is None:
            return
        for _ in range(times % 3 + 1):
            if source == "page":
                settle.settle(session)
            else:
                kind = COMPLETED if source == "completed" else EXPIRED
                assert deliver(event(kind, session)).status_code == 200
        self.model.sync(key)

    @precondition(lambda self: self.model.sales)
    @rule(number=NUMBERS)
    def processor_is_unavailable(self, number: int) -> None:
        key = self.pick_purchase(number)
        session = self.session_of(key)
        if session is None or self.model.sales[key].status == "settled":
            return
        self.stripe.fault("error", method="GET", status=500)
        with pytest.raises(ProcessorUnavailable):
            settle.settle(session)
        self.stripe.clear_faults()

    @precondition(lambda self: self.model.sales)
    @rule(number=NUMBERS)
    def expire(self, number: int) -> None:
        key = self.pick_purchase(number)
        session, sale = self.session_of(key), self.model.sales[key]
        if session is not None and sale.can_be_paid(self.model.now):
            self.stripe.expire(session)
            sale.was_expired = True

    @rule()
    def reconcile(self) -> None:
        assert reconcile().failures == 0
        self.model.reconcile()

    # Members

    @rule(number=NUMBERS, email=NEWCOMERS, role=ROLES)
    def add(self, number: int, email: str, role: Role) -> None:
        self.actions += 1
        actor = pick(self.model.managers(), number)
        allowed = self.model.may_add(actor, email, role)
        new = NewMember("New", email, role)
        assert is_refused(lambda: members.add(self.membership(actor), new)) != allowed
        if allowed:
            person = self.model.people.setdefault(email, Person(role, invitation=0))
            person.role, person.state = role, "invited"
            self.record_invitation(email)

    @precondition(lambda self: self.model.held - self.model.in_use <= 12)
    @rule(number=NUMBERS)
    def fill_up(self, number: int) -> None:
        """Add members until every license is in use, and one more."""
        while self.model.held > self.model.in_use:
            self.add(number, f"crowd{len(self.model.people)}@new.example", Role.GENERAL_MEMBER)
        self.add(number, "one-too-many@new.example", Role.GENERAL_MEMBER)

    @rule(number=NUMBERS, other=NUMBERS)
    def invite_again(self, number: int, other: int) -> None:
        actor = pick(self.model.managers(), number)
        email = pick(self.model.members(), other)
        invited = self.model.people[email].state == "invited"
        allowed = invited and self.model.may_change(actor, email)
        refused = is_refused(
            lambda: members.reinvite(self.membership(actor), self.membership(email))
        )
        assert refused != allowed
        if allowed:
            self.record_invitation(email)

    def record_invitation(self, email: str) -> None:
        person = self.model.people[email]
        person.invited_at, person.invitation = self.model.now, person.invitation + 1
        token = links.invitation_link(self.membership(email)).rstrip("/").rpartition("/")[2]
        self.links.append((email, person.invitation, token))

    @precondition(lambda self: self.links)
    @rule(number=NUMBERS)
    def follow_a_link(self, number: int) -> None:
        email, invitation, token = self.links[-1 - number % len(self.links)]
        works = self.model.link_works(email, invitation)
        assert is_refused(lambda: members.join(invitations.get_membership(token))) != works
        if works:
            person = self.model.people[email]
            person.state, person.signed_in = "active", True
            User.objects.filter(email=email).update(last_login=self.model.now)

    @rule(number=NUMBERS, other=NUMBERS)
    def remove(self, number: int, other: int) -> None:
        actor = pick(self.model.managers(), number)
        email = pick(self.model.members(), other)
        allowed = self.model.may_change(actor, email) and self.model.may_lose_role(email)
        refused = is_refused(lambda: members.remove(self.membership(actor), self.membership(email)))
        assert refused != allowed
        if allowed:
            self.model.people[email].state = "removed"

    @rule(number=NUMBERS, other=NUMBERS, role=ROLES)
    def change_role(self, number: int, other: int, role: Role) -> None:
        actor = pick(self.model.managers(), number)
        email = pick(self.model.members(), other)
        person = self.model.people[email]
        keeps = person.role == role or self.model.may_lose_role(email)
        allowed = (
            self.model.may_change(actor, email) and self.model.may_grant(actor, role) and keeps
        )
        refused = is_refused(
            lambda: members.change_role(self.membership(actor), self.membership(email), role)
        )
        assert refused != allowed
        if allowed:
            person.role = role

    # Time

    @rule(minutes=st.sampled_from([1, 3, 4, 6, 10, 29, 34, 36]))
    def minutes_pass(self, minutes: int) -> None:
        self.move_to(self.model.now + timedelta(minutes=minutes))

    @precondition(lambda self: self.actions >= 6)
    @rule(days=st.sampled_from([1, 13, 14, 30, 60]))
    def days_pass(self, days: int) -> None:
        self.actions = 0
        self.move_to(self.model.now + timedelta(days=days))

    @precondition(lambda self: self.actions >= 10)
    @rule(boundary=st.sampled_from([WINDOW, END]), seconds=st.sampled_from([-600, -1, 0, 1]))
    def move_to_a_boundary(self, boundary: datetime, seconds: int) -> None:
        instant = boundary + timedelta(seconds=seconds)
        self.actions = 0
        if instant > self.model.now:
            self.move_to(instant)

    # Invariants

    @invariant()
    def licenses_agree(self) -> None:
        held = ledger.held_at(self.world.lakeside, [clock.now()])[0]
        rows = Membership.objects.filter(organization=self.world.lakeside)
        numbers = sorted(m.license_number for m in rows if m.license_number is not None)
        assert held == self.model.held
        assert len(numbers) == len(set(numbers)) == self.model.in_use
        assert count_members(self.world.lakeside) == self.model.in_use
        if self.model.now < END:
            assert len(numbers) <= held
            assert numbers[-1] <= held

    @invariant()
    def ledger_matches(self) -> None:
        statuses = {str(pk): status for pk, status in Purchase.objects.values_list("pk", "status")}
        assert statuses == {key: sale.status for key, sale in self.model.sales.items()}
        receipts = Purchase.objects.exclude(receipt_number=None)
        numbers = sorted(
            number or 0 for number in receipts.values_list("receipt_number", flat=True)
        )
        assert numbers == list(range(1, self.model.receipts + 1))

    @invariant()
    def an_administrator_always_remains(self) -> None:
        assert any(
            person.role == "administrator" and person.state == "active" and person.signed_in
            for person in self.model.people.values()
        )

    def assert_everything_settles(self) -> None:
        """Check that each paid session is fulfilled, refunded or on support's list."""
        self.move_to(self.model.now + timedelta(hours=1))
        for _ in range(2):
            assert reconcile().failures == 0
            self.model.reconcile()
        self.ledger_matches()
        fulfilled = set(
            LicenseEntry.objects.filter(cause="add_on").values_list("reference", flat=True)
        )
        for session in self.stripe.sessions():
            key = session["metadata"]["purchase"]
            results = [
                f"purchase:{key}" in fulfilled,
                Refund.objects.filter(purchase=key, status="succeeded").exists(),
                PaymentProblem.objects.filter(purchase=key, needs_support=True).exists(),
            ]
            assert sum(results) == (1 if session["payment_status"] == "paid" else 0)


@pytest.mark.parametrize("number", SEEDS)
def test_licenses_always_match_the_model(
    db: None, stripe: SandboxControl, settings: Settings, number: int
) -> None:
    settings.STRIPE_MAX_NETWORK_RETRIES = 0
    StatefulLicenses.stripe = stripe

    run_state_machine_as_test(seed(number)(StatefulLicenses), settings=PROFILE)
