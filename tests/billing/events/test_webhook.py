"""Each webhook event takes effect exactly once (R13-R15)."""

from http import HTTPStatus

import pytest
from django.test import Client
from pytest_django import Settings

from billing.events.reconcile import reconcile
from billing.models import PaymentProblem, ProcessorEvent, Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import ProblemReason, PurchaseStatus
from subscriptions.models import LicenseEntry
from tests.billing.deliveries import EXPIRED, PATH, completed, deliver, event
from tests.support.checks import fresh
from tests.support.world import World


def paid(world: World, quantity: int = 10) -> Purchase:
    """Return a paid purchase whose webhook has not arrived."""
    purchase = world.buy(quantity)
    world.pay(purchase)
    return purchase


@pytest.mark.usefixtures("stripe")
def test_delivery_settles_the_payment_without_cookie_or_csrf_token(world: World) -> None:
    purchase = paid(world)

    response = deliver(completed(purchase.session_id))

    purchase.refresh_from_db()
    assert response.status_code == HTTPStatus.OK
    assert purchase.status == PurchaseStatus.SETTLED
    assert world.held() == 35
    row = ProcessorEvent.objects.get()
    assert row.processed_at is not None
    assert (row.type, row.object_id) == ("checkout.session.completed", purchase.session_id)


def test_event_delivered_eight_times_fulfills_once(world: World, stripe: SandboxControl) -> None:
    """R14"""
    body = completed(paid(world).session_id)

    responses = [deliver(body).status_code for _ in range(8)]

    assert responses == [HTTPStatus.OK] * 8
    assert world.held() == 35
    assert ProcessorEvent.objects.count() == 1


def test_repeated_event_makes_no_processor_request(world: World, stripe: SandboxControl) -> None:
    body = completed(paid(world).session_id)
    deliver(body)
    requests_before = len(stripe.requests())

    deliver(body)

    assert len(stripe.requests()) == requests_before


def test_two_events_for_one_payment_fulfill_once(world: World, stripe: SandboxControl) -> None:
    """R14"""
    purchase = paid(world)

    deliver(completed(purchase.session_id))
    deliver(completed(purchase.session_id))

    assert ProcessorEvent.objects.count() == 2
    assert world.held() == 35


