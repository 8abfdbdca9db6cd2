"""The demo's organizations are in the documented states."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from billing.models import Purchase
from subscriptions import clock
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.models import Organization, Thread, User
from subscriptions.policy.refusal import Reason, Refusal


@pytest.fixture
def demo(db: None, settings: object) -> None:
    settings.DEMO = True  # type: ignore[attr-defined]
    call_command("load_demo", verbosity=0)


def subscription(slug: str) -> SubscriptionStatus:
    return get_status(Organization.objects.get(slug=slug), clock.now())


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


def test_summit_has_already_renewed(demo: None) -> None:
    summit = subscription("summit")

    assert summit.days_remaining == 12
    assert summit.next_term is not None
    assert summit.next_term.starts_on == summit.today + timedelta(days=13)
    assert reason("summit") is None


def test_support_has_open_threads(demo: None) -> None:
    """R27, R28: a removal request from Harbor, and an unread reply at Lakeside."""
    waiting, replied = Thread.objects.filter(person__isnull=False)

    assert (waiting.organization, waiting.state) == (subscription("harbor").organization, "waiting")
    assert waiting.messages.get().removal_quantity == 5
    assert (replied.organization, replied.state) == (
        subscription("lakeside").organization,
        "replied",
    )
    assert replied.unread_by_person == 1


def test_valley_has_expired(demo: None) -> None:
    valley = subscription("valley")

    assert valley.days_remaining == -3
    assert valley.licenses.held == 0
    assert reason("valley") == Reason.EXPIRED


def test_everyone_has_the_demo_password(demo: None) -> None:
    for email in ("assignor@lakeside.example", "both@lakeside.example", "root@licensing.example"):
        assert User.objects.get(email=email).check_password("demo")


def test_licenses_held_match_purchases(demo: None) -> None:
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


def test_demo_is_loaded_only_into_an_empty_database(demo: None) -> None:
    with pytest.raises(CommandError, match="not empty"):
        call_command("load_demo", verbosity=0)


def test_demo_is_loaded_only_with_demo_settings(db: None) -> None:
    with pytest.raises(CommandError, match="well-known password"):
        call_command("load_demo", verbosity=0)
