"""Support's lists: filters, searches, and query counts."""

from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model

from billing.models import Dispute, PaymentProblem, ProcessorEvent, Purchase, Refund
from billing.sandbox.control.client import SandboxControl
from billing.settlement.settle import settle
from subscriptions import clock
from subscriptions.licenses import ledger
from subscriptions.licenses.status import status_of
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseEntry, Membership, Notification, Organization, Term, User
from subscriptions.models.members import Role
from subscriptions.policy.expiration import Phase
from tests.admin import rows
from tests.admin.desk import Desk
from tests.support.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.support.pages import queries_of
from tests.support.world import World, build_term, local

NOW = local(date(2031, 6, 16), 12)
DAY = timedelta(days=1)
# With 24 histories some 200 cases; around the renewal window, the end and the closing of most.
DAYS_LATER = [
    timedelta(hours=hours) for hours in (0, 11, 12, 24, 29 * 24, 30 * 24, 13 * 24, 14 * 24, 4800)
]


def a_year(starts_on: date, canceled_at: datetime | None = None) -> dict[str, Any]:
    return {"starts_on": starts_on, "canceled_at": canceled_at}


# Set up an organization's payments and their outcome, by the name of the case.
HISTORIES: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "running": [a_year(date(2031, 1, 1))],
    "last day before the window": [a_year(date(2030, 7, 17))],
    "first day of the window": [a_year(date(2030, 7, 16))],
    "last day": [a_year(date(2030, 6, 17))],
    "first day late": [a_year(date(2030, 6, 16))],
    "last day late": [a_year(date(2030, 6, 3))],
    "first day closed": [a_year(date(2030, 6, 2))],
    "long closed": [a_year(date(2028, 6, 16))],
    "renewed": [a_year(date(2030, 6, 20)), a_year(date(2031, 6, 20))],
    "only term canceled today": [a_year(date(2031, 1, 1), NOW - timedelta(hours=1))],
    "only term canceled 13 days ago": [a_year(date(2031, 1, 1), NOW - 13 * DAY)],
    "only term canceled 14 days ago": [a_year(date(2031, 1, 1), NOW - 14 * DAY)],
    "only term canceled 15 days ago": [a_year(date(2031, 1, 1), NOW - 15 * DAY)],
    "canceled after its end": [a_year(date(2030, 6, 10), NOW - DAY)],
    "canceled long after its end": [a_year(date(2030, 5, 1), NOW - DAY)],
    "renewal canceled, first still runs": [
        a_year(date(2030, 7, 20)),
        a_year(date(2031, 7, 20), NOW - DAY),
    ],
    "renewal canceled in the window of the first": [
        a_year(date(2030, 6, 20)),
        a_year(date(2031, 6, 20), NOW - DAY),
    ],
    "renewal canceled while it ran": [
        a_year(date(2030, 1, 1)),
        a_year(date(2031, 1, 1), NOW - 3 * DAY),
    ],
    "renewal canceled long ago": [
        a_year(date(2029, 1, 1)),
        a_year(date(2030, 1, 1), NOW - 300 * DAY),
    ],
    "renewal canceled after its end": [
        a_year(date(2029, 6, 10)),
        a_year(date(2030, 6, 10), NOW - DAY),
    ],
    "canceled and paid again": [a_year(date(2031, 1, 1), NOW - 20 * DAY), a_year(date(2031, 6, 1))],
    "canceled and paid again, ending soon": [
        a_year(date(2030, 6, 1), NOW - 380 * DAY),
        a_year(date(2030, 6, 20)),
    ],
}


@pytest.fixture
def histories(world: World) -> dict[str, Organization]:
    world.at(NOW)
    found = {}
    for name, terms in HISTORIES.items():
        found[name] = OrganizationFactory.create(name=name)
        for term in terms:
            build_term(found[name], licenses=10, **term)
    return found


class TestPhases:
    @pytest.mark.parametrize("moved", DAYS_LATER)
    def test_filter_matches_the_policy(
        self, world: World, desk: Desk, histories: dict[str, Organization], moved: timedelta
    ) -> None:
        world.at(NOW + moved)
        phases = {phase: desk.rows(Organization, phase=phase.value) for phase in Phase}

        for name, organization in histories.items():
            found = {phase for phase, rows in phases.items() if organization.pk in rows}
            assert found == {status_of(organization, clock.now()).phase}, name

    def test_list_column_matches_the_policy(
        self, desk: Desk, histories: dict[str, Organization]
    ) -> None:
        for row in desk.list(Organization).context["cl"].result_list:
            subscription = status_of(row, clock.now())
            shown = row.figures
            assert shown.phase == subscription.phase, row.name
            assert shown.ended_on == subscription.ended_on, row.name
            assert (shown.held, shown.in_use) == (
                subscription.licenses.held,
                subscription.licenses.in_use,
            )

    def test_unknown_phase_filters_nothing(self, desk: Desk) -> None:
        assert len(desk.rows(Organization, phase="nonsense")) == 2


