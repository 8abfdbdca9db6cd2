"""License numbers of new members (R4, R5)."""

from dataclasses import replace

from django.db.models import Exists, Max, OuterRef, QuerySet
from prometheus_client import Counter

from subscriptions import clock
from subscriptions.licenses import low_licenses
from subscriptions.licenses.status import get_status
from subscriptions.models import Membership, Organization
from subscriptions.policy import licenses
from subscriptions.policy.refusal import Refusal, require

licenses_short = Counter(
    "licensing_licenses_short_total",
    "Licenses missing when members were to be added, by the limit that applied.",
    ["limit"],
)


def take_licenses(organization: Organization, number: int) -> list[int]:
    """Return license numbers for ``number`` more members, under the organization's lock (R5).

    Raises Refused if fewer are free.
    """
    subscription = get_status(organization, clock.now())
    decision = subscription.may_take(number)
    if isinstance(decision, Refusal):
        missing = decision.facts.get("missing")
        short = missing if isinstance(missing, int) else number
        licenses_short.labels(limit=decision.reason.value).inc(short)
    require(decision)
    usable = subscription.licenses.usable
    highest = (
        _license_holders(organization).aggregate(highest=Max("license_number"))["highest"] or 0
    )
    wanted = licenses.gaps_needed(number, highest=highest, usable=usable)
    gaps = _lowest_gaps(organization, wanted, below=min(highest, usable + 1))
    numbers = licenses.next_license_numbers(number, highest=highest, gaps=gaps, usable=usable)
    if len(numbers) < number:
        # Reached only without the lock, if licenses are taken after they are counted. It keeps all
        # numbers within the limit, so that the unique index is enough to enforce it.
        remaining = replace(subscription.licenses, in_use=usable - len(numbers))
        require(licenses.may_take(remaining, number))
    moment = subscription.now.isoformat()
    low_licenses.notify_when_low(subscription, number, reference=f"{organization.pk}:{moment}")
    return numbers


def _license_holders(organization: Organization) -> QuerySet[Membership]:
    # Exactly the license holders have a number, so a single index answers this query.
    return Membership.objects.filter(organization=organization, license_number__isnull=False)


def _lowest_gaps(organization: Organization, wanted: int, *, below: int) -> list[int]:
    if wanted == 0:
        return []
    if wanted == 1:
        gap = _lowest_gap(organization)
        return [gap] if gap < below else []
    taken = set(_license_holders(organization).values_list("license_number", flat=True))
    return [number for number in range(1, below) if number not in taken][:wanted]


def _lowest_gap(organization: Organization) -> int:
    """Return the lowest gap without reading every number of a large organization."""
    holders = _license_holders(organization)
    if not holders.filter(license_number=1).exists():
        return 1
    following = holders.filter(license_number=OuterRef("license_number") + 1)
    before = (
        holders.filter(~Exists(following))
        .order_by("license_number")
        .values_list("license_number", flat=True)
        .first()
    )
    return (before or 0) + 1
