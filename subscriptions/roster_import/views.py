"""Roster import: upload a roster, preview and correct it, and add all users at once (R3-R5, R8)."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from subscriptions import clock
from subscriptions.access import limits, reauthentication
from subscriptions.access.decorators import members_only
from subscriptions.licenses.status import get_status
from subscriptions.members.forms import role_choices
from subscriptions.models import Membership, RosterImport
from subscriptions.models.members import LICENSE_HOLDER_STATES, Role
from subscriptions.policy.members import Capability
from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.policy.roster_import import MAX_ROWS, RowState
from subscriptions.roster_import import rosters
from subscriptions.roster_import.forms import ImportForm, read_changes, read_options
from subscriptions.roster_import.preview import (
    STATES,
    describe_need,
    encode_choices,
    summarize_import,
)
from subscriptions.roster_import.rosters import CheckedRoster, CheckedRow
from subscriptions.roster_import.uploads import was_too_large
from subscriptions.roster_import.words import read_role
from subscriptions.text import formats, links
from subscriptions.text.csv import csv_response
from subscriptions.text.refusals import TOO_MANY_INVITATIONS, refusal_text

PER_PAGE = 50
# Rows in these states can be corrected or left out.
CHANGEABLE = (RowState.INVITED, RowState.INVALID, RowState.REPEATED, RowState.LEFT_OUT)
# Rows in these states show their fields right away.
NEEDS_CORRECTION = (RowState.INVALID, RowState.REPEATED)


@dataclass(frozen=True)
class DisplayRow:
    """A row for the template, which holds no rules."""

    row: Any
    state: RowState
    label: str
    role: str
    role_value: str
    reason: str
    is_changeable: bool
    is_edited: bool
    role_options: list[tuple[str, str]]


@members_only(Capability.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def import_users(request: HttpRequest, member: Membership) -> HttpResponse:
    """Upload a roster, as a file or as pasted rows."""
    if request.method == "GET":
        return _import_page(request, member, ImportForm())
    form = ImportForm(request.POST, request.FILES, was_too_large=was_too_large(request))
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.was_too_large:
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return _import_page(request, member, form, status=status)
    if not limits.allows_import(request):
        form.add_error(None, _("Too many rosters were imported in the last hour. Try again later."))
        return _import_page(request, member, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        roster = rosters.store(member, form.sheets, source=form.source)
    except Refused as refused:
        form.add_error(None, refusal_text(refused.refusal))
        return _import_page(request, member, form, status=HTTPStatus.CONFLICT)
    return redirect("subscriptions:imported_roster", member.organization.slug, roster.pk)


@members_only(Capability.MANAGE_USERS)
@require_GET
def roster_template(request: HttpRequest, member: Membership) -> StreamingHttpResponse:
    """Download an empty roster with headings the import understands."""
    return csv_response("roster.csv", [_("Name"), _("E-mail"), _("Role")], [])


@members_only(Capability.MANAGE_USERS)
@require_GET
def users_csv(request: HttpRequest, member: Membership) -> StreamingHttpResponse:
    """Download the license holders as CSV, which the import understands too."""
    heading = [
        _("Name"),
        _("E-mail"),
        _("Role"),
        _("License"),
        _("State"),
        _("Invited"),
        _("Joined"),
    ]
    name = f"users-{member.organization.slug}.csv"
    return csv_response(name, heading, _users(member))


@members_only(Capability.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def imported_roster(request: HttpRequest, member: Membership, roster: UUID) -> HttpResponse:
    """Preview what each row would do and how many licenses it takes; save corrections."""
    found = _find(member, roster)
    if request.method == "GET":
        return _roster_page(request, member, found)
    if _shows_other_rows(request, found):
        return redirect(_address(member, found, ""))
    changed = rosters.change(found, read_changes(request.POST))
    rosters.set_options(found, read_options(request.POST))
    if "general" in request.POST:
        changed += rosters.make_unknown_roles_general(found, member)
    if "buy" in request.POST:
        return redirect(_purchase_url(member, found))
    if changed:
        text = ngettext(
            "%(rows)s row has been changed.", "%(rows)s rows have been changed.", changed
        )
        messages.success(request, text % {"rows": formats.number(changed)})
    return redirect(_address(member, found, request.POST.get("show", "")))


@members_only(Capability.MANAGE_USERS, form_at="subscriptions:import_users")
@require_POST
def add_roster(request: HttpRequest, member: Membership, roster: UUID) -> HttpResponse:
    """Add and invite all new users or none (R5)."""
    found = _find(member, roster)
    if _shows_other_rows(request, found):
        return redirect(_address(member, found, ""))
    # Corrections on the page count even if they were not saved.
    rosters.change(found, read_changes(request.POST))
    invited = rosters.check(found, member).in_state(RowState.INVITED)
    for one in invited:
        reauthentication.require_for_role(request, one.result.role)
    if not limits.allows_roster_invitations(request, [one.row.email for one in invited]):
        messages.error(request, TOO_MANY_INVITATIONS)
        return redirect(_address(member, found, ""))
    try:
        added = rosters.add_all(found, member)
    except Refused as refused:
        return _roster_page(
            request, member, found, refusal=refused.refusal, status=HTTPStatus.CONFLICT
        )
    text = ngettext(
        "%(added)s user has been added. The invitation goes out within minutes.",
        "%(added)s users have been added. The invitations go out within minutes.",
        added,
    )
    messages.success(request, text % {"added": formats.number(added)})
    if rosters.check(found, member).counts[RowState.INVALID]:
        return redirect(_address(member, found, urlencode({"state": RowState.INVALID.value})))
    return redirect("subscriptions:users", member.organization.slug)


@members_only(Capability.MANAGE_USERS, form_at="subscriptions:import_users")
@require_POST
def discard_roster(request: HttpRequest, member: Membership, roster: UUID) -> HttpResponse:
    """Delete a stored roster."""
    rosters.drop(_find(member, roster))
    messages.success(request, _("The roster has been discarded. No one was added or removed."))
    return redirect("subscriptions:import_users", member.organization.slug)


def _shows_other_rows(request: HttpRequest, roster: RosterImport) -> bool:
    """Whether another window changed the choices, so that this page shows different rows."""
    shows_others = request.POST.get("choices", encode_choices(roster)) != encode_choices(roster)
    if shows_others:
        messages.error(
            request,
            _(
                "The rows were changed in another window, so no one was added. Check them and try "
                "again."
            ),
        )
    return shows_others


# Pages ------------------------------------------------------------------------------------------


def _import_page(
    request: HttpRequest, member: Membership, form: ImportForm, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    context = {
        "form": form,
        "kept": rosters.stored_rosters(member),
        "roles": [label for _value, label in role_choices(member)],
        "most_rows": MAX_ROWS,
        "subscription": get_status(member.organization, clock.now()),
    }
    return render(request, "roster_import/import.html", context, status=status)


def _roster_page(
    request: HttpRequest,
    member: Membership,
    roster: RosterImport,
    *,
    refusal: Refusal | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    checked = rosters.check(roster, member)
    subscription = get_status(member.organization, clock.now())
    need = rosters.compute_need(checked, subscription)
    requested = request.GET.get("state", "")
    # Once no row is left in the selected state, show all rows.
    state = next((one for one in RowState if one == requested and checked.counts[one]), None)
    rows = checked.rows if state is None else checked.in_state(state)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    edited = request.GET.get("edit", "")
    choices = role_choices(member)
    context = {
        "roster": roster,
        "kept_until": rosters.kept_until(roster),
        "total": len(checked.rows),
        "filters": _filters(checked),
        "state": state,
        "show": urlencode({"state": state.value if state else "", "page": page.number}),
        "page": page,
        "shown": [_display_row(one, edited, choices) for one in page],
        "has_unknown_roles": checked.has_unknown_roles,
        "to_mend": checked.counts[RowState.INVALID],
        "reading": summarize_import(checked),
        "choices": encode_choices(roster),
        "need": need,
        "need_in_words": describe_need(need),
        "subscription": subscription,
        "refusal": refusal_text(refusal) if refusal else "",
    }
    return render(request, "roster_import/imported_roster.html", context, status=status)


def _filters(checked: CheckedRoster) -> list[tuple[RowState, str, int]]:
    return [(state, str(STATES[state]), n) for state, n in checked.counts.items() if n]


def _display_row(one: CheckedRow, edited: str, choices: list[tuple[str, str]]) -> DisplayRow:
    state, reason = one.result.state, one.result.reason
    shares_email = reason is not None and reason.reason == Reason.MEMBER_SHARES_EMAIL
    is_changeable = state in CHANGEABLE or shares_email
    options = _role_options(one.row.role, choices)
    return DisplayRow(
        row=one.row,
        state=state,
        label=str(STATES[state]),
        role=str(Role(one.result.role).label),
        role_value=options[0][0] if options != choices else one.result.role.value,
        reason=refusal_text(reason) if reason else "",
        is_changeable=is_changeable,
        is_edited=is_changeable and (state in NEEDS_CORRECTION or edited == str(one.row.pk)),
        role_options=options,
    )


def _role_options(entered: str, choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the roles to choose from; an unlisted role comes first, as entered."""
    role = read_role(entered)
    if role in [value for value, _label in choices]:
        return choices
    return [(entered, str(Role(role).label) if role else f"{entered}?"), *choices]


