"""System Settings: Administrators edit, Assignors read (R2)."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings as site_settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from subscriptions.access import reauthentication, second_factor, unsaved_forms
from subscriptions.access.decorators import members_only
from subscriptions.models import Membership, Organization
from subscriptions.organizations import settings as preferences
from subscriptions.organizations.forms import (
    AddressFormSet,
    BaseAddressFormSet,
    NotificationsForm,
    OrganizationForm,
    PeopleForm,
    SecurityForm,
)
from subscriptions.policy.members import Capability, can
from subscriptions.policy.refusal import Refused
from subscriptions.text import links

PAGE = "organizations/settings.html"
GET_AND_POST = ["GET", "POST"]


@members_only(Capability.SEE_SUBSCRIPTION)
@require_GET
def settings(request: HttpRequest, member: Membership) -> HttpResponse:
    """Redirect to the first tab."""
    return redirect("subscriptions:subscription", member.organization.slug)


@members_only(Capability.SEE_SUBSCRIPTION)
@require_http_methods(GET_AND_POST)
def organization(request: HttpRequest, member: Membership) -> HttpResponse:
    """Edit names, addresses and the text on receipts."""
    return _tab(request, member, "organization", OrganizationForm)


@members_only(Capability.SEE_SUBSCRIPTION)
@require_http_methods(GET_AND_POST)
def security(request: HttpRequest, member: Membership) -> HttpResponse:
    """Edit whether a second factor is required."""
    if request.method == "POST":
        if not can(member.role, Capability.EDIT_SETTINGS):
            raise PermissionDenied(member)
        reauthentication.require(
            request, timedelta(seconds=site_settings.REAUTHENTICATE_BEFORE_ROLES)
        )
    has_own = second_factor.has_second_factor(member.user)
    if "second_factor_required" in request.POST and not has_own:
        # Otherwise the Administrator would be the first to be locked out.
        messages.error(request, _("Set up your own second factor first."))
        return redirect("subscriptions:settings_security", member.organization.slug)
    return _tab(request, member, "security", SecurityForm, {"has_own": has_own})


@members_only(Capability.SEE_SUBSCRIPTION)
@require_http_methods(GET_AND_POST)
def people(request: HttpRequest, member: Membership) -> HttpResponse:
    """Edit the join code, and when members count as inactive."""
    if request.method == "POST" and "code" in request.POST:
        return _change_code(request, member)
    code = member.organization.join_code
    context = {
        "join_link": links.full_link("subscriptions:join", code=code) if code else "",
        "usual_days": site_settings.INACTIVE_AFTER_DAYS,
    }
    return _tab(request, member, "people", PeopleForm, context)


@members_only(Capability.SEE_SUBSCRIPTION)
@require_http_methods(GET_AND_POST)
def notifications(request: HttpRequest, member: Membership) -> HttpResponse:
    """Edit additional addresses, and when "few licenses left" is sent."""
    rows = member.organization.notified_addresses.all()
    data = unsaved_forms.bound_data(request)
    formset = cast(
        BaseAddressFormSet,
        AddressFormSet(data, initial=list(rows.values()), prefix="addresses"),
    )

    def save_addresses() -> bool:
        if not formset.is_valid():
            return False
        preferences.change_addresses(member, formset.addresses())
        return True

    context = {"formset": formset}
    return _tab(request, member, "notifications", NotificationsForm, context, save_addresses)


def _tab(
    request: HttpRequest,
    member: Membership,
    tab: str,
    form_class: "type[ModelForm[Organization]]",
    more: dict[str, Any] | None = None,
    save_more: Callable[[], bool] | None = None,
) -> HttpResponse:
    """Show and save a tab with a form; ``save_more`` saves anything else on the page."""
    may_edit = can(member.role, Capability.EDIT_SETTINGS)
    # A copy, so that an unsaved name does not show in the navigation.
    instance = Organization.objects.get(pk=member.organization.pk)
    form = form_class(unsaved_forms.bound_data(request), instance=instance)
    if not may_edit:
        for field in form.fields.values():
            field.disabled = True
    status = HTTPStatus.OK
    if request.method == "POST":
        if not may_edit:
            raise PermissionDenied(member)
        if form.is_valid() and _save(member, form.cleaned_data, save_more):
            messages.success(request, _("The settings have been saved."))
            return redirect(f"subscriptions:settings_{tab}", member.organization.slug)
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    context = {"form": form, "tab": tab, "may_edit": may_edit, **(more or {})}
    return render(request, PAGE, context, status=status)


def _save(member: Membership, values: dict[str, Any], save_more: Callable[[], bool] | None) -> bool:
    try:
        if save_more is not None and not save_more():
            return False
        preferences.change(member, values)
    except (preferences.NotAllowed, Refused) as error:
        # The member has lost the role or the membership since opening the page.
        raise PermissionDenied(member) from error
    return True


def _change_code(request: HttpRequest, member: Membership) -> HttpResponse:
    try:
        preferences.set_join_code(member, is_open=request.POST["code"] == "new")
    except (preferences.NotAllowed, Refused) as error:
        raise PermissionDenied(member) from error
    messages.success(request, _("The join code has been changed."))
    return redirect("subscriptions:settings_people", member.organization.slug)
