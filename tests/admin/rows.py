"""Rows of every model that the admin lists."""

import uuid
from typing import Any

from billing.models import Dispute, PaymentProblem, ProcessorEvent, Purchase, Refund
from subscriptions import clock
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.messenger import threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import (
    Discount,
    LicenseRemoval,
    Organization,
    Package,
    Reminder,
    Renewal,
    Term,
)
from subscriptions.models.members import Role
from tests.support.factories import MembershipFactory, OrganizationFactory
from tests.support.world import World, build_term


def create(world: World, times: int) -> None:
    """Create the given number of rows of each model, in separate organizations."""
    for _ in range(times):
        number = Organization.objects.count()
        organization = OrganizationFactory.create()
        term = build_term(organization, licenses=10)
        Package.objects.create(name=f"P{number}", unit_amount=500, currency="usd")
        member = MembershipFactory.create(organization=organization, role=Role.ADMINISTRATOR)
        members.add(member, NewMember("N", f"n{number}@x.example", Role.OBSERVER))
        threads.write(member, MessageDraft("Hello"))
        purchase = Purchase.objects.create(
            **_purchase_fields(organization, term, number), status="settled", receipt_number=1
        )
        Refund.objects.create(
            purchase=purchase,
            payment_intent_id=f"pi_{number}",
            amount=100,
            currency="usd",
            status="succeeded",
            created_at=clock.now(),
            actor=world.support,
        )
        Dispute.objects.create(
            dispute_id=f"dp_{number}",
            purchase=purchase,
            payment_intent_id=f"pi_{number}",
            amount=100,
            currency="usd",
            status="won",
            created_at=clock.now(),
        )
        PaymentProblem.objects.create(
            session_id=f"cs_{number}",
            purchase=purchase,
            reason="surplus",
            needs_support=True,
            created_at=clock.now(),
        )
        ProcessorEvent.objects.create(
            event_id=f"evt_{number}", type="ping", received_at=clock.now()
        )
        Renewal.objects.create(
            term=term, package=term.package, state="open", created_at=clock.now()
        )
        LicenseRemoval.objects.create(
            term=term,
            number=1,
            submission=uuid.uuid4(),
            quantity=1,
            reason="Why",
            requested_by="Who",
            actor=world.support,
            created_at=clock.now(),
        )
        Reminder.objects.create(
            term=term,
            user=member.user,
            due_on=term.expires_on,
            was_sent=True,
            created_at=clock.now(),
        )
        Discount.objects.create(name="D", basis_points=100, currency="usd")


def _purchase_fields(organization: Organization, term: Term, number: int) -> dict[str, Any]:
    return {
        "kind": "add_on",
        "organization": organization,
        "term": term,
        "quantity": 5,
        "unit_amount": 500,
        "total_amount": 2500,
        "currency": "usd",
        "organization_name": organization.name,
        "package_name": "P",
        "buyer_name": "B",
        "buyer_email": "b@x.example",
        "idempotency_key": f"key:{number}",
        "session_id": f"cs_{number}",
        "payment_intent_id": f"pi_{number}",
        "created_at": clock.now(),
        "paid_at": clock.now(),
        "settled_at": clock.now(),
    }
