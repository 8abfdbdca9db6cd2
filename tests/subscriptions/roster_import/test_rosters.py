"""Rosters from upload to adding everyone, which adds all people or none (R3-R5, R8)."""

from datetime import timedelta

import pytest
from django.test import Client
from post_office.models import Email

from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.members import drafts, members
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, Membership, Notification, RosterImport, RosterRow, User
from subscriptions.models.members import MembershipState
from subscriptions.notifications import notify
from subscriptions.organizations.daily import run_daily
from subscriptions.policy import calendar
from subscriptions.policy.members import Role
from subscriptions.policy.refusal import Reason, Refused
from subscriptions.policy.roster_import import MAX_STORED, RowState
from subscriptions.roster_import import rosters
from subscriptions.roster_import.rosters import Change
from tests.support.checks import refuses
from tests.support.pages import text_of
from tests.support.rosters import line, uploaded_roster
from tests.support.world import World, build_term


def states(world: World, roster: RosterImport) -> list[RowState]:
    return [one.result.state for one in rosters.check(roster, world.assignor).rows]


def in_use(world: World) -> int:
    return get_status(world.lakeside, clock.now()).licenses.in_use


def numbers(world: World) -> list[int]:
    held = world.lakeside.memberships.exclude(license_number=None)
    return sorted(number or 0 for number in held.values_list("license_number", flat=True))


def refusal_of_adding(world: World, roster: RosterImport) -> Reason:
    """Try to add everyone; return why it is refused, and check that nothing has changed."""
    before = (
        in_use(world),
        User.objects.count(),
        Notification.objects.count(),
        Activity.objects.count(),
    )
    rows = list(roster.rows.order_by("pk").values())

    with pytest.raises(Refused) as error:
        rosters.add_all(roster, world.assignor)

    after = (
        in_use(world),
        User.objects.count(),
        Notification.objects.count(),
        Activity.objects.count(),
    )
    assert after == before
    assert list(roster.rows.order_by("pk").values()) == rows
    return error.value.refusal.reason