class TestExpired:
    def test_filter_matches_the_policy(
        self, desk: Desk, histories: dict[str, Organization]
    ) -> None:
        for name in ("running", "renewed", "first day late"):
            for _ in range(8):
                MembershipFactory.create(organization=histories[name])
        assert not desk.rows(Organization, over="yes")

        for organization in histories.values():
            entry = LicenseEntry.objects.filter(term__organization=organization).first()
            if entry:
                ledger.reverse(entry, 5, note="", actor=None)

        found = desk.rows(Organization, over="yes")
        for name, organization in histories.items():
            subscription = status_of(organization, clock.now())
            is_over = subscription.licenses.over > 0 and not subscription.is_late
            assert (organization.pk in found) == is_over, name
        assert found


class TestPayments:
    @pytest.fixture
    def problem(self, world: World, stripe: SandboxControl) -> PaymentProblem:
        purchase = world.buy(10)
        world.pay(purchase)
        fields = {"amount_total": 1}
        stripe.fault("override", method="GET", session=purchase.session_id, fields=fields)
        settle(purchase.session_id or "")
        return PaymentProblem.objects.get()

    def test_organizations_with_payment_problems(
        self, world: World, desk: Desk, problem: PaymentProblem
    ) -> None:
        assert desk.rows(Organization, problems="yes") == {world.lakeside.pk}

    def test_open_payment_problems(self, desk: Desk, problem: PaymentProblem) -> None:
        assert desk.rows(PaymentProblem, waiting="yes") == {problem.pk}
        desk.do(problem, "fulfill", reason="It is fine")
        assert desk.rows(PaymentProblem, waiting="yes") == set()

    def test_purchases_by_status_and_kind(self, desk: Desk, problem: PaymentProblem) -> None:
        number = problem.purchase_id
        assert desk.rows(Purchase, status__exact="review", kind__exact="add_on") == {number}
        assert desk.rows(Purchase, status__exact="settled") == set()

    def test_unfinished_refunds(self, world: World, stripe: SandboxControl, desk: Desk) -> None:
        purchase = world.buy_and_settle(10)
        stripe.fault("refund_pending")
        desk.do(purchase, "refund", what="all", reason="Too many")

        refund = Refund.objects.get()
        assert refund.status == "pending"
        assert desk.rows(Refund, unfinished="yes") == {refund.pk}
        assert desk.rows(Purchase, refunded="yes") == {purchase.pk}

    def test_disputes_awaiting_a_response(
        self, world: World, stripe: SandboxControl, desk: Desk
    ) -> None:
        purchase = world.buy_and_settle(10)
        stripe.open_dispute(payment_intent=purchase.payment_intent_id)
        desk.client.post("/admin/health/reconcile/")

        dispute = Dispute.objects.get()
        assert desk.rows(Dispute, respond="yes") == {dispute.pk}
        assert desk.rows(Organization, q=dispute.dispute_id) == {world.lakeside.pk}
        assert desk.rows(Dispute, q=dispute.dispute_id) == {dispute.pk}


