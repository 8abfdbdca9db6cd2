"""Payment problems in the admin: fulfilled, refunded or closed, each with a reason (R15, R30)."""

from http import HTTPStatus
from typing import Any

import pytest

from billing.models import PaymentProblem, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from billing.states import ProblemReason, PurchaseStatus
from subscriptions.models import LicenseEntry, Term
from tests.admin.client import Admin, logged
from tests.billing.renewals import renew_and_settle
from tests.support.pages import text_of
from tests.support.world import World


@pytest.fixture
def problem(world: World, stripe: SandboxControl) -> PaymentProblem:
    """Return a purchase of 10 licenses for which the processor reports a lower payment."""
    purchase = world.buy(10)
    world.pay(purchase)
    stripe.fault(
        "override", method="GET", session=purchase.session_id, fields={"amount_total": 4000}
    )
    settle(purchase.session_id or "")
    stripe.clear_faults()
    return PaymentProblem.objects.get()


@pytest.fixture
def canceled_term(window: World, stripe: SandboxControl) -> PaymentProblem:
    """Return an add-on purchase whose term was refunded."""
    renewal = renew_and_settle(window)
    window.buy_and_settle(5)
    support = Admin(window.client(window.support))
    support.perform(Purchase.objects.get(pk=renewal.pk), "refund", reason="They are not renewing")
    return PaymentProblem.objects.get(reason=ProblemReason.TERM_CANCELED)


def fresh(problem: PaymentProblem) -> PaymentProblem:
    return PaymentProblem.objects.select_related("purchase").get(pk=problem.pk)


class TestPage:
    def test_differences_are_marked(self, support: Admin, problem: PaymentProblem) -> None:
        page = support.open(problem).content.decode()

        assert (
            '<tr class="differs"><th scope="row">Total</th><td>$50.00</td><td>$40.00</td>' in page
        )
        assert '<tr class="same"><th scope="row">Currency</th><td>usd</td><td>usd</td>' in page

    def test_page_offers_allowed_actions_and_explains_the_rest(
        self, support: Admin, problem: PaymentProblem
    ) -> None:
        page = support.open(problem)

        tools = {tool.label: tool.why_not for tool in page.context["tools"]}
        assert tools == {
            "Fulfill…": "",
            "Refund…": "",
            "Close…": "Money was received, so fulfill or refund the payment.",
        }
        assert tools["Close…"] in text_of(page)

    def test_problem_is_listed_on_organization_page_and_start_page(
        self, world: World, support: Admin, problem: PaymentProblem
    ) -> None:
        assert "1 payment to review" in text_of(support.open(world.lakeside))
        assert "1 Payments to review" in text_of(support.open("/admin/"))


class TestFulfilling:
    def test_fulfillment_adds_the_licenses(
        self, world: World, support: Admin, problem: PaymentProblem
    ) -> None:
        page = support.perform(problem, "fulfill", reason="The bank has confirmed it")

        problem = fresh(problem)
        assert (problem.resolution, problem.resolved_by) == ("fulfilled", world.support)
        assert problem.resolution_note == "The bank has confirmed it"
        assert world.held() == 35
        assert "Fulfilled. It is no longer on the list" in text_of(page)

    def test_fulfillment_is_logged(
        self, world: World, support: Admin, problem: PaymentProblem
    ) -> None:
        support.perform(problem, "fulfill", reason="The bank has confirmed it")

        for row in (problem, world.lakeside, Purchase.objects.get()):
            [entry] = logged(row)
            assert "Under review by support → Paid" in entry.change_message
            assert "The bank has confirmed it" in entry.change_message

    def test_double_click_fulfills_once(
        self, world: World, support: Admin, problem: PaymentProblem
    ) -> None:
        page = support.open(problem, "fulfill")

        responses = [support.submit(page, reason="Confirmed") for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert world.held() == 35
        assert LicenseEntry.objects.filter(cause="add_on").count() == 1

    def test_problem_solved_by_a_colleague_keeps_typed_reason(
        self, support: Admin, superuser: Admin, problem: PaymentProblem
    ) -> None:
        outdated = superuser.open(problem, "fulfill")
        support.perform(problem, "fulfill", reason="Confirmed")

        response = superuser.submit(outdated, reason="Confirmed again")

        assert response.status_code == HTTPStatus.CONFLICT
        assert "Someone has already handled this payment" in text_of(response)
        assert "Confirmed again" in response.content.decode()

    @pytest.mark.parametrize("page", ["fulfill", "refund", "close"])
    def test_reason_is_required(self, support: Admin, problem: PaymentProblem, page: str) -> None:
        opened = support.open(problem, page)
        if opened.status_code == HTTPStatus.CONFLICT:
            return

        assert support.submit(opened, reason="  ").status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert fresh(problem).needs_support


class TestRefunding:
    def test_refund_is_previewed_then_made(
        self, world: World, support: Admin, problem: PaymentProblem
    ) -> None:
        preview = support.submit(support.open(problem, "refund"), reason="Not what was bought")
        assert "Refund $50.00" in text_of(preview)
        assert "Nothing was fulfilled for this payment" in text_of(preview)

        response = support.confirm(preview)

        assert "$50.00 has been refunded" in text_of(support.client.get(response.url))
        assert fresh(problem).resolution == "refunded"
        assert Purchase.objects.get().status == PurchaseStatus.REFUNDED
        assert world.held() == 25
        assert "Not what was bought" in logged(world.lakeside)[0].change_message

    def test_double_click_refunds_once(self, support: Admin, problem: PaymentProblem) -> None:
        preview = support.submit(support.open(problem, "refund"), reason="Not what was bought")

        responses = [support.confirm(preview) for _ in range(2)]

        assert [response.status_code for response in responses] == [HTTPStatus.FOUND] * 2
        assert Refund.objects.count() == 1

    def test_refund_for_add_on_of_canceled_term(
        self, support: Admin, canceled_term: PaymentProblem
    ) -> None:
        preview = support.submit(
            support.open(canceled_term, "refund"), reason="The term was canceled"
        )
        assert "Refund $25.00" in text_of(preview)

        support.confirm(preview)

        assert fresh(canceled_term).resolution == "refunded"
        assert Refund.objects.filter(amount=2500).count() == 1


class TestClosing:
    def test_add_on_of_a_canceled_term_can_be_closed(
        self, window: World, support: Admin, canceled_term: PaymentProblem
    ) -> None:
        support.perform(canceled_term, "close", reason="They keep it for the renewal")

        problem = fresh(canceled_term)
        assert (problem.resolution, problem.needs_support) == ("closed", False)
        assert "They keep it for the renewal" in logged(window.lakeside)[0].change_message
        assert Term.objects.filter(canceled_at__isnull=False).count() == 1

    def test_unresolved_payment_cannot_be_closed(
        self, support: Admin, problem: PaymentProblem
    ) -> None:
        opened = support.open(problem, "close")
        sent: Any = support.client.post(opened.request["PATH_INFO"], {"reason": "Not needed"})

        for response in (opened, sent):
            assert response.status_code == HTTPStatus.CONFLICT
            assert "fulfill or refund the payment" in text_of(response)
        assert fresh(problem).needs_support


@pytest.mark.parametrize("page", ["fulfill", "refund", "close"])
def test_missing_permission_returns_403(
    world: World, support: Admin, problem: PaymentProblem, page: str
) -> None:
    world.support.groups.clear()

    assert support.open(problem, page).status_code == HTTPStatus.FORBIDDEN
    path = support.open(problem, page).request["PATH_INFO"]
    assert support.client.post(path, {"reason": "x"}).status_code == HTTPStatus.FORBIDDEN
