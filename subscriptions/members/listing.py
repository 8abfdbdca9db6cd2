"""The paged list of license holders, as fast for 50,000 members as for 20.

A page is a range of license numbers: 1 to 50 on the first, 51 to 100 on the second, so finding a
page takes no counting or skipping. Removed members leave gaps on a page; "next" and "previous" skip
empty pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from subscriptions.models import Membership, Organization, User
from subscriptions.models.indexes import starts_with
from subscriptions.models.members import MembershipState
from subscriptions.text.ids import read_number

PER_PAGE = 50
# If more accounts than this match a search, in all organizations, the search filters the
# organization's own members instead.
_MAX_MATCHES = 500
# The largest value of the column.
_MAX_LICENSE_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Page:
    """One page of members by license number; ``of`` is the last page if pages are numbered."""

    members: Sequence[Membership]
    number: int
    of: int | None
    previous: int | None
    next: int | None


def get_page(organization: Organization, number: str) -> Page:
    """Return the page with this number, or the first or last one if it is out of range."""
    holders = _license_holders(organization)
    wanted = min(_read_page_number(number), _MAX_LICENSE_NUMBER // PER_PAGE)
    start = (wanted - 1) * PER_PAGE
    # One more than a page, to know whether there is a next page.
    above = holders.filter(license_number__gt=start).select_related("user")
    found = list(above[: PER_PAGE + 1])
    if not found:
        return get_page(organization, str(_last_page(holders))) if wanted > 1 else _EMPTY
    # Skip empty pages, up to the page of the next member.
    wanted = max(wanted, _page_containing(found[0]))
    start, end = (wanted - 1) * PER_PAGE, wanted * PER_PAGE
    members = [one for one in found if (one.license_number or 0) <= end]
    before = holders.filter(license_number__lte=start).last() if start else None
    after = found[len(members)] if len(found) > len(members) else None
    return Page(
        members=members,
        number=wanted,
        of=_last_page(holders),
        previous=_page_containing(before) if before else None,
        next=_page_containing(after) if after else None,
    )


def search_page(
    organization: Organization, search: str, number: str, *, only_invited: bool = False
) -> Page:
    """Return members whose display name or e-mail begins with ``search``, or by license number.

    ``only_invited``: only those who have not accepted their invitation.
    """
    wanted = min(_read_page_number(number), _MAX_LICENSE_NUMBER // PER_PAGE)
    start = (wanted - 1) * PER_PAGE
    matching = _license_holders(organization).select_related("user")
    if search:
        matching = matching.filter(_matches(search))
    if only_invited:
        matching = matching.filter(state=MembershipState.INVITED)
    found = list(matching[start : start + PER_PAGE + 1])
    return Page(
        members=found[:PER_PAGE],
        number=wanted,
        of=None,
        previous=wanted - 1 if wanted > 1 else None,
        next=wanted + 1 if len(found) > PER_PAGE else None,
    )


_EMPTY = Page(members=[], number=1, of=1, previous=None, next=None)


def _license_holders(organization: Organization) -> QuerySet[Membership]:
    # Exactly the license holders have a number.
    return organization.memberships.filter(license_number__isnull=False).order_by("license_number")


def _last_page(holders: QuerySet[Membership]) -> int:
    last = holders.last()
    return _page_containing(last) if last else 1


def _page_containing(member: Membership) -> int:
    return _page_number(member.license_number or 1)


def _page_number(license_number: int) -> int:
    return (license_number - 1) // PER_PAGE + 1


def _read_page_number(number: str) -> int:
    # 18 digits are enough: any such number means the last page.
    return max(1, read_number(number[:18]) or 1)


def _matches(search: str) -> Q:
    """Filter by the beginning of the display name or e-mail, or by license number."""
    # The name on an invited person's account is not searched: a match would reveal the account.
    invited, active = MembershipState.INVITED, MembershipState.ACTIVE
    found = Q(invited_as__istartswith=search, state=invited)
    found |= _by_account(
        Q(name__istartswith=search), Q(user__name__istartswith=search), state=active
    )
    found |= _by_account(starts_with("email", search), starts_with("user__email", search))
    if (number := read_number(search)) is not None:
        found |= Q(license_number=min(number, _MAX_LICENSE_NUMBER))
    return found


def _by_account(account: Q, members_account: Q, **also: str) -> Q:
    """Filter members by a condition on their accounts, given for both tables."""
    # The keys are read first, so that the query planner cannot choose to scan a large table.
    keys = list(User.objects.filter(account).values_list("pk", flat=True)[: _MAX_MATCHES + 1])
    return Q(Q(user__in=keys) if len(keys) <= _MAX_MATCHES else members_account, **also)
