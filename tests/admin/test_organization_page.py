"""The organization page: everything on one page, in a constant number of queries."""

import uuid
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.contrib.auth.models import Permission

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from subscriptions import clock
from subscriptions.licenses.ledger import grant_add_on
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.messenger import threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import LicenseEntry, Membership, Term, User
from subscriptions.models.members import Role
from tests.admin.client import Admin
from tests.billing.renewals import IN_WINDOW, renew, renew_and_settle
from tests.support.factories import UserFactory
from tests.support.pages import queries_of, text_of
from tests.support.world import World, remove

# The current number, as a limit; session, account and permissions take 6 of them.
MAX_QUERIES = 45


def panel(page: object, key: str) -> object:
    return next(each for each in page.context["panels"] if each.key == key)  # type: ignore[attr-defined]


def facts(page: object, key: str) -> dict[str, str]:
    return {label: str(value) for label, value in panel(page, key).facts}  # type: ignore[attr-defined]


class TestSummary:
    def test_running_term(self, world: World, support: Admin) -> None:
        page = support.open(world.lakeside)

        assert "Running" in facts(page, "subscription")["Phase"]
        assert facts(page, "subscription")["Package"] == "Association"
        assert facts(page, "subscription")["Locked price per license"] == "$5.00"
        assert facts(page, "subscription")["Days remaining"] == "198"
        assert facts(page, "licenses")["Held"] == "25"
        assert facts(page, "licenses")["In use"] == "4"
        assert facts(page, "licenses")["Available"] == "21"
        assert facts(page, "renewal")["Window opens"] == "Dec. 2, 2031"

    def test_locked_price_is_the_price_of_the_term(self, world: World, support: Admin) -> None:
        package = world.term.package
        package.unit_amount = 900
        package.save()

        assert facts(support.open(world.lakeside), "subscription")["Locked price per license"] == (
            "$5.00"
        )

    def test_term_in_the_renewal_window(
        self, window: World, stripe: SandboxControl, support: Admin
    ) -> None:
        remove(window, 5)
        renew(window)

        renewal = facts(support.open(window.lakeside), "renewal")

        assert "yes" in renewal["Open"]
        assert renewal["Removed from the renewal"] == "5"
        assert renewal["Current renewal"].startswith("20 licenses, $100.00")
        assert "Arlo Assignor" in renewal["Payment in progress"]

    def test_renewed_subscription(
        self, window: World, stripe: SandboxControl, support: Admin
    ) -> None:
        renew_and_settle(window)

        page = support.open(window.lakeside)

        assert "from Jan. 1, 2032, $5.00 per license" in facts(page, "subscription")["Renewed"]
        assert facts(page, "renewal")["Window opens"] == "Dec. 2, 2032"

    def test_expired_subscription(self, world: World, support: Admin) -> None:
        world.later(days=205)

        page = support.open(world.lakeside)

        assert "Expired" in facts(page, "subscription")["Phase"]
        assert facts(page, "subscription")["Days since it ended"] == "7"

    def test_refunded_term(self, window: World, stripe: SandboxControl, support: Admin) -> None:
        purchase = renew_and_settle(window)
        support.perform(Purchase.objects.get(pk=purchase.pk), "refund", reason="They are leaving")

        page = support.open(window.lakeside)

        assert panel(page, "terms").rows[0][-1]  # type: ignore[attr-defined]
        assert "$125.00" in str(panel(page, "purchases").rows[0])  # type: ignore[attr-defined]

    def test_organization_without_a_term(self, world: World, support: Admin) -> None:
        existing = world.stranger.organization
        new_organization = type(existing).objects.create(
            name="New", slug="new", currency="usd", created_at=clock.now()
        )

        page = support.open(new_organization)

        assert "Never paid" in facts(page, "subscription")["Phase"]


class TestLists:
    def test_administrators_and_assignors_are_listed_first(
        self, world: World, support: Admin
    ) -> None:
        names = [str(row[0]) for row in panel(support.open(world.lakeside), "members").rows]  # type: ignore[attr-defined]

        assert ["Ada Admin" in names[0], "Arlo Assignor" in names[1]] == [True, True]

    def test_long_lists_are_shortened_and_link_to_the_full_list(
        self, world: World, support: Admin
    ) -> None:
        world.fill(25)

        members_ = panel(support.open(world.lakeside), "members")

        assert len(members_.rows) == 20  # type: ignore[attr-defined]
        assert members_.total == 25  # type: ignore[attr-defined]
        page = support.client.get(members_.more)  # type: ignore[attr-defined]
        assert page.context["cl"].result_count == 25

    @pytest.mark.parametrize("key", ["members", "purchases", "terms", "removals", "ledger"])
    def test_every_list_links_to_the_organizations_full_list(
        self, window: World, stripe: SandboxControl, support: Admin, key: str
    ) -> None:
        remove(window, 5)
        renew_and_settle(window)

        block = panel(support.open(window.lakeside), key)
        page = support.client.get(block.more)  # type: ignore[attr-defined]

        assert page.status_code == HTTPStatus.OK
        assert page.context["cl"].result_count == block.total == len(block.rows)  # type: ignore[attr-defined]

    def test_threads_are_newest_first_with_their_requests(
        self, window: World, support: Admin
    ) -> None:
        threads.write(window.official, MessageDraft("When do we meet?"))
        window.later(hours=1)
        request = threads.request_removal(window.administrator, 5, MessageDraft("Fewer games"))

        rows = panel(support.open(window.lakeside), "threads").rows  # type: ignore[attr-defined]

        assert ["Ada Admin" in str(rows[0][0]), "Otto Official" in str(rows[1][0])] == [True, True]
        assert f"message={request.pk}" in str(rows[0])
        assert "Waiting since" in str(rows[0])

    def test_activities_name_their_authors(self, world: World, support: Admin) -> None:
        new = NewMember("Nora New", "nora@lakeside.example", Role.OBSERVER)
        added = members.add(world.assignor, new)
        members.change_role(world.administrator, added, Role.ASSIGNOR)

        [role_changed, user_added] = panel(support.open(world.lakeside), "history").rows[:2]  # type: ignore[attr-defined]

        assert role_changed[1:4] == ["Ada Admin", "Changed a role: Nora New", "Observer → Assignor"]
        assert user_added[1:3] == ["Arlo Assignor", "Added a user: Nora New"]


