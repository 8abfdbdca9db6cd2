"""Requests to join with a code, and their approval or denial."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from subscriptions import clock
from subscriptions.access import limits, reauthentication
from subscriptions.access.decorators import members_only
from subscriptions.licenses.status import get_status
from subscriptions.members import join_requests
from subscriptions.members.forms import JoinForm, role_choices
from subscriptions.members.join_requests import JoinApplicant
from subscriptions.models import JoinRequest, Membership, User
from subscriptions.policy.members import Capability, Role
from subscriptions.policy.refusal import Refused
from subscriptions.text.refusals import refusal_text

PAGE = "members/join.html"


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Request to join with an organization's code; never reveals who has an account."""
    user = User.objects.filter(pk=request.user.pk or 0).first()
    code = (request.POST.get("code") or request.GET.get("code") or "")[:40]
    organization = join_requests.find_organization(code) if code else None
    context = {
        "organization": organization,
        "is_wrong": bool(code),
        **_applicant_context(user, code),
    }
    if request.method == "GET":
        context["form"] = JoinForm(initial={"code": code}, user=user)
        status = HTTPStatus.OK if organization or not code else HTTPStatus.NOT_FOUND
        return render(request, PAGE, context, status=status)
    form = context["form"] = JoinForm(request.POST, user=user)
    if not limits.allows_joining(request):
        form.add_error(None, _("Too many requests from your connection. Try again in an hour."))
        return render(request, PAGE, context, status=HTTPStatus.TOO_MANY_REQUESTS)
    if organization is None:
        return render(request, PAGE, context, status=HTTPStatus.NOT_FOUND)
    if not form.is_valid():
        return render(request, PAGE, context, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    applicant = JoinApplicant(form.cleaned_data["name"], form.cleaned_data["email"])
    if user is not None:
        applicant = JoinApplicant(user.name, user.email, user)
    try:
        join_requests.ask(organization, applicant)
    except Refused as refused:
        form.add_error(None, refusal_text(refused.refusal))
        return render(request, PAGE, context, status=HTTPStatus.CONFLICT)
    return redirect("subscriptions:join_asked")


def _applicant_context(user: User | None, code: str) -> dict[str, Any]:
    """Return whose request this is, and where to make one for someone else (R3)."""
    if user is None:
        return {}
    return {
        "page_is_for": _("This request is for %(email)s.") % {"email": user.email},
        "address": f"{reverse('subscriptions:join')}?{urlencode({'code': code})}",
    }


@require_GET
def asked(request: HttpRequest) -> HttpResponse:
    """Say what happens next, the same for everyone."""
    return render(request, "members/join_asked.html")


@members_only(Capability.MANAGE_USERS)
@require_GET
def requests(request: HttpRequest, member: Membership) -> HttpResponse:
    """List pending requests."""
    return _list(request, member)


@members_only(Capability.MANAGE_USERS, form_at="subscriptions:join_requests")
@require_POST
def approve(request: HttpRequest, member: Membership, key: UUID) -> HttpResponse:
    """Add the person with the next license, by the same rules as Add User."""
    found = get_object_or_404(JoinRequest, key=key, organization=member.organization)
    offered = {value for value, _label in role_choices(member)}
    role = request.POST.get("role", "")
    if role not in offered:
        role = Role.GENERAL_MEMBER.value
    reauthentication.require_for_role(request, role)
    try:
        is_new = join_requests.approve(member, found, role)
    except Refused as refused:
        return _list(request, member, refusal=refused, status=HTTPStatus.CONFLICT)
    if is_new:
        text = _("%(name)s has been added. The invitation is on its way to %(email)s.")
        messages.success(request, text % {"name": found.name, "email": found.email})
    else:
        messages.info(request, _("Someone has already answered this request."))
    return redirect("subscriptions:join_requests", member.organization.slug)


@members_only(Capability.MANAGE_USERS, form_at="subscriptions:join_requests")
@require_POST
def deny(request: HttpRequest, member: Membership, key: UUID) -> HttpResponse:
    """Deny a request."""
    found = get_object_or_404(JoinRequest, key=key, organization=member.organization)
    if join_requests.deny(member, found):
        messages.success(
            request, _("The request from %(name)s has been denied.") % {"name": found.name}
        )
    else:
        messages.info(request, _("Someone has already answered this request."))
    return redirect("subscriptions:join_requests", member.organization.slug)


def _list(
    request: HttpRequest,
    member: Membership,
    *,
    refusal: Refused | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "requests": join_requests.pending_requests(member.organization),
        "roles": role_choices(member),
        "subscription": get_status(member.organization, clock.now()),
        "refusal": refusal_text(refusal.refusal) if refusal else "",
    }
    return render(request, "members/join_requests.html", context, status=status)
