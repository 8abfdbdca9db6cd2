"""The users of an organization: list, add, change roles, remove, reinvite."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from subscriptions import clock
from subscriptions.access import limits, reauthentication, unsaved_forms
from subscriptions.access.decorators import members_only
from subscriptions.licenses.status import get_status
from subscriptions.members import drafts, listing, members
from subscriptions.members.forms import AddUserForm, RoleForm
from subscriptions.models import Membership
from subscriptions.models.members import LICENSE_HOLDER_STATES, MembershipState
from subscriptions.policy import members as rules
from subscriptions.policy.members import Capability
from subscriptions.policy.refusal import ALLOWED, Refusal, Refused
from subscriptions.text import links
from subscriptions.text.refusals import TOO_MANY_INVITATIONS, refusal_text


@members_only(Capability.MANAGE_USERS, open_when_closed=True)
@require_GET
def users(request: HttpRequest, member: Membership) -> HttpResponse:
    """List the license holders."""
    search = _make_storable(request.GET.get("q", "")).strip()[:100]
    number = request.GET.get("page", "")
    only_invited = request.GET.get("state") == MembershipState.INVITED
    page = (
        listing.search_page(member.organization, search, number, only_invited=only_invited)
        if search or only_invited
        else listing.get_page(member.organization, number)
    )
    now = clock.now()
    for row in page.members:
        # Computed here, because templates hold no rules.
        row.invitation_expired = bool(  # type: ignore[attr-defined]
            row.invited_at and not rules.is_invitation_valid(row.invited_at, now)
        )
        row.may_be_changed = rules.may_change(member.role, row.role) == ALLOWED  # type: ignore[attr-defined]
    context = {
        "page": page,
        "search": search,
        "only_invited": only_invited,
        "subscription": get_status(member.organization, now),
    }
    return render(request, "members/users.html", context)


@members_only(Capability.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, member: Membership) -> HttpResponse:
    """Add User; a refused form keeps what was entered (R8)."""
    draft = drafts.find(member, request.GET.get("draft", ""))
    form = AddUserForm(
        unsaved_forms.bound_data(request), actor=member, initial=draft.data if draft else None
    )
    if request.method == "GET":
        return _add_page(request, member, form)
    if not form.is_valid():
        return _add_page(request, member, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    reauthentication.require_for_role(request, form.cleaned_data["role"])
    if not limits.allows_invitation(request, form.cleaned_data["email"]):
        form.add_error(None, TOO_MANY_INVITATIONS)
        return _add_page(request, member, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        added = members.add(member, form.new_member())
    except Refused as refused:
        return _add_page(request, member, form, refusal=refused.refusal, status=HTTPStatus.CONFLICT)
    drafts.drop(draft)
    messages.success(
        request,
        _(
            "%(name)s has been added with license %(number)s. The invitation is on its way to "
            "%(email)s."
        )
        % {
            "name": added.display_name,
            "number": added.license_number,
            "email": added.user.email,
        },
    )
    if "another" in request.POST:
        return redirect("subscriptions:add_user", member.organization.slug)
    return redirect("subscriptions:users", member.organization.slug)


@members_only(Capability.MANAGE_USERS, form_at="subscriptions:add_user")
@require_POST
def save_draft(request: HttpRequest, member: Membership) -> HttpResponse:
    """Store the unfinished Add User form and continue to Add Licenses (R8)."""
    slug = member.organization.slug
    draft = drafts.save(member, _entered(request.POST))
    back = f"{reverse('subscriptions:add_user', args=[slug])}?{urlencode({'draft': str(draft.pk)})}"
    return redirect(f"{links.page('add_licenses', slug)}?{urlencode({'next': back})}")


@members_only(Capability.MANAGE_USERS)
@require_http_methods(["GET", "POST"])
def user(request: HttpRequest, member: Membership, key: UUID) -> HttpResponse:
    """Show a member and change their role (R3)."""
    other = _member(member, key)
    form = RoleForm(unsaved_forms.bound_data(request), actor=member, initial={"role": other.role})
    may_change = rules.may_change(member.role, other.role)
    context: dict[str, Any] = {
        "other": other,
        "form": form,
        "reason": refusal_text(may_change) if isinstance(may_change, Refusal) else "",
    }
    if request.method == "GET":
        return render(request, "members/user.html", context)
    if not form.is_valid():
        return render(request, "members/user.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    reauthentication.require(request, timedelta(seconds=settings.REAUTHENTICATE_BEFORE_ROLES))
    try:
        members.change_role(member, other, form.cleaned_data["role"])
    except Refused as refused:
        form.add_error("role", refusal_text(refused.refusal))
        return render(request, "members/user.html", context, status=HTTPStatus.CONFLICT)
    messages.success(
        request, _("The role of %(name)s has been changed.") % {"name": other.display_name}
    )
    return redirect("subscriptions:users", member.organization.slug)


@members_only(Capability.MANAGE_USERS, open_when_closed=True)
@require_http_methods(["GET", "POST"])
def remove(request: HttpRequest, member: Membership, key: UUID) -> HttpResponse:
    """Confirm the removal of a member, then remove them (R4)."""
    other = _member(member, key)
    page = "members/remove_user.html"
    if request.method == "GET":
        refusal = members.removal_refusal(member, other)
        context = {"other": other, "reason": refusal_text(refusal) if refusal else ""}
        return render(request, page, context)
    try:
        number = members.remove(member, other)
    except Refused as refused:
        context = {"other": other, "reason": refusal_text(refused.refusal)}
        return render(request, page, context, status=HTTPStatus.CONFLICT)
    messages.success(
        request,
        _("%(name)s has been removed, and license %(number)s is available.")
        % {"name": other.display_name, "number": number},
    )
    if other.user_id == member.user_id:
        return redirect("subscriptions:my_organizations")
    return redirect("subscriptions:users", member.organization.slug)


@members_only(Capability.MANAGE_USERS, form_at="subscriptions:users")
@require_POST
def resend(request: HttpRequest, member: Membership, key: UUID) -> HttpResponse:
    """Send a new invitation (R4)."""
    other = _member(member, key)
    if not limits.allows_invitation(request, other.user.email):
        messages.error(request, TOO_MANY_INVITATIONS)
        return redirect("subscriptions:users", member.organization.slug)
    try:
        members.reinvite(member, other)
    except Refused as refused:
        messages.error(request, refusal_text(refused.refusal))
    else:
        messages.success(
            request,
            _(
                "A new invitation is on its way to %(email)s. It is valid for %(days)s days; the "
                "old link no longer works."
            )
            % {"email": other.user.email, "days": rules.INVITATION_LIFE.days},
        )
    return redirect("subscriptions:users", member.organization.slug)


def _add_page(
    request: HttpRequest,
    member: Membership,
    form: AddUserForm,
    *,
    refusal: Refusal | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    subscription = get_status(member.organization, clock.now())
    context = {
        "form": form,
        "subscription": subscription,
        "refusal": refusal_text(refusal) if refusal else "",
        # The license for this user, shown in the meter.
        "requested": 1 if refusal else 0,
    }
    return render(request, "members/add_user.html", context, status=status)


def _member(actor: Membership, key: UUID) -> Membership:
    found = (
        actor.organization.memberships.select_related("user")
        .filter(key=key, state__in=LICENSE_HOLDER_STATES)
        .first()
    )
    if found is None:
        raise Http404
    found.organization = actor.organization
    return found


def _entered(post: QueryDict) -> dict[str, str]:
    return {name: _make_storable(post.get(name, "")) for name in AddUserForm.base_fields}


def _make_storable(text: str) -> str:
    """Remove what PostgreSQL cannot store, and shorten the text."""
    return text.replace("\x00", "")[:300]
