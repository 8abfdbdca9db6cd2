"""Accepting an invitation."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from subscriptions.access import identity, reauthentication
from subscriptions.members import invitations, members
from subscriptions.members.forms import SetPasswordForm
from subscriptions.models import Membership, User
from subscriptions.policy.refusal import Refused
from subscriptions.text.refusals import refusal_text


@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join an organization, with a new password or an existing account (R4)."""
    try:
        membership = invitations.get_membership(token)
        email = membership.user.email
        page_is_for = _("This invitation is for %(email)s.") % {"email": email}
        question = identity.ask_first(request, membership.user, page_is_for, owner_label=email)
        if question is not None:
            return question
        if membership.user.has_usable_password():
            return _join_signed_in(request, membership, page_is_for)
        return _join_with_password(request, membership)
    except Refused as refused:
        context = {"reason": refusal_text(refused.refusal)}
        return render(request, "members/invitation/over.html", context, status=HTTPStatus.GONE)


def _join_with_password(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = SetPasswordForm(request.POST or None, user=membership.user)
    if request.method == "POST" and form.is_valid():
        members.join(membership, form.cleaned_data["password"])
        user = User.objects.get(pk=membership.user_id)
        reauthentication.sign_in(request, user)
        return _welcome(request, membership)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {"membership": membership, "form": form}
    return render(request, "members/invitation/password.html", context, status=status)


def _join_signed_in(request: HttpRequest, membership: Membership, page_is_for: str) -> HttpResponse:
    # ``ask_first`` has turned away every other signed-in user.
    is_invited = request.user.is_authenticated
    if request.method == "POST" and is_invited:
        members.join(membership)
        return _welcome(request, membership)
    context = {
        "membership": membership,
        "is_invited": is_invited,
        "page_is_for": page_is_for if is_invited else "",
    }
    return render(request, "members/invitation/join.html", context)


def _welcome(request: HttpRequest, membership: Membership) -> HttpResponse:
    messages.success(
        request, _("Welcome to %(organization)s.") % {"organization": membership.organization}
    )
    return redirect("subscriptions:home", membership.organization.slug)