class TestQueries:
    @pytest.mark.usefixtures("stripe")
    def test_query_count_does_not_depend_on_rows(self, world: World, support: Admin) -> None:
        path = support.open(world.lakeside).request["PATH_INFO"]
        purchase = world.buy_and_settle(5)
        world.at(IN_WINDOW)
        threads.write(world.official, MessageDraft("Hello"))
        remove(world, 1)
        before = queries_of(support.client, path)
        self.add_rows(world, purchase)

        after = queries_of(support.client, path)

        assert len(after) == len(before) <= MAX_QUERIES, "\n".join(after)

    def add_rows(self, world: World, purchase: Purchase) -> None:
        world.fill(20)
        for member in world.lakeside.memberships.all()[:8]:
            threads.write(member, MessageDraft("Hello"))
        threads.request_removal(world.administrator, 2, MessageDraft("Fewer games"))
        for _ in range(3):
            remove(world, 1)
        for number in range(30):
            copy = Purchase.objects.get(pk=purchase.pk)
            copy.pk, copy.submission = uuid.uuid4(), uuid.uuid4()
            copy.session_id, copy.payment_intent_id = f"cs_{number}", f"pi_{number}"
            copy.receipt_number = 100 + number
            copy.idempotency_key = copy.reference
            copy.save(force_insert=True)
            grant_add_on(
                world.term, 5, effective_at=clock.now(), reference=copy.reference, actor=None
            )
        for number in range(8):
            new = NewMember(f"N{number}", f"n{number}@lakeside.example", Role.OBSERVER)
            members.add(world.assignor, new)


class TestLinks:
    @pytest.mark.usefixtures("stripe")
    def test_related_objects_link_to_their_organization(self, world: World, support: Admin) -> None:
        purchase = world.buy_and_settle(5)
        path = f"/admin/subscriptions/organization/{world.lakeside.pk}/change/"
        entry = LicenseEntry.objects.get(reference=purchase.reference)

        for row in (world.assignor, purchase, entry, Term.objects.get(pk=world.term.pk)):
            assert path in support.open(row).content.decode(), row

    @pytest.mark.usefixtures("stripe")
    def test_purchase_entry_and_term_link_to_each_other(self, world: World, support: Admin) -> None:
        purchase = world.buy_and_settle(5)
        entry = LicenseEntry.objects.get(reference=purchase.reference)
        purchase_path = f"/admin/billing/purchase/{purchase.pk}/change/"
        entry_path = f"/admin/subscriptions/licenseentry/{entry.pk}/change/"

        assert entry_path in support.open(purchase).content.decode()
        for row in (entry, world.term):
            assert purchase_path in support.open(row).content.decode()
        assert entry_path in support.open(world.term).content.decode()

    def test_account_links_to_all_its_memberships(self, world: World, support: Admin) -> None:
        user = world.official.user
        page = support.open(user).content.decode()

        assert f"/admin/subscriptions/membership/{world.official.pk}/change/" in page

    @pytest.mark.usefixtures("stripe")
    def test_purchase_links_to_its_related_objects(self, world: World, support: Admin) -> None:
        purchase = world.buy_and_settle(5)
        support.perform(purchase, "refund", what="all", reason="Too many")
        refund = purchase.refunds.get()

        assert (
            f"/admin/billing/refund/{refund.pk}/change/" in support.open(purchase).content.decode()
        )
        assert f"/admin/billing/purchase/{purchase.pk}/change/" in (
            support.open(refund).content.decode()
        )


def test_staff_see_only_permitted_blocks(world: World) -> None:
    user: User = UserFactory.create(is_staff=True)
    support = Admin(world.client(user))
    assert support.open(world.lakeside).status_code == HTTPStatus.FORBIDDEN

    user.user_permissions.add(Permission.objects.get(codename="view_organization"))
    page = Admin(world.client(User.objects.get(pk=user.pk))).open(world.lakeside)

    keys = {each.key for each in page.context["panels"]}
    assert "licenses" in keys
    assert not keys & {"members", "purchases", "ledger", "threads", "terms", "removals"}
    assert "Remove licenses…" not in text_of(page)


def test_times_are_in_the_subscription_time_zone(world: World, support: Admin) -> None:
    """R18: terms end at midnight in New York, and all times are shown in that zone."""
    membership = Membership.objects.get(pk=world.assignor.pk)
    membership.joined_at = clock.now() - timedelta(hours=1)
    membership.save()

    assert "June 16, 2031, 11 a.m." in text_of(support.open(membership))