class TestAdding:
    def test_everyone_is_invited_with_their_own_license(self, world: World) -> None:
        roster = uploaded_roster(
            world.assignor, [line(1), line(2, role="Observer"), line(3, role="admin")]
        )

        assert rosters.add_all(roster, world.assignor) == 2

        added = world.lakeside.memberships.filter(state=MembershipState.INVITED)
        assert {(m.display_name, m.user.email, m.role, m.license_number) for m in added} == {
            ("Person 1", "person1@new.example", Role.GENERAL_MEMBER, 5),
            ("Person 2", "person2@new.example", Role.OBSERVER, 6),
        }
        assert {m.invitation_number for m in added} == {1}
        assert not any(m.user.has_usable_password() for m in added)
        assert states(world, roster) == [RowState.ADDED, RowState.ADDED, RowState.INVALID]

    def test_import_records_one_activity_and_mails_each_person(self, world: World) -> None:
        rosters.add_all(uploaded_roster(world.assignor, 3), world.assignor)

        record = Activity.objects.get()
        assert (record.verb, record.actor) == ("members_imported", world.assignor.user)
        assert record.data["quantity"] == 3
        notified = Notification.objects.filter(kind="invitation", queued_at=None)
        assert {notification.recipient for notification in notified} == {
            f"person{number}@new.example" for number in (1, 2, 3)
        }
        assert notify.deliver_waiting() == 3

    def test_invitation_links_work(self, world: World) -> None:
        rosters.add_all(uploaded_roster(world.assignor, 1), world.assignor)
        notify.deliver_waiting()

        message = Email.objects.get().message
        link = next(word for word in message.split() if "/invitations/" in word)
        page = Client().get(link.removeprefix("http://localhost"))
        assert "person1@new.example" in text_of(page)

    def test_numbers_follow_the_highest_then_fill_the_gaps(self, world: World) -> None:
        world.fill(10)
        for number in (2, 3, 4):
            members.remove(
                world.administrator, world.lakeside.memberships.get(license_number=number)
            )

        rosters.add_all(uploaded_roster(world.administrator, 17), world.administrator)

        # 15 after the highest, and the lowest two of the three gaps.
        assert numbers(world) == [1, 2, 3, *range(5, 26)]

    def test_existing_account_is_invited_unchanged(self, world: World) -> None:
        roster = uploaded_roster(
            world.assignor, [line(1, email=world.stranger.user.email, name="H. Harbor")]
        )

        rosters.add_all(roster, world.assignor)

        joined = world.lakeside.memberships.get(user=world.stranger.user)
        assert (joined.state, joined.display_name) == (MembershipState.INVITED, "H. Harbor")
        assert User.objects.get(pk=world.stranger.user_id).name == "Harry Harbor"

    def test_removed_member_is_invited_again(self, world: World) -> None:
        members.remove(world.assignor, world.official)
        roster = uploaded_roster(
            world.assignor, [line(1, email=world.official.user.email), line(2)]
        )

        rosters.add_all(roster, world.assignor)

        member = Membership.objects.get(pk=world.official.pk)
        assert (member.state, member.license_number, member.removed_at) == (
            MembershipState.INVITED,
            4,
            None,
        )
        assert member.invitation_number == world.official.invitation_number + 1

    def test_second_click_adds_no_one_and_returns_the_same_number(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 3)

        assert [rosters.add_all(roster, world.assignor) for _ in range(2)] == [3, 3]
        assert in_use(world) == 7
        assert Notification.objects.count() == 3

    def test_file_imported_twice_adds_everyone_once(self, world: World) -> None:
        first, second = uploaded_roster(world.assignor, 3), uploaded_roster(world.assignor, 3)
        rosters.add_all(first, world.assignor)

        assert states(world, second) == [RowState.MEMBER] * 3
        assert refusal_of_adding(world, second) == Reason.NO_ONE_TO_ADD

    def test_invalid_rows_can_be_corrected_and_added_later(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, [line(1), line(2, email="nobody")])
        rosters.add_all(roster, world.assignor)
        wrong = roster.rows.get(position=3)

        rosters.change(roster, {wrong.pk: Change(is_left_out=False, email=" Nina@NEW.example ")})

        assert rosters.add_all(roster, world.assignor) == 1
        assert User.objects.filter(email="nina@new.example").exists()
        assert in_use(world) == 6