def test_expired_event_expires_the_purchase(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy(10)
    stripe.expire(purchase.session_id or "")

    deliver(event(EXPIRED, purchase.session_id or ""))

    assert fresh(purchase).status == PurchaseStatus.EXPIRED
    assert world.held() == 25


def test_late_expired_event_reverses_nothing(world: World, stripe: SandboxControl) -> None:
    purchase = paid(world)

    deliver(completed(purchase.session_id))
    deliver(event(EXPIRED, purchase.session_id or ""))

    assert fresh(purchase).status == PurchaseStatus.SETTLED
    assert world.held() == 35


def test_paid_event_without_a_payment_does_not_fulfill(
    world: World, stripe: SandboxControl
) -> None:
    """R15: an event is a hint; only the processor's response counts."""
    unpaid, expired = world.buy(10), world.buy(15)
    stripe.expire(expired.session_id or "")
    body = completed(unpaid.session_id)
    body["data"]["object"] |= {"status": "complete", "payment_status": "paid"}

    deliver(body)
    deliver(completed(expired.session_id))

    assert world.held() == 25
    states = dict(Purchase.objects.values_list("quantity", "status"))
    assert states == {10: PurchaseStatus.OPEN, 15: PurchaseStatus.EXPIRED}


@pytest.mark.usefixtures("stripe")
def test_purchase_marked_expired_but_paid_is_fulfilled(world: World) -> None:
    """R14: a payment always wins, in any order of events."""
    purchase = paid(world)
    Purchase.objects.filter(pk=purchase.pk).update(status=PurchaseStatus.EXPIRED)

    deliver(completed(purchase.session_id))

    assert fresh(purchase).status == PurchaseStatus.SETTLED
    assert world.held() == 35


@pytest.mark.parametrize("type", ["customer.created", "unknown.type", "charge.succeeded"])
def test_event_of_another_type_is_stored_as_processed(
    world: World, stripe: SandboxControl, type: str
) -> None:
    response = deliver(event(type, "ch_1"))

    assert response.status_code == HTTPStatus.OK
    assert ProcessorEvent.objects.get().type == type
    assert not stripe.requests()


def test_event_about_an_object_without_an_id_is_stored(world: World) -> None:
    body = event("balance.available", "") | {"data": {"object": {"object": "balance"}}}

    assert deliver(body).status_code == HTTPStatus.OK
    assert ProcessorEvent.objects.get().object_id == ""


@pytest.mark.parametrize("name", ["a\x00b", "half \ud83d", "whole \U0001f600", "e\u0301"])
@pytest.mark.usefixtures("stripe")
def test_special_characters_in_an_event_are_harmless(world: World, name: str) -> None:
    """PostgreSQL rejects some of them; a name must not block the payment."""
    body = completed(paid(world).session_id)
    body["data"]["object"]["customer_details"] = {"name": name}

    assert deliver(body).status_code == HTTPStatus.OK
    assert world.held() == 35


@pytest.mark.parametrize("object_id", ["", "cs_test_x/../y", "pi_1", "cs_test_", "?", "x" * 100])
def test_event_without_a_session_id_makes_no_processor_request(
    world: World, stripe: SandboxControl, object_id: str
) -> None:
    response = deliver(completed(object_id))

    assert response.status_code == HTTPStatus.OK
    assert not stripe.requests()


def unrelated_session(stripe: SandboxControl, **params: object) -> str:
    """Return a paid session that another application created on the same account."""
    price = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Mugs"}}
    line = {"quantity": 1, "price_data": price}
    base = {"mode": "payment", "success_url": "https://mugs.example/", "line_items": [line]}
    session: dict[str, str] = stripe.inject(base | params)["session"]
    return session["id"]


def test_unrelated_session_is_ignored(world: World, stripe: SandboxControl) -> None:
    session = unrelated_session(stripe, metadata={"product": "mugs"})

    response = deliver(completed(session))

    assert response.status_code == HTTPStatus.OK
    assert not PaymentProblem.objects.exists()
    assert LicenseEntry.objects.count() == 2


def test_unrelated_session_is_never_our_purchase(world: World, stripe: SandboxControl) -> None:
    """Another application on the account uses the same metadata keys, and even our id."""
    purchase = world.buy(10)
    metadata = {"product": "mugs", "purchase": str(purchase.pk)}

    deliver(completed(unrelated_session(stripe, metadata=metadata)))
    deliver(completed(unrelated_session(stripe, client_reference_id=str(purchase.pk))))

    assert fresh(purchase).status == PurchaseStatus.OPEN
    assert not PaymentProblem.objects.exists()


def test_our_payment_without_a_purchase_goes_to_support_once(
    world: World, stripe: SandboxControl, settings: Settings
) -> None:
    settings.SUPPORT_EMAIL = "support@licensing.example"
    metadata = {"product": "add-on-licensing", "purchase": "4be0643f-1d98-573b-97cd-ca98a65347dd"}
    session = unrelated_session(stripe, metadata=metadata)

    first = deliver(completed(session))
    deliver(completed(session))

    assert first.status_code == HTTPStatus.OK
    problem = PaymentProblem.objects.get()
    assert (problem.reason, problem.needs_support) == (ProblemReason.UNKNOWN_PURCHASE, True)
    assert (problem.session_id, problem.received["amount_total"]) == (session, 900)
    assert problem.payment_intent_id


@pytest.mark.parametrize("purchase", ["", "not-a-uuid", "'; --", "x" * 400])
def test_our_metadata_with_an_invalid_id_goes_to_support(
    world: World, stripe: SandboxControl, purchase: str
) -> None:
    metadata = {"product": "add-on-licensing", "purchase": purchase}

    response = deliver(completed(unrelated_session(stripe, metadata=metadata)))

    assert response.status_code == HTTPStatus.OK
    assert PaymentProblem.objects.get().reason == ProblemReason.UNKNOWN_PURCHASE


class TestProcessorUnavailable:
    def test_error_is_stored_and_redelivery_succeeds(
        self, world: World, stripe: SandboxControl
    ) -> None:
        body = completed(paid(world).session_id)
        stripe.fault("error", method="GET", status=503)

        failed = deliver(body)
        row = ProcessorEvent.objects.get()
        assert failed.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert (row.processed_at, row.error[:20]) == (None, "ProcessorUnavailable")
        assert world.held() == 25
        stripe.clear_faults()
        again = deliver(body)

        row.refresh_from_db()
        assert again.status_code == HTTPStatus.OK
        assert row.processed_at is not None
        assert row.error == ""
        assert world.held() == 35

    def test_reconciliation_processes_an_event_without_redelivery(
        self, world: World, stripe: SandboxControl
    ) -> None:
        purchase = paid(world)
        stripe.fault("error", method="GET", status=503)
        deliver(completed(purchase.session_id))
        stripe.clear_faults()
        world.later(minutes=2)

        report = reconcile()

        assert report.failures == 0
        assert world.held() == 35
        assert ProcessorEvent.objects.filter(processed_at=None).count() == 0

    def test_failure_while_processing_leaves_no_partial_changes(
        self, world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = completed(paid(world).session_id)
        with monkeypatch.context() as patched:
            patched.setattr(
                "subscriptions.notifications.notify.send_all", lambda *args, **kwargs: 1 / 0
            )
            failed = deliver(body)

        assert failed.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "ZeroDivisionError" in ProcessorEvent.objects.get().error
        assert world.held() == 25
        assert deliver(body).status_code == HTTPStatus.OK
        assert world.held() == 35


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post_is_accepted(world: World, method: str) -> None:
    response = getattr(Client(), method)(PATH)

    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
