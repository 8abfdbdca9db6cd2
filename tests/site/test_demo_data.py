"""The demo's organizations stand as the demo promises."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from billing.models import Purchase
from subscriptions import clock
from subscriptions.licenses.status import SubscriptionStatus, status_of
from subscriptions.models import Organization, Thread, User
from subscriptions.policy.refusal import Reason, Refusal


@pytest.fixture
def demo(db: None, settings: object) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    call_command("load_demo", verbosity=0)


def subscription(slug: str) -> SubscriptionStatus:
    return status_of(Organization.objects.get(slug=slug), clock.now())


def reason(slug: str) -> Reason | None:
    decision = subscription(slug).may_add_licenses
    return decision.reason if isinstance(decision, Refusal) else None


def test_lakeside_is_in_the_middle_of_its_term(demo: None) -> None:
    lakeside = subscription("lakeside")

    assert (lakeside.licenses.held, lakeside.licenses.in_use) == (25, 23)
    assert lakeside.term is not None
    assert lakeside.term.unit_amount == 500
    assert reason("lakeside") is None


def test_harbor_is_in_its_renewal_window(demo: None) -> None:
    assert subscription("harbor").days_remaining == 12
    assert reason("harbor") == Reason.RENEWAL_OPEN


def test_summit_is_renewed_already(demo: None) -> None:
    summit = subscription("summit")

    assert summit.days_remaining == 12
    assert summit.next_term is not None
    assert summit.next_term.starts_on == summit.today + timedelta(days=13)
    assert reason("summit") is None


def test_support_has_something_to_answer(demo: None) -> None:
    """R27, R28: a removal asked for at Harbor, and an answer unread at Lakeside."""
    waiting, answered = Thread.objects.filter(person__isnull=False)

    assert (waiting.organization, waiting.state) == (subscription("harbor").organization, "waiting")
    assert waiting.messages.get().removal_quantity == 5
    assert (answered.organization, answered.state) == (
        subscription("lakeside").organization,
        "replied",
    )
    assert answered.unread_by_person == 1


def test_valley_has_expired(demo: None) -> None:
    valley = subscription("valley")

    assert valley.days_remaining == -3
    assert valley.licenses.held == 0
    assert reason("valley") == Reason.EXPIRED


def test_everybody_signs_in_with_the_demo_password(demo: None) -> None:
    for email in ("assignor@lakeside.example", "both@lakeside.example", "root@licensing.example"):
        assert User.objects.get(email=email).check_password("demo")


def test_what_was_bought_is_what_is_held(demo: None) -> None:
    for organization in Organization.objects.all():
        bought = sum(
            purchase.quantity for purchase in Purchase.objects.filter(organization=organization)
        )
        entries = sum(
            entry.quantity
            for term in organization.terms.all()
            for entry in term.license_entries.all()
        )
        assert bought == entries


def test_it_is_loaded_into_an_empty_database_only(demo: None) -> None:
    with pytest.raises(CommandError, match="not empty"):
        call_command("load_demo", verbosity=0)


def test_it_is_loaded_in_the_demo_only(db: None) -> None:
    with pytest.raises(CommandError, match="well-known password"):
        call_command("load_demo", verbosity=0)