class TestAllOrNothing:
    def test_one_license_too_few_adds_no_one(self, world: World) -> None:
        assert (
            refusal_of_adding(world, uploaded_roster(world.assignor, 22)) == Reason.NO_LICENSE_FREE
        )

    def test_licenses_used_in_the_meantime_are_detected(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 21)
        assert rosters.check(roster, world.assignor).new == 21
        members.add(world.administrator, NewMember("Zoe", "zoe@new.example", Role.OBSERVER))

        assert refusal_of_adding(world, roster) == Reason.NO_LICENSE_FREE

    def test_row_of_a_new_member_is_skipped_and_the_others_added(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 3)
        members.add(world.administrator, NewMember("P", "person2@new.example", Role.OBSERVER))

        assert states(world, roster)[1] == RowState.MEMBER
        assert rosters.add_all(roster, world.assignor) == 2
        assert world.lakeside.memberships.get(user__email="person2@new.example").role == "observer"

    def test_smaller_next_term_is_a_limit(self, world: World) -> None:
        build_term(world.lakeside, licenses=5, starts_on=world.term.expires_on.replace(2032, 1, 1))

        assert (
            refusal_of_adding(world, uploaded_roster(world.assignor, 2))
            == Reason.LIMITED_BY_NEXT_TERM
        )

    def test_no_one_is_added_after_expiration(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 2)
        world.at(calendar.expires_at(world.term.expires_on, clock.zone()))

        assert refusal_of_adding(world, roster) == Reason.EXPIRED

    def test_removed_importer_is_refused(self, world: World) -> None:
        roster = uploaded_roster(world.assignor, 2)
        members.remove(world.administrator, world.assignor)

        assert refusal_of_adding(world, roster) == Reason.NOT_A_MEMBER

    def test_importers_current_role_decides_what_they_may_assign(self, world: World) -> None:
        second = members.add(
            world.administrator, NewMember("Bea", "bea@new.example", Role.ADMINISTRATOR)
        )
        members.join(second)
        roster = uploaded_roster(second, [line(1, role="Administrator")])
        assert rosters.check(roster, second).new == 1
        members.change_role(world.administrator, second, Role.ASSIGNOR)

        with pytest.raises(Refused):
            rosters.add_all(roster, second)
        assert not User.objects.filter(email="person1@new.example").exists()

    def test_members_are_never_promoted_or_demoted(self, world: World) -> None:
        people = [world.administrator, world.assignor, world.observer, world.official]
        before = list(world.lakeside.memberships.order_by("pk").values())
        roles = ["General member", "Administrator", "Assignor", ""]
        roster = uploaded_roster(
            world.assignor,
            [
                line(number, email=person.user.email, role=role)
                for number, (person, role) in enumerate(zip(people, roles, strict=True))
            ],
        )

        assert states(world, roster) == [RowState.MEMBER] * 4
        assert refusal_of_adding(world, roster) == Reason.NO_ONE_TO_ADD
        assert list(world.lakeside.memberships.order_by("pk").values()) == before


class TestStorage:
    def test_roster_belongs_to_its_author_in_this_organization(self, world: World) -> None:
        roster = uploaded_roster(world.assignor)

        assert rosters.find(world.assignor, roster.pk) == roster
        assert rosters.find(world.administrator, roster.pk) is None
        assert rosters.find(world.stranger, roster.pk) is None

    def test_daily_job_deletes_rosters_after_a_week(self, world: World) -> None:
        uploaded_roster(world.assignor)
        world.later(days=6)
        newer = uploaded_roster(world.assignor)
        draft = drafts.save(world.assignor, {"name": "Nora"})
        world.at(clock.now() + timedelta(days=1, seconds=1))

        report = run_daily()

        assert report.done["rosters deleted"] == 1
        assert list(RosterImport.objects.all()) == [newer]
        assert RosterRow.objects.count() == 3
        assert drafts.find(world.assignor, str(draft.pk)) == draft

    def test_number_of_stored_rosters_is_limited(self, world: World) -> None:
        for _ in range(MAX_STORED):
            uploaded_roster(world.assignor, 1)

        with refuses(Reason.TOO_MANY_ROSTERS):
            uploaded_roster(world.assignor, 1)
        uploaded_roster(world.administrator, 1)

    def test_changes_affect_only_rows_of_this_roster_not_yet_added(self, world: World) -> None:
        roster, other = uploaded_roster(world.assignor, 2), uploaded_roster(world.administrator, 1)
        rosters.add_all(roster, world.assignor)
        change = Change(is_left_out=True, name="Somebody else")

        keys = RosterRow.objects.values_list("pk", flat=True)
        assert rosters.change(roster, dict.fromkeys(keys, change)) == 0
        assert other.rows.get().name == "Person 1"

    def test_all_unknown_roles_can_become_general_member(self, world: World) -> None:
        roster = uploaded_roster(
            world.assignor,
            [line(1, role="Chief"), line(2, role="Umpire-in-chief"), line(3, role="Observer")],
        )

        assert rosters.make_unknown_roles_general(roster, world.assignor) == 2
        assert [one.result.role for one in rosters.check(roster, world.assignor).rows] == [
            Role.GENERAL_MEMBER,
            Role.GENERAL_MEMBER,
            Role.OBSERVER,
        ]
