"""The organization's activity, for Assignors and Administrators (R2)."""

from datetime import date

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from subscriptions import clock
from subscriptions.access.decorators import members_only
from subscriptions.models import Activity, Membership
from subscriptions.notifications import activity as log
from subscriptions.policy import calendar
from subscriptions.policy.members import Capability
from subscriptions.text.csv import csv_response
from subscriptions.text.ids import read_number

PER_PAGE = 50


@members_only(Capability.SEE_SUBSCRIPTION)
@require_GET
def activity(request: HttpRequest, member: Membership) -> HttpResponse:
    """List activity, newest first, filtered by kind, person and day."""
    found = _find_activities(request, member)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    for row in page:
        row.words = log.describe_activity(row)  # type: ignore[attr-defined]
    filters = {name: request.GET.get(name, "")[:60] for name in ("kind", "actor", "since", "until")}
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "page": page,
        "kinds": log.KINDS,
        "actors": log.get_actors(member.organization),
        "chosen": filters,
        "tab": "activity",
        "query": query.urlencode(),
    }
    return render(request, "organizations/activity.html", context)


@members_only(Capability.SEE_SUBSCRIPTION)
@require_GET
def activity_csv(request: HttpRequest, member: Membership) -> StreamingHttpResponse:
    """Download the filtered activity as CSV."""
    rows = (_cells(row) for row in _find_activities(request, member).iterator(chunk_size=500))
    heading = [_("When"), _("Who"), _("E-mail"), _("What"), _("Details")]
    return csv_response(f"activity-{member.organization.slug}.csv", heading, rows)


def _find_activities(request: HttpRequest, member: Membership) -> QuerySet[Activity]:
    found = log.for_organization(member.organization)
    kind = request.GET.get("kind", "")
    if kind in log.KINDS:
        found = found.filter(verb__in=log.KINDS[kind].verbs)
    actor = request.GET.get("actor", "")
    if (key := read_number(actor)) is not None:
        found = found.filter(actor=key)
    since, until = _day(request, "since"), _day(request, "until")
    if since:
        found = found.filter(at__gte=calendar.midnight(since, clock.zone()))
    if until:
        found = found.filter(at__lt=calendar.expires_at(until, clock.zone()))
    return found


def _day(request: HttpRequest, name: str) -> date | None:
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    # The next day must exist too.
    return day if day < date.max else None


def _cells(row: Activity) -> list[str]:
    words = log.describe_activity(row)
    return [
        row.at.astimezone(clock.zone()).isoformat(timespec="seconds"),
        str(row.actor or ""),
        row.actor.email if row.actor else "",
        words.what,
        "; ".join(words.details),
    ]