def _users(member: Membership) -> Iterator[list[str]]:
    holding = member.organization.memberships.filter(state__in=LICENSE_HOLDER_STATES)
    zone = clock.zone()
    for row in holding.select_related("user").order_by("license_number").iterator(chunk_size=500):
        moments = (row.invited_at, row.joined_at)
        yield [
            row.display_name,
            row.user.email,
            str(row.get_role_display()),
            str(row.license_number),
            str(row.get_state_display()),
            *(m.astimezone(zone).isoformat(timespec="seconds") if m else "" for m in moments),
        ]


# Addresses --------------------------------------------------------------------------------------


def _find(member: Membership, key: UUID) -> RosterImport:
    found = rosters.find(member, key)
    if found is None:
        raise Http404
    return found


def _address(member: Membership, roster: RosterImport, show: str = "") -> str:
    """Return the URL of the preview with the filter and page that were shown."""
    args = [member.organization.slug, roster.pk]
    path = reverse("subscriptions:imported_roster", args=args)
    params = QueryDict(show[:200])
    query = {name: str(params[name]) for name in ("state", "page", "edit") if params.get(name)}
    return f"{path}?{urlencode(query)}" if query else path


def _purchase_url(member: Membership, roster: RosterImport) -> str:
    """Return the URL of Add Licenses with the number missing and a way back (R8)."""
    subscription = get_status(member.organization, clock.now())
    offer = rosters.compute_need(rosters.check(roster, member), subscription).offer
    back = _address(member, roster)
    if offer is None:
        return back
    page = links.page("add_licenses", member.organization.slug)
    return f"{page}?{urlencode({'quantity': str(offer.quantity), 'next': back})}"
