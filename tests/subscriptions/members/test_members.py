"""Adding, reinviting, joining, changing and removing members (R3-R5)."""

import pytest
from django.db import IntegrityError, transaction

from subscriptions import clock
from subscriptions.licenses.status import get_status
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import Activity, LicenseEntry, Membership, Notification, Renewal, User
from subscriptions.models.members import MembershipState, Role
from subscriptions.models.terms import RenewalState
from subscriptions.policy.refusal import Reason, Refused
from tests.support.checks import refuses
from tests.support.factories import MembershipFactory, UserFactory
from tests.support.world import World, build_term, build_world


def new_member(email: str = "new@lakeside.example", role: str = Role.GENERAL_MEMBER) -> NewMember:
    return NewMember(name="Nora New", email=email, role=role)


def in_use(world: World) -> int:
    return get_status(world.lakeside, clock.now()).licenses.in_use


class TestAdding:
    def test_invitation_uses_a_license(self, world: World) -> None:
        added = members.add(world.assignor, new_member())

        assert added.state == MembershipState.INVITED
        assert added.license_number == 5
        assert in_use(world) == 5
        assert not added.user.has_usable_password()

    def test_invitation_is_mailed_and_recorded(self, world: World) -> None:
        members.add(world.assignor, new_member())

        notification = Notification.objects.get(kind="invitation")
        assert notification.recipient == "new@lakeside.example"
        assert Activity.objects.get(verb="member_added").actor == world.assignor.user

    def test_existing_account_joins_unchanged(self, world: World) -> None:
        added = members.add(world.assignor, new_member("ADMINISTRATOR@Harbor.example"))

        assert added.user == world.stranger.user
        assert added.user.name == "Harry Harbor"
        assert User.objects.filter(email__icontains="administrator@harbor").count() == 1

    def test_typed_name_is_shown_until_the_person_joins(self, world: World) -> None:
        """The list must not disclose that the address has an account under another name."""
        added = members.add(world.assignor, new_member("administrator@harbor.example"))
        assert added.display_name == "Nora New"

        members.join(added)

        assert Membership.objects.get(pk=added.pk).display_name == "Harry Harbor"

    @pytest.mark.parametrize("email", ["official@lakeside.example", " Official@LAKESIDE.example "])
    def test_member_cannot_be_added_twice(self, world: World, email: str) -> None:
        with refuses(Reason.ALREADY_A_MEMBER):
            members.add(world.assignor, new_member(email))

    def test_assignor_cannot_add_an_administrator(self, world: World) -> None:
        with refuses(Reason.ABOVE_OWN_ROLE):
            members.add(world.assignor, new_member(role=Role.ADMINISTRATOR))
        assert not User.objects.filter(email="new@lakeside.example").exists()

    def test_assignor_cannot_add_a_removed_administrator_again(self, world: World) -> None:
        second = MembershipFactory.create(organization=world.lakeside, role=Role.ADMINISTRATOR)
        members.remove(world.administrator, second)

        with refuses(Reason.ABOVE_OWN_ROLE):
            members.add(world.assignor, new_member(second.user.email))

    def test_support_staff_use_a_license_only_as_members(self, world: World) -> None:
        before = in_use(world)
        members.add(world.assignor, new_member(world.support.email))

        assert in_use(world) == before + 1


class TestLicenses:
    @pytest.mark.parametrize("licenses", [5, 6])
    def test_last_license_can_be_used_but_no_more(self, db: None, licenses: int) -> None:
        world = build_world(licenses=licenses)
        world.fill(licenses - 1)
        members.add(world.assignor, new_member())

        with pytest.raises(Refused) as refused:
            members.add(world.assignor, new_member("another@lakeside.example"))

        assert refused.value.refusal.reason == Reason.NO_LICENSE_FREE
        assert refused.value.refusal.facts["missing"] == 1
        assert in_use(world) == licenses

    def test_removed_member_frees_the_license_immediately(self, db: None) -> None:
        world = build_world(licenses=5)
        world.fill(5)
        members.remove(world.assignor, world.observer)

        assert members.add(world.assignor, new_member()).license_number == 3

    def test_new_numbers_are_used_before_gaps(self, world: World) -> None:
        members.remove(world.assignor, world.observer)
        numbers = [
            members.add(world.assignor, new_member(f"new{number}@lakeside.example")).license_number
            for number in range(22)
        ]

        assert numbers == [*range(5, 26), 3]

    def test_lowest_gaps_are_filled_first(self, db: None) -> None:
        world = build_world(licenses=5)
        world.fill(5)
        Membership.objects.filter(pk=world.assignor.pk).update(
            state=MembershipState.REMOVED, license_number=None
        )
        members.remove(world.administrator, world.observer)

        first = members.add(world.administrator, new_member("one@lakeside.example"))
        second = members.add(world.administrator, new_member("two@lakeside.example"))

        assert (first.license_number, second.license_number) == (2, 3)

    def test_two_members_never_hold_the_same_license(self, world: World) -> None:
        """The unique index enforces this even without the lock (R5)."""
        with pytest.raises(IntegrityError), transaction.atomic():
            MembershipFactory.create(organization=world.lakeside, license_number=1)

    def test_smaller_next_term_is_a_limit(self, world: World) -> None:
        build_term(world.lakeside, licenses=5, starts_on=world.term.expires_on.replace(2032, 1, 1))
        members.add(world.assignor, new_member())

        with refuses(Reason.LIMITED_BY_NEXT_TERM):
            members.add(world.assignor, new_member("another@lakeside.example"))

    def test_open_renewal_checkout_is_a_limit(self, world: World) -> None:
        Renewal.objects.create(
            term=world.term,
            package=world.term.package,
            state=RenewalState.PAYING,
            quantity=4,
            created_at=clock.now(),
        )

        with refuses(Reason.LIMITED_BY_RENEWAL_CHECKOUT):
            members.add(world.assignor, new_member())

    def test_no_one_is_added_after_expiration(self, world: World) -> None:
        from subscriptions.policy import calendar

        world.at(calendar.expires_at(world.term.expires_on, clock.zone()))

        with pytest.raises(Refused):
            members.add(world.assignor, new_member())


