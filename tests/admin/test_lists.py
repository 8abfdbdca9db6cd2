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
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import LicenseEntry, Membership, Notification, Organization, Term, User
from subscriptions.models.members import Role
from subscriptions.policy.expiration import Phase
from tests.admin import rows
from tests.admin.client import Admin
from tests.support.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.support.pages import queries_of
from tests.support.world import World, build_term, local

NOW = local(date(2031, 6, 16), 12)
DAY = timedelta(days=1)
# Around the renewal window, the end and the closing of most of the histories below.
DAYS_LATER = [
    timedelta(hours=hours) for hours in (0, 11, 12, 24, 29 * 24, 30 * 24, 13 * 24, 14 * 24, 4800)
]


def one_year(starts_on: date, canceled_at: datetime | None = None) -> dict[str, Any]:
    return {"starts_on": starts_on, "canceled_at": canceled_at}


# The terms of one organization for each case.
HISTORIES: dict[str, list[dict[str, Any]]] = {
    "nothing": [],
    "running": [one_year(date(2031, 1, 1))],
    "last day before the window": [one_year(date(2030, 7, 17))],
    "first day of the window": [one_year(date(2030, 7, 16))],
    "last day": [one_year(date(2030, 6, 17))],
    "first day late": [one_year(date(2030, 6, 16))],
    "last day late": [one_year(date(2030, 6, 3))],
    "first day closed": [one_year(date(2030, 6, 2))],
    "closed long ago": [one_year(date(2028, 6, 16))],
    "renewed": [one_year(date(2030, 6, 20)), one_year(date(2031, 6, 20))],
    "only term canceled today": [one_year(date(2031, 1, 1), NOW - timedelta(hours=1))],
    "only term canceled 13 days ago": [one_year(date(2031, 1, 1), NOW - 13 * DAY)],
    "only term canceled 14 days ago": [one_year(date(2031, 1, 1), NOW - 14 * DAY)],
    "only term canceled 15 days ago": [one_year(date(2031, 1, 1), NOW - 15 * DAY)],
    "canceled after its end": [one_year(date(2030, 6, 10), NOW - DAY)],
    "canceled long after its end": [one_year(date(2030, 5, 1), NOW - DAY)],
    "renewal canceled, first still runs": [
        one_year(date(2030, 7, 20)),
        one_year(date(2031, 7, 20), NOW - DAY),
    ],
    "renewal canceled in the window of the first": [
        one_year(date(2030, 6, 20)),
        one_year(date(2031, 6, 20), NOW - DAY),
    ],
    "renewal canceled while it ran": [
        one_year(date(2030, 1, 1)),
        one_year(date(2031, 1, 1), NOW - 3 * DAY),
    ],
    "renewal canceled long ago": [
        one_year(date(2029, 1, 1)),
        one_year(date(2030, 1, 1), NOW - 300 * DAY),
    ],
    "renewal canceled after its end": [
        one_year(date(2029, 6, 10)),
        one_year(date(2030, 6, 10), NOW - DAY),
    ],
    "canceled and paid again": [
        one_year(date(2031, 1, 1), NOW - 20 * DAY),
        one_year(date(2031, 6, 1)),
    ],
    "canceled and paid again, ending soon": [
        one_year(date(2030, 6, 1), NOW - 380 * DAY),
        one_year(date(2030, 6, 20)),
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
    @pytest.mark.parametrize("time_passed", DAYS_LATER)
    def test_filter_matches_the_policy(
        self,
        world: World,
        support: Admin,
        histories: dict[str, Organization],
        time_passed: timedelta,
    ) -> None:
        world.at(NOW + time_passed)
        phases = {phase: support.rows(Organization, phase=phase.value) for phase in Phase}

        for name, organization in histories.items():
            found = {phase for phase, rows in phases.items() if organization.pk in rows}
            assert found == {get_status(organization, clock.now()).phase}, name

    def test_list_column_matches_the_policy(
        self, support: Admin, histories: dict[str, Organization]
    ) -> None:
        for row in support.list(Organization).context["cl"].result_list:
            subscription = get_status(row, clock.now())
            figures = row.figures
            assert figures.phase == subscription.phase, row.name
            assert figures.ended_on == subscription.ended_on, row.name
            assert (figures.held, figures.in_use) == (
                subscription.licenses.held,
                subscription.licenses.in_use,
            )

    def test_unknown_phase_filters_nothing(self, support: Admin) -> None:
        assert len(support.rows(Organization, phase="nonsense")) == 2


class TestMoreUsersThanLicenses:
    def test_filter_matches_the_policy(
        self, support: Admin, histories: dict[str, Organization]
    ) -> None:
        for name in ("running", "renewed", "first day late"):
            for _ in range(8):
                MembershipFactory.create(organization=histories[name])
        assert not support.rows(Organization, over="yes")

        for organization in histories.values():
            entry = LicenseEntry.objects.filter(term__organization=organization).first()
            if entry:
                ledger.reverse(entry, 5, note="", actor=None)

        found = support.rows(Organization, over="yes")
        for name, organization in histories.items():
            subscription = get_status(organization, clock.now())
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

    def test_filter_shows_organizations_with_payment_problems(
        self, world: World, support: Admin, problem: PaymentProblem
    ) -> None:
        assert support.rows(Organization, problems="yes") == {world.lakeside.pk}

    def test_filter_shows_open_payment_problems(
        self, support: Admin, problem: PaymentProblem
    ) -> None:
        assert support.rows(PaymentProblem, waiting="yes") == {problem.pk}
        support.perform(problem, "fulfill", reason="It is fine")
        assert support.rows(PaymentProblem, waiting="yes") == set()

    def test_filters_show_purchases_by_status_and_kind(
        self, support: Admin, problem: PaymentProblem
    ) -> None:
        number = problem.purchase_id
        assert support.rows(Purchase, status__exact="review", kind__exact="add_on") == {number}
        assert support.rows(Purchase, status__exact="settled") == set()

    def test_filter_shows_unfinished_refunds(
        self, world: World, stripe: SandboxControl, support: Admin
    ) -> None:
        purchase = world.buy_and_settle(10)
        stripe.fault("refund_pending")
        support.perform(purchase, "refund", what="all", reason="Too many")

        refund = Refund.objects.get()
        assert refund.status == "pending"
        assert support.rows(Refund, unfinished="yes") == {refund.pk}
        assert support.rows(Purchase, refunded="yes") == {purchase.pk}

    def test_filter_shows_disputes_awaiting_a_response(
        self, world: World, stripe: SandboxControl, support: Admin
    ) -> None:
        purchase = world.buy_and_settle(10)
        stripe.open_dispute(payment_intent=purchase.payment_intent_id)
        support.client.post("/admin/health/reconcile/")

        dispute = Dispute.objects.get()
        assert support.rows(Dispute, respond="yes") == {dispute.pk}
        assert support.rows(Organization, q=dispute.dispute_id) == {world.lakeside.pk}
        assert support.rows(Dispute, q=dispute.dispute_id) == {dispute.pk}


class TestSearch:
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
    def test_organizations_are_found_by_name_address_and_users(
        self, world: World, support: Admin, text: str
    ) -> None:
        world.lakeside.billing_email = "Treasurer@Lakeside.example"
        world.lakeside.save()

        assert support.rows(Organization, q=text) == {world.lakeside.pk}

    @pytest.mark.parametrize("text", ["side", "%", "_ake", "x@lakeside.example", "pi_nothing"])
    def test_search_matches_prefixes_only(self, support: Admin, text: str) -> None:
        assert support.rows(Organization, q=text) == set()

    def test_organization_name_ranks_before_user_addresses(
        self, world: World, support: Admin
    ) -> None:
        user = UserFactory.create(email="lakeside@elsewhere.example")
        MembershipFactory.create(organization=world.stranger.organization, user=user)

        assert support.rows(Organization, q="lakeside") == {world.lakeside.pk}
        assert support.rows(Organization, q="lakeside@") == {world.stranger.organization_id}

    def test_user_addresses_match_when_no_organization_name_does(
        self, world: World, support: Admin
    ) -> None:
        assert support.rows(Organization, q="official") == {world.lakeside.pk}

    @pytest.mark.usefixtures("stripe")
    def test_purchases_are_found_by_every_processor_id(self, world: World, support: Admin) -> None:
        purchase = world.buy_and_settle(10)
        support.perform(purchase, "refund", what="all", reason="Too many")
        refund = purchase.refunds.get()

        for text in (
            str(purchase.pk),
            purchase.pk.hex,
            purchase.reference,
            purchase.session_id,
            purchase.payment_intent_id,
            refund.refund_id,
        ):
            assert support.rows(Organization, q=text) == {world.lakeside.pk}, text
            assert support.rows(Purchase, q=text) == {purchase.pk}, text
        assert support.rows(Refund, q=refund.refund_id) == {refund.pk}
        assert support.rows(Refund, q=str(purchase.pk)) == {refund.pk}
        assert support.rows(LicenseEntry, q=str(purchase.pk)) == set(
            LicenseEntry.objects.filter(reference__startswith=purchase.reference).values_list(
                "pk", flat=True
            )
        )

    @pytest.mark.usefixtures("stripe")
    def test_purchases_are_found_by_buyer_organization_and_receipt(
        self, world: World, support: Admin
    ) -> None:
        purchase = world.buy_and_settle(10)
        number = str(purchase.receipt_number)

        for text in ("lakeside", "ASSIGNOR@lakeside.example", "Lakeside Off"):
            assert support.rows(Purchase, q=text) == {purchase.pk}, text
        assert support.rows(Purchase, organization=world.lakeside.pk, q=number) == {purchase.pk}
        assert support.rows(Purchase, organization=world.lakeside.pk, q="77") == set()

    @pytest.mark.parametrize("text", ["otto", "Otto Off", "official@", "OFFICIAL@LAKESIDE.EXAMPLE"])
    def test_users_and_accounts_are_found_by_person(
        self, world: World, support: Admin, text: str
    ) -> None:
        assert support.rows(Membership, q=text) == {world.official.pk}
        assert support.rows(User, q=text) == {world.official.user_id}

    def test_users_are_found_by_organization(self, world: World, support: Admin) -> None:
        assert support.rows(Membership, q="harbor") == {world.stranger.pk}

    def test_notifications_are_found_by_recipient(self, world: World, support: Admin) -> None:
        members.add(world.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))

        assert len(support.rows(Notification, q="n@lakeside.example")) == 1
        assert len(support.rows(Notification, q="lakeside")) == 1
        assert support.rows(Notification, q="m@lakeside.example") == set()

    def test_events_are_found_by_id(self, support: Admin) -> None:
        event = ProcessorEvent.objects.create(
            event_id="evt_1", type="t", object_id="cs_1", received_at=clock.now()
        )

        for text in ("evt_1", "cs_1"):
            assert support.rows(ProcessorEvent, q=text) == {event.pk}
        assert support.rows(ProcessorEvent, unprocessed="yes", q="evt_2") == set()


class TestByOrganization:
    def test_unknown_organization_shows_no_rows(self, support: Admin) -> None:
        assert support.rows(Term, organization="99999") == set()

    @pytest.mark.parametrize("organization", ["x", "-1", "9" * 40, "²"])
    def test_invalid_organization_redirects(self, support: Admin, organization: str) -> None:
        response = support.list(Term, organization=organization)

        assert response.status_code == HTTPStatus.FOUND
        assert "e=1" in response.url

    @pytest.mark.parametrize("model", [Term, Membership, LicenseEntry, Notification])
    def test_organization_filter_shows_only_its_rows(
        self, world: World, support: Admin, model: type[Model]
    ) -> None:
        rows = support.list(model, organization=world.lakeside.pk).context["cl"].result_list

        for row in rows:
            assert "lakeside" in str([getattr(row, "term", row).organization.slug])


OUR_MODELS = [
    model for model in admin.site._registry if model._meta.app_label in ("subscriptions", "billing")
]


@pytest.mark.parametrize("model", OUR_MODELS)
def test_list_query_count_is_constant(world: World, support: Admin, model: type[Model]) -> None:
    """The number of queries does not depend on the number of rows."""
    path = support.list(model).request["PATH_INFO"]
    rows.create(world, 1)
    before = queries_of(support.client, path)

    rows.create(world, 5)
    after = queries_of(support.client, path)

    assert len(after) == len(before) <= 16, "\n".join(after)
