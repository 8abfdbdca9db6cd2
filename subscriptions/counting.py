"""Whether the numbers of members that the database keeps are those that there are."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from subscriptions.models import Membership, Organization
from subscriptions.models.members import HOLDS_LICENSE


@dataclass(frozen=True)
class Miscount:
    """An organization of which more or fewer members hold a license than ``noted``."""

    organization: Organization
    noted: int | None
    counted: int


def miscounts() -> Iterator[Miscount]:
    """All of them: none, unless triggers were switched off. Only looks; reads every membership."""
    for organization in _counted().exclude(member_count__holding=F("counted")).iterator():
        found = getattr(organization, "member_count", None)
        counted: int = organization.counted  # type: ignore[attr-defined]  # annotated
        yield Miscount(organization, found.holding if found else None, counted)


def _counted() -> "QuerySet[Organization]":
    members = Membership.objects.filter(organization=OuterRef("pk"), state__in=HOLDS_LICENSE)
    number = members.order_by().values("organization").annotate(number=Count("pk"))
    return (
        Organization.objects.select_related("member_count")
        .annotate(counted=Coalesce(Subquery(number.values("number")), 0))
        .order_by("pk")
    )
