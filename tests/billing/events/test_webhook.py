"""Webhook deliveries: what a good one does, and how often (R13-R15)."""

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
from tests.support.world import World


def paid(world: World, quantity: int = 10) -> Purchase:
    """A purchase that is paid, and nobody has told us."""
    purchase = world.buy(quantity)
    world.pay(purchase)
    return purchase


def test_a_delivery_settles_the_payment_without_cookie_or_csrf_token(
    world: World, stripe: SandboxControl
) -> None:
    purchase = paid(world)

    response = deliver(completed(purchase.session_id))

    purchase.refresh_from_db()
    assert response.status_code == HTTPStatus.OK
    assert purchase.status == PurchaseStatus.SETTLED
    assert world.held() == 35
    row = ProcessorEvent.objects.get()
    assert row.processed_at is not None
    assert (row.type, row.object_id) == ("checkout.session.completed", purchase.session_id)


def test_the_same_event_eight_times_grants_once(world: World, stripe: SandboxControl) -> None:
    """R14"""
    body = completed(paid(world).session_id)

    responses = [deliver(body).status_code for _ in range(8)]

    assert responses == [HTTPStatus.OK] * 8
    assert world.held() == 35
    assert ProcessorEvent.objects.count() == 1


def test_a_repeated_event_does_not_even_ask_the_processor(
    world: World, stripe: SandboxControl
) -> None:
    body = completed(paid(world).session_id)
    deliver(body)
    asked = len(stripe.requests())

    deliver(body)

    assert len(stripe.requests()) == asked


def test_one_change_told_in_two_events_grants_once(world: World, stripe: SandboxControl) -> None:
    """R14"""
    purchase = paid(world)

    deliver(completed(purchase.session_id))
    deliver(completed(purchase.session_id))

    assert ProcessorEvent.objects.count() == 2
    assert world.held() == 35


def test_an_event_that_the_session_has_expired_ends_the_purchase(
    world: World, stripe: SandboxControl
) -> None:
    purchase = world.buy(10)
    stripe.expire(purchase.session_id or "")

    deliver(event(EXPIRED, purchase.session_id or ""))

    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.EXPIRED
    assert world.held() == 25


def test_a_late_expired_event_takes_nothing_back(world: World, stripe: SandboxControl) -> None:
    purchase = paid(world)

    deliver(completed(purchase.session_id))
    deliver(event(EXPIRED, purchase.session_id or ""))

    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.SETTLED
    assert world.held() == 35


def test_an_event_that_claims_payment_grants_nothing_without_it(
    world: World, stripe: SandboxControl
) -> None:
    """R15: an event is a hint; what counts is what the processor answers."""
    unpaid, gone = world.buy(10), world.buy(15)
    stripe.expire(gone.session_id or "")
    body = completed(unpaid.session_id)
    body["data"]["object"] |= {"status": "complete", "payment_status": "paid"}

    deliver(body)
    deliver(completed(gone.session_id))

    assert world.held() == 25
    states = dict(Purchase.objects.values_list("quantity", "status"))
    assert states == {10: PurchaseStatus.OPEN, 15: PurchaseStatus.EXPIRED}


def test_a_session_that_is_expired_here_and_paid_there_is_granted(
    world: World, stripe: SandboxControl
) -> None:
    """Money always wins, whatever the order in which we hear of it (R14)."""
    purchase = paid(world)
    Purchase.objects.filter(pk=purchase.pk).update(status=PurchaseStatus.EXPIRED)

    deliver(completed(purchase.session_id))

    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.SETTLED
    assert world.held() == 35


@pytest.mark.parametrize("type", ["customer.created", "invented.by.nobody", "charge.succeeded"])
def test_an_event_of_another_type_is_kept_and_done(
    world: World, stripe: SandboxControl, type: str
) -> None:
    response = deliver(event(type, "ch_1"))

    assert response.status_code == HTTPStatus.OK
    assert ProcessorEvent.objects.get().type == type
    assert not stripe.requests()


def test_an_event_about_an_object_without_id_is_kept(world: World) -> None:
    body = event("balance.available", "") | {"data": {"object": {"object": "balance"}}}

    assert deliver(body).status_code == HTTPStatus.OK
    assert ProcessorEvent.objects.get().object_id == ""


