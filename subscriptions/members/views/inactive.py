"""Inactive members, removing several members at once, and restoring them."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from subscriptions import clock
from subscriptions.access import reauthentication
from subscriptions.access.decorators import members_only
from subscriptions.licenses.status import get_status
from subscriptions.members import inactive as use_cases
from subscriptions.members import members
from subscriptions.models import Membership
from subscriptions.policy.members import Capability, may_change
from subscriptions.policy.refusal import ALLOWED, Refused
from subscriptions.text import formats
from subscriptions.text.ids import read_uuid
from subscriptions.text.refusals import refusal_text

PER_PAGE = 50


@members_only(Capability.MANAGE_USERS, open_when_closed=True)
@require_GET
def inactive(request: HttpRequest, member: Membership) -> HttpResponse:
    """List inactive members, who can be removed to free up licenses."""
    now = clock.now()
    found = use_cases.inactive_members(member.organization, now)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    _set_may_be_changed(member, page)
    context = {
        "page": page,
        "days": use_cases.inactive_after(member.organization).days,
        "subscription": get_status(member.organization, now),
    }
    return render(request, "members/inactive.html", context)


@members_only(Capability.MANAGE_USERS, open_when_closed=True, form_at="subscriptions:users")
@require_POST
def remove_many(request: HttpRequest, member: Membership) -> HttpResponse:
    """Confirm the removal of the selected members, then remove all or none."""
    keys = _keys(request)
    if len(keys) > use_cases.MAX_AT_ONCE:
        text = _("Select at most %(most)s users at a time.")
        messages.error(request, text % {"most": use_cases.MAX_AT_ONCE})
        return redirect("subscriptions:users", member.organization.slug)
    selected = use_cases.find_selected(member.organization, keys)
    if not selected:
        messages.error(request, _("Select the users to remove, then try again."))
        return redirect("subscriptions:users", member.organization.slug)
    refusals = [
        (one, refusal_text(reason))
        for one in selected
        if (reason := members.removal_refusal(member, one)) is not None
    ]
    context: dict[str, Any] = {"chosen": selected, "refusals": refusals}
    if "confirm" not in request.POST or refusals:
        status = HTTPStatus.CONFLICT if refusals else HTTPStatus.OK
        return render(request, "members/remove_users.html", context, status=status)
    try:
        freed = use_cases.remove_all(member, selected)
    except Refused as refused:
        context["reason"] = refusal_text(refused.refusal)
        return render(request, "members/remove_users.html", context, status=HTTPStatus.CONFLICT)
    text = ngettext(
        "%(number)s user has been removed, and the license is available.",
        "%(number)s users have been removed, and their licenses are available.",
        freed,
    )
    messages.success(request, text % {"number": formats.number(freed)})
    if member.user_id in [one.user_id for one in selected]:
        return redirect("subscriptions:my_organizations")
    return redirect("subscriptions:users", member.organization.slug)


@members_only(Capability.MANAGE_USERS)
@require_http_methods(["GET"])
def removed(request: HttpRequest, member: Membership) -> HttpResponse:
    """List removed members, who can be restored while a license is free."""
    return _removed_page(request, member)


@members_only(Capability.MANAGE_USERS, form_at="subscriptions:removed_users")
@require_POST
def restore(request: HttpRequest, member: Membership, key: UUID) -> HttpResponse:
    """Restore a removed member."""
    other = get_object_or_404(Membership, key=key, organization=member.organization)
    reauthentication.require_for_role(request, other.role)
    try:
        restored = use_cases.restore(member, other)
    except Refused as refused:
        reason = refusal_text(refused.refusal)
        return _removed_page(request, member, reason=reason, status=HTTPStatus.CONFLICT)
    text = _("%(name)s has been restored with license %(number)s.")
    facts = {"name": restored.display_name, "number": restored.license_number}
    messages.success(request, text % facts)
    return redirect("subscriptions:users", member.organization.slug)


def _removed_page(
    request: HttpRequest,
    member: Membership,
    *,
    reason: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    found = use_cases.removed_members(member.organization)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    _set_may_be_changed(member, page)
    context = {
        "page": page,
        "reason": reason,
        "subscription": get_status(member.organization, clock.now()),
    }
    return render(request, "members/removed.html", context, status=status)


def _set_may_be_changed(member: Membership, rows: Iterable[Any]) -> None:
    for row in rows:
        # Computed here, because templates hold no rules.
        row.may_be_changed = may_change(member.role, row.role) == ALLOWED


def _keys(request: HttpRequest) -> list[UUID]:
    values = request.POST.getlist("user")[: use_cases.MAX_AT_ONCE + 1]
    return [key for key in map(read_uuid, values) if key]