class TestRemoving:
    def test_last_administrator_cannot_be_removed(self, world: World) -> None:
        with refuses(Reason.LAST_ADMINISTRATOR):
            members.remove(world.administrator, world.administrator)

    def test_administrator_who_never_signed_in_does_not_count(self, world: World) -> None:
        never = UserFactory.create(last_login=None)
        MembershipFactory.create(organization=world.lakeside, user=never, role=Role.ADMINISTRATOR)

        with pytest.raises(Refused):
            members.remove(world.administrator, world.administrator)

    def test_invited_administrator_does_not_count(self, world: World) -> None:
        members.add(world.administrator, new_member(role=Role.ADMINISTRATOR))

        with pytest.raises(Refused):
            members.change_role(world.administrator, world.administrator, Role.ASSIGNOR)

    def test_first_administrator_may_leave_if_there_is_a_second(self, world: World) -> None:
        MembershipFactory.create(organization=world.lakeside, role=Role.ADMINISTRATOR)

        members.remove(world.administrator, world.administrator)

        world.administrator.refresh_from_db()
        assert world.administrator.state == MembershipState.REMOVED

    def test_assignor_cannot_remove_an_administrator(self, world: World) -> None:
        with refuses(Reason.ABOVE_OWN_ROLE):
            members.remove(world.assignor, world.administrator)

    def test_second_removal_does_nothing(self, world: World) -> None:
        members.remove(world.assignor, world.official)

        with refuses(Reason.NOT_A_MEMBER):
            members.remove(world.assignor, world.official)

    def test_member_of_another_organization_cannot_be_removed(self, world: World) -> None:
        with pytest.raises(Refused):
            members.remove(world.administrator, world.stranger)

    def test_removed_member_can_be_added_again(self, world: World) -> None:
        members.remove(world.assignor, world.official)

        member = members.add(world.assignor, new_member(world.official.user.email))

        assert member.pk == world.official.pk
        assert member.state == MembershipState.INVITED


class TestRoles:
    def test_current_role_decides_what_is_allowed(self, world: World) -> None:
        """The page was opened as an Administrator, but submitted with a lower role."""
        second = MembershipFactory.create(organization=world.lakeside, role=Role.ADMINISTRATOR)
        members.change_role(world.administrator, second, Role.OBSERVER)

        for action in (
            lambda: members.remove(second, world.administrator),
            lambda: members.change_role(second, world.observer, Role.ADMINISTRATOR),
            lambda: members.add(second, new_member(role=Role.ADMINISTRATOR)),
        ):
            with refuses(Reason.ABOVE_OWN_ROLE):
                action()

    def test_removed_member_has_no_permissions(self, world: World) -> None:
        members.remove(world.administrator, world.assignor)

        with pytest.raises(Refused):
            members.add(world.assignor, new_member())

    def test_administrator_can_promote_to_administrator(self, world: World) -> None:
        members.change_role(world.administrator, world.observer, Role.ADMINISTRATOR)

        world.observer.refresh_from_db()
        assert world.observer.role == Role.ADMINISTRATOR

    @pytest.mark.parametrize("target", ["observer", "assignor"])
    def test_assignor_cannot_promote_to_administrator(self, world: World, target: str) -> None:
        with refuses(Reason.ABOVE_OWN_ROLE):
            members.change_role(world.assignor, getattr(world, target), Role.ADMINISTRATOR)

    def test_assignor_cannot_change_an_administrator(self, world: World) -> None:
        with pytest.raises(Refused):
            members.change_role(world.assignor, world.administrator, Role.OBSERVER)

    def test_role_change_is_recorded_with_old_and_new_role(self, world: World) -> None:
        members.change_role(world.assignor, world.observer, Role.ASSIGNOR)

        data = Activity.objects.get(verb="role_changed").data
        assert (data["role_before"], data["role"]) == (Role.OBSERVER, Role.ASSIGNOR)


def test_member_changes_do_not_change_the_ledger(world: World) -> None:
    before = LicenseEntry.objects.count()

    members.add(world.assignor, new_member())
    members.remove(world.assignor, world.official)

    assert LicenseEntry.objects.count() == before