class TestSearching:
    @pytest.mark.parametrize(
        "text",
        [
            "lake",
            "LAKESIDE OFF",
            "Lakeside Officials Association",
            "treasurer@lake",
            "official@lakeside.example",
            "OFFICIAL@Lakeside",
            "observer@",
            "  lakeside ",
        ],
    )
    def test_organizations_by_name_address_and_users(
        self, world: World, desk: Desk, text: str
    ) -> None:
        world.lakeside.billing_email = "Treasurer@Lakeside.example"
        world.lakeside.save()

        assert desk.rows(Organization, q=text) == {world.lakeside.pk}

    @pytest.mark.parametrize("text", ["side", "%", "_ake", "x@lakeside.example", "pi_nothing"])
    def test_search_matches_prefixes_only(self, desk: Desk, text: str) -> None:
        assert desk.rows(Organization, q=text) == set()

    def test_organization_name_ranks_before_user_addresses(self, world: World, desk: Desk) -> None:
        user = UserFactory.create(email="lakeside@elsewhere.example")
        MembershipFactory.create(organization=world.stranger.organization, user=user)

        assert desk.rows(Organization, q="lakeside") == {world.lakeside.pk}
        assert desk.rows(Organization, q="lakeside@") == {world.stranger.organization_id}

    def test_user_addresses_match_when_no_organization_name_does(
        self, world: World, desk: Desk
    ) -> None:
        assert desk.rows(Organization, q="official") == {world.lakeside.pk}

    @pytest.mark.usefixtures("stripe")
    def test_purchases_by_every_processor_id(self, world: World, desk: Desk) -> None:
        purchase = world.buy_and_settle(10)
        desk.do(purchase, "refund", what="all", reason="Too many")
        refund = purchase.refunds.get()

        for text in (
            str(purchase.pk),
            purchase.pk.hex,
            purchase.reference,
            purchase.session_id,
            purchase.payment_intent_id,
            refund.refund_id,
        ):
            assert desk.rows(Organization, q=text) == {world.lakeside.pk}, text
            assert desk.rows(Purchase, q=text) == {purchase.pk}, text
        assert desk.rows(Refund, q=refund.refund_id) == {refund.pk}
        assert desk.rows(Refund, q=str(purchase.pk)) == {refund.pk}
        assert desk.rows(LicenseEntry, q=str(purchase.pk)) == set(
            LicenseEntry.objects.filter(reference__startswith=purchase.reference).values_list(
                "pk", flat=True
            )
        )

    @pytest.mark.usefixtures("stripe")
    def test_purchases_by_buyer_organization_and_receipt(self, world: World, desk: Desk) -> None:
        purchase = world.buy_and_settle(10)
        number = str(purchase.receipt_number)

        for text in ("lakeside", "ASSIGNOR@lakeside.example", "Lakeside Off"):
            assert desk.rows(Purchase, q=text) == {purchase.pk}, text
        assert desk.rows(Purchase, organization=world.lakeside.pk, q=number) == {purchase.pk}
        assert desk.rows(Purchase, organization=world.lakeside.pk, q="77") == set()

    @pytest.mark.parametrize("text", ["otto", "Otto Off", "official@", "OFFICIAL@LAKESIDE.EXAMPLE"])
    def test_users_and_accounts_by_person(self, world: World, desk: Desk, text: str) -> None:
        assert desk.rows(Membership, q=text) == {world.official.pk}
        assert desk.rows(User, q=text) == {world.official.user_id}

    def test_users_by_organization(self, world: World, desk: Desk) -> None:
        assert desk.rows(Membership, q="harbor") == {world.stranger.pk}

    def test_notifications_by_recipient(self, world: World, desk: Desk) -> None:
        members.add(world.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))

        assert len(desk.rows(Notification, q="n@lakeside.example")) == 1
        assert len(desk.rows(Notification, q="lakeside")) == 1
        assert desk.rows(Notification, q="m@lakeside.example") == set()

    def test_events_by_id(self, desk: Desk) -> None:
        event = ProcessorEvent.objects.create(
            event_id="evt_1", type="t", object_id="cs_1", received_at=clock.now()
        )

        for text in ("evt_1", "cs_1"):
            assert desk.rows(ProcessorEvent, q=text) == {event.pk}
        assert desk.rows(ProcessorEvent, failed="yes", q="evt_2") == set()


class TestByOrganization:
    def test_unknown_organization_shows_no_rows(self, desk: Desk) -> None:
        assert desk.rows(Term, organization="99999") == set()

    @pytest.mark.parametrize("chosen", ["x", "-1", "9" * 40, "²"])
    def test_invalid_organization_redirects(self, desk: Desk, chosen: str) -> None:
        response = desk.list(Term, organization=chosen)

        assert response.status_code == HTTPStatus.FOUND
        assert "e=1" in response.url

    @pytest.mark.parametrize("model", [Term, Membership, LicenseEntry, Notification])
    def test_organization_filter_shows_only_its_rows(
        self, world: World, desk: Desk, model: type[Model]
    ) -> None:
        rows = desk.list(model, organization=world.lakeside.pk).context["cl"].result_list

        for row in rows:
            assert "lakeside" in str([getattr(row, "term", row).organization.slug])


OURS = [
    model for model in admin.site._registry if model._meta.app_label in ("subscriptions", "billing")
]


@pytest.mark.parametrize("model", OURS)
def test_list_queries_are_constant(world: World, desk: Desk, model: type[Model]) -> None:
    """Page queries are constant for many organizations, users and purchases."""
    address = desk.list(model).request["PATH_INFO"]
    rows.make(world, 1)
    few = queries_of(desk.client, address)

    rows.make(world, 5)
    many = queries_of(desk.client, address)

    assert len(many) == len(few) <= 16, "\n".join(many)
