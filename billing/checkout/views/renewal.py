"""The renewal page: package, discount, total, and payment (R20-R26)."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from billing.checkout.forms import RenewalForm, new_submission, safe_return_path
from billing.checkout.quotes import PriceChanged
from billing.checkout.renewals import (
    ConcurrentCheckouts,
    Planner,
    RenewalOrder,
    RenewalPlan,
    end_renewal_checkout,
    find_open_renewal_checkout,
    start_renewal,
)
from billing.gateway.types import ProcessorRefused, ProcessorUnavailable
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.access import limits, reauthentication, unsaved_forms
from subscriptions.access.decorators import members_only
from subscriptions.licenses import removals
from subscriptions.licenses.packages import offered_packages
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.members.inactive import count_inactive, inactive_after
from subscriptions.models import Membership, Package
from subscriptions.policy.members import Capability
from subscriptions.policy.refusal import Refused
from subscriptions.text.refusals import TOO_MANY_PAYMENTS, refusal_text

PAGE = "billing/renewal.html"


@members_only(Capability.RENEW, open_when_closed=True)
@require_http_methods(["GET", "POST"])
def renewal(request: HttpRequest, member: Membership) -> HttpResponse:
    """Show what the renewal costs; on "pay", start the payment for what was shown."""
    subscription = get_status(member.organization, clock.now())
    packages = offered_packages(member.organization)
    initial = {"package": _default_package(subscription, packages), "submission": new_submission()}
    form = RenewalForm(unsaved_forms.bound_data(request), packages=packages, initial=initial)
    if request.method == "GET":
        return _page(request, subscription, form, packages)
    if not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(request, subscription, form, packages, status=status)
    if "pay" not in request.POST:
        return _page(request, subscription, form, packages)
    reauthentication.require(request, timedelta(seconds=settings.REAUTHENTICATE_BEFORE_BUYING))
    if not limits.allows_checkout(request, member):
        form.add_error(None, TOO_MANY_PAYMENTS)
        return _page(request, subscription, form, packages, status=HTTPStatus.TOO_MANY_REQUESTS)
    data = form.cleaned_data
    order = RenewalOrder(
        package=data["package"],
        code=data["code"],
        fingerprint=data["fingerprint"],
        submission=data["submission"],
    )
    return _start(request, member, subscription, form, packages, order)


@members_only(Capability.RENEW, open_when_closed=True, form_at="billing:renewal")
@require_POST
def cancel_renewal(request: HttpRequest, member: Membership) -> HttpResponse:
    """End the payment in progress, so that members can be added again (R5)."""
    slug = member.organization.slug
    back = safe_return_path(member.organization, request.POST.get("next", ""))
    try:
        purchase = end_renewal_checkout(member)
    except (ProcessorUnavailable, ProcessorRefused):
        messages.error(
            request,
            _("We cannot reach the payment processor right now. Try again in a minute."),
        )
        return redirect(back or reverse("billing:renewal", args=[slug]))
    if purchase is not None and purchase.status == PurchaseStatus.SETTLED:
        messages.success(request, _("The renewal was just paid, so the subscription is renewed."))
        return redirect("billing:purchase", slug, purchase.pk)
    messages.success(request, _("That payment has been canceled. Nothing was charged."))
    return redirect(back or reverse("billing:renewal", args=[slug]))


def _start(
    request: HttpRequest,
    member: Membership,
    subscription: SubscriptionStatus,
    form: RenewalForm,
    packages: list[Package],
    order: RenewalOrder,
) -> HttpResponse:
    try:
        purchase = start_renewal(member, order)
    except Refused as refused:
        form.add_error(None, refusal_text(refused.refusal))
    except PriceChanged:
        form.add_error(None, _("The total has changed since this page was shown. Check it again."))
    except ConcurrentCheckouts:
        form.add_error(
            None,
            _("Someone else in your organization is paying right now. Try again in a minute."),
        )
    except (ProcessorUnavailable, ProcessorRefused):
        form.add_error(
            None,
            _(
                "The payment page cannot be reached at the moment. Nothing was charged. Try "
                "again in a minute."
            ),
        )
        return _page(request, subscription, form, packages, status=HTTPStatus.BAD_GATEWAY)
    else:
        if purchase.status == PurchaseStatus.OPEN:
            return redirect(purchase.session_url)
        if purchase.status == PurchaseStatus.SETTLED:
            messages.success(request, _("The subscription has been renewed."))
        return redirect("billing:purchase", member.organization.slug, purchase.pk)
    fresh = get_status(member.organization, clock.now())
    return _page(request, fresh, form, packages, status=HTTPStatus.CONFLICT)


def _page(
    request: HttpRequest,
    subscription: SubscriptionStatus,
    form: RenewalForm,
    packages: list[Package],
    *,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    package = _chosen_package(form, packages)
    planner, refusal = _make_planner(subscription)
    plan, code_error = _plan(planner, package, str(form["code"].value() or ""))
    context: dict[str, Any] = {
        "subscription": subscription,
        "form": form,
        "chosen": package,
        "plan": plan,
        "code_error": code_error,
        "refusal": refusal,
        "choices": [(choice, _plan(planner, choice, "")[0]) for choice in packages],
        "removals": removals.visible_removals(subscription),
        "open_checkout": find_open_renewal_checkout(subscription.organization),
        "inactive": count_inactive(subscription.organization, subscription.now),
        "inactive_days": inactive_after(subscription.organization).days,
        "was_canceled": request.method == "GET" and "canceled" in request.GET,
    }
    return render(request, PAGE, context, status=status)


def _make_planner(subscription: SubscriptionStatus) -> tuple[Planner | None, str]:
    try:
        return Planner(subscription), ""
    except Refused as refused:
        return None, refusal_text(refused.refusal)


def _plan(
    planner: Planner | None, package: Package | None, code: str
) -> tuple[RenewalPlan | None, str]:
    """Return the plan, without the code if it does not apply, and why it does not."""
    if planner is None or package is None:
        return None, ""
    try:
        return planner.plan(package, code=code), ""
    except Refused as refused:
        if not code:
            return None, refusal_text(refused.refusal)
        return _plan(planner, package, "")[0], refusal_text(refused.refusal)


def _chosen_package(form: RenewalForm, packages: list[Package]) -> Package | None:
    value = str(form["package"].value() or "")
    chosen = [package for package in packages if str(package.pk) == value]
    return next(iter(chosen or packages), None)


def _default_package(subscription: SubscriptionStatus, packages: list[Package]) -> int | None:
    """Return the term's package while it is offered, else the first offered one."""
    current = subscription.latest.package_id if subscription.latest else None
    offered = [package.pk for package in packages]
    return current if current in offered else next(iter(offered), None)