@pytest.mark.parametrize("name", ["a\x00b", "half \ud83d", "whole \U0001f600", "e\u0301"])
def test_strange_characters_in_an_event_do_no_harm(
    world: World, stripe: SandboxControl, name: str
) -> None:
    """PostgreSQL refuses some of them; the payment must not hang on a name."""
    body = completed(paid(world).session_id)
    body["data"]["object"]["customer_details"] = {"name": name}

    assert deliver(body).status_code == HTTPStatus.OK
    assert world.held() == 35


@pytest.mark.parametrize("object_id", ["", "cs_test_x/../y", "pi_1", "cs_test_", "?", "x" * 100])
def test_an_event_about_no_session_id_asks_nothing(
    world: World, stripe: SandboxControl, object_id: str
) -> None:
    response = deliver(completed(object_id))

    assert response.status_code == HTTPStatus.OK
    assert not stripe.requests()


def foreign_session(stripe: SandboxControl, **params: object) -> str:
    """A paid session of the same account that this program has not asked for."""
    price = {"currency": "usd", "unit_amount": 900, "product_data": {"name": "Mugs"}}
    line = {"quantity": 1, "price_data": price}
    base = {"mode": "payment", "success_url": "https://mugs.example/", "line_items": [line]}
    session: dict[str, str] = stripe.inject(base | params)["session"]
    return session["id"]


def test_a_foreign_session_is_none_of_our_business(world: World, stripe: SandboxControl) -> None:
    session = foreign_session(stripe, metadata={"product": "mugs"})

    response = deliver(completed(session))

    assert response.status_code == HTTPStatus.OK
    assert not PaymentProblem.objects.exists()
    assert LicenseEntry.objects.count() == 2


def test_a_foreign_session_cannot_pass_for_a_purchase_of_ours(
    world: World, stripe: SandboxControl
) -> None:
    """Another program of the same account uses the same words, and even our number."""
    purchase = world.buy(10)
    marks = {"product": "mugs", "purchase": str(purchase.pk)}

    deliver(completed(foreign_session(stripe, metadata=marks)))
    deliver(completed(foreign_session(stripe, client_reference_id=str(purchase.pk))))

    purchase.refresh_from_db()
    assert purchase.status == PurchaseStatus.OPEN
    assert not PaymentProblem.objects.exists()


def test_a_payment_of_ours_without_its_purchase_goes_to_support_once(
    world: World, stripe: SandboxControl, settings: Settings
) -> None:
    settings.SUPPORT_EMAIL = "support@licensing.example"
    metadata = {"product": "add-on-licensing", "purchase": "4be0643f-1d98-573b-97cd-ca98a65347dd"}
    session = foreign_session(stripe, metadata=metadata)

    first = deliver(completed(session))
    deliver(completed(session))

    assert first.status_code == HTTPStatus.OK
    problem = PaymentProblem.objects.get()
    assert (problem.reason, problem.needs_support) == (ProblemReason.UNKNOWN_PURCHASE, True)
    assert (problem.session_id, problem.received["amount_total"]) == (session, 900)
    assert problem.payment_intent_id


@pytest.mark.parametrize("purchase", ["", "no-uuid", "'; --", "x" * 400])
def test_a_mark_of_ours_with_a_bad_number_goes_to_support(
    world: World, stripe: SandboxControl, purchase: str
) -> None:
    metadata = {"product": "add-on-licensing", "purchase": purchase}

    response = deliver(completed(foreign_session(stripe, metadata=metadata)))

    assert response.status_code == HTTPStatus.OK
    assert PaymentProblem.objects.get().reason == ProblemReason.UNKNOWN_PURCHASE


class TestTheProcessorIsOutOfReach:
    def test_the_error_is_kept_and_a_redelivery_does_it(
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

    def test_reconciliation_does_it_where_no_redelivery_comes(
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

    def test_what_fails_in_the_middle_leaves_nothing_half_done(
        self, world: World, stripe: SandboxControl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = completed(paid(world).session_id)
        with monkeypatch.context() as broken:
            broken.setattr(
                "subscriptions.notifications.notify.send_all", lambda *args, **kwargs: 1 / 0
            )
            failed = deliver(body)

        assert failed.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "ZeroDivisionError" in ProcessorEvent.objects.get().error
        assert world.held() == 25
        assert deliver(body).status_code == HTTPStatus.OK
        assert world.held() == 35


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post_is_answered(world: World, method: str) -> None:
    response = getattr(Client(), method)(PATH)

    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
