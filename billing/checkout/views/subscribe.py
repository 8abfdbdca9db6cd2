"""The page to subscribe as a new organization (R23)."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.checkout.forms import SubscribeForm, new_submission
from billing.checkout.originals import (
    SubscriptionOrder,
    SubscriptionPlan,
    plan_subscription,
    start_subscription,
)
from billing.checkout.quotes import PriceChanged
from billing.checkout.views.return_page import subscribed_page
from billing.gateway.types import ProcessorRefused, ProcessorUnavailable
from billing.models import Application
from billing.states import UNSETTLED, PurchaseStatus
from subscriptions import clock
from subscriptions.access import limits
from subscriptions.models import Package
from subscriptions.policy import add_ons
from subscriptions.policy.refusal import Refusal, Refused
from subscriptions.text.ids import read_number, read_uuid
from subscriptions.text.refusals import TOO_MANY_PAYMENTS, refusal_text

PAGE = "billing/subscribe.html"


@never_cache
@require_http_methods(["GET", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Choose a package and quantity, enter the organization and buyer, and go to payment."""
    if request.method == "GET":
        return _page(request, SubscribeForm(initial=_initial_data(request)))
    form = SubscribeForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if "pay" not in request.POST:
        return _page(request, form)
    if not limits.allows_subscribing(request):
        form.add_error(None, TOO_MANY_PAYMENTS)
        return _page(request, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        purchase = start_subscription(_order(form.cleaned_data))
    except Refused as refused:
        form.add_error(None, refusal_text(refused.refusal))
    except PriceChanged:
        form.add_error(None, _("The total has changed since this page was shown. Check it again."))
    except (ProcessorUnavailable, ProcessorRefused):
        form.add_error(
            None,
            _(
                "The payment page cannot be reached at the moment. Nothing was charged. Try "
                "again in a minute."
            ),
        )
        return _page(request, form, status=HTTPStatus.BAD_GATEWAY)
    else:
        if purchase.status == PurchaseStatus.OPEN:
            return redirect(purchase.session_url)
        return subscribed_page(request, purchase)
    return _page(request, form, status=HTTPStatus.CONFLICT)


def _page(
    request: HttpRequest, form: SubscribeForm, *, status: HTTPStatus = HTTPStatus.OK
) -> HttpResponse:
    plan, code_error = _plan(form)
    context: dict[str, Any] = {
        "form": form,
        "packages": Package.objects.filter(is_offered=True),
        "chosen": str(form["package"].value() or ""),
        "plan": plan,
        "code_error": code_error,
        "was_canceled": request.method == "GET" and "canceled" in request.GET,
    }
    return render(request, PAGE, context, status=status)


def _plan(form: SubscribeForm) -> tuple[SubscriptionPlan | None, str]:
    """Return the plan for what has been entered so far, and what is wrong with the code."""
    package = Package.objects.filter(
        is_offered=True, pk=read_number(str(form["package"].value() or "")) or 0
    ).first()
    quantity = add_ons.read_quantity(str(form["quantity"].value() or ""))
    if package is None or isinstance(quantity, Refusal):
        return None, ""
    code, submission = str(form["code"].value() or ""), read_uuid(str(form["submission"].value()))
    error = ""
    for tried_code in (code, ""):
        try:
            plan = plan_subscription(
                package, quantity, code=tried_code, now=clock.now(), submission=submission
            )
        except Refused as refused:
            error = error or refusal_text(refused.refusal)
        else:
            return plan, error
    return None, error


def _initial_data(request: HttpRequest) -> dict[str, object]:
    restored = _restored_data(request.GET.get("kept", ""))
    if restored is not None:
        return restored
    offered = Package.objects.filter(is_offered=True)
    requested = read_number(request.GET.get("package", "")) or 0
    package = offered.filter(pk=requested).first() or offered.first()
    return {
        "package": package.pk if package else None,
        "quantity": package.minimum_licenses if package else "",
        "submission": new_submission(),
    }


def _restored_data(submission: str) -> dict[str, object] | None:
    """Return what the buyer entered before the payment page; the key is hard to guess."""
    key = read_uuid(submission)
    started = Application.objects.select_related("purchase").filter(purchase__status__in=UNSETTLED)
    application = started.filter(purchase__submission=key).first() if key else None
    if application is None:
        return None
    purchase = application.purchase
    return {
        "package": application.package_id,
        "quantity": purchase.quantity,
        "organization_name": application.organization_name,
        "buyer_name": purchase.buyer_name,
        "buyer_email": purchase.buyer_email,
        "billing_name": application.billing_name,
        "billing_email": application.billing_email,
        "billing_address": application.billing_address,
        "code": purchase.discount.code if purchase.discount else "",
        "submission": submission,
    }


def _order(data: dict[str, Any]) -> SubscriptionOrder:
    return SubscriptionOrder(**data)
