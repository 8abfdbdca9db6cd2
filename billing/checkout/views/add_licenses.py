"""The Add Licenses page (R10-R12, R17)."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from billing.checkout.add_ons import RepeatedPurchase, start_purchase
from billing.checkout.forms import AddLicensesForm, new_submission, safe_return_path
from billing.checkout.quotes import Headcount, Quote, headcount, quote
from billing.gateway.types import ProcessorRefused, ProcessorUnavailable
from billing.models import Purchase
from billing.states import PurchaseStatus
from subscriptions import clock
from subscriptions.access import limits, reauthentication, unsaved_forms
from subscriptions.access.decorators import members_only
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.models import Membership
from subscriptions.policy import add_ons
from subscriptions.policy.members import Capability
from subscriptions.policy.refusal import Refusal, Refused
from subscriptions.text.refusals import TOO_MANY_PAYMENTS, refusal_text

PAGE = "billing/add_licenses.html"


@members_only(Capability.BUY_LICENSES)
@require_http_methods(["GET", "POST"])
def add_licenses(request: HttpRequest, member: Membership) -> HttpResponse:
    """Choose a number of licenses and go to the payment page (R10-R12, R17)."""
    subscription = get_status(member.organization, clock.now())
    if request.method == "GET":
        people = _read_headcount(request, subscription)
        return _page(
            request, subscription, _initial_form(request, subscription, people), people=people
        )
    form = AddLicensesForm(request.POST, organization=member.organization, term=subscription.latest)
    if "change" in request.POST:
        return _page(
            request, subscription, _form_after_step(form, subscription, request.POST["change"])
        )
    if not form.is_valid():
        return _page(request, subscription, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    reauthentication.require(request, timedelta(seconds=settings.REAUTHENTICATE_BEFORE_BUYING))
    if not limits.allows_checkout(request, member):
        form.add_error(None, TOO_MANY_PAYMENTS)
        return _page(request, subscription, form, status=HTTPStatus.TOO_MANY_REQUESTS)
    try:
        purchase = start_purchase(member, form.order())
    except Refused as refused:
        form.add_error(None, refusal_text(refused.refusal))
        return _page(request, subscription, form, status=HTTPStatus.CONFLICT)
    except RepeatedPurchase as error:
        return _page(
            request, subscription, form, previous=error.previous, status=HTTPStatus.CONFLICT
        )
    except ProcessorUnavailable:
        return _page(
            request, subscription, form, trouble="unavailable", status=HTTPStatus.BAD_GATEWAY
        )
    except ProcessorRefused:
        return _page(request, subscription, form, trouble="refused", status=HTTPStatus.BAD_GATEWAY)
    if purchase.status == PurchaseStatus.OPEN:
        return redirect(purchase.session_url)
    return redirect("billing:purchase", member.organization.slug, purchase.pk)


def _page(
    request: HttpRequest,
    subscription: SubscriptionStatus,
    form: AddLicensesForm,
    *,
    people: Headcount | None = None,
    previous: Purchase | None = None,
    trouble: str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    context: dict[str, Any] = {
        "subscription": subscription,
        "form": form,
        "quote": _quote(form, subscription),
        "people": people,
        "typed_people": request.GET.get("people", "")[:40],
        "previous": previous,
        "trouble": trouble,
        "was_canceled": request.method == "GET" and "canceled" in request.GET,
    }
    return render(request, PAGE, context, status=status)


def _read_headcount(request: HttpRequest, subscription: SubscriptionStatus) -> Headcount | None:
    """Read "I need to add … people"; return None if it is not a number."""
    people = add_ons.read_quantity(request.GET.get("people", ""))
    if isinstance(people, Refusal) or people < 1 or subscription.latest is None:
        return None
    return headcount(subscription, subscription.latest, people)


def _initial_form(
    request: HttpRequest, subscription: SubscriptionStatus, people: Headcount | None
) -> AddLicensesForm:
    requested = add_ons.read_quantity(request.GET.get("quantity", ""))
    if people is not None and people.quote is not None:
        requested = min(people.quote.quantity, people.quote.maximum)
    initial = {
        "quantity": add_ons.GROUP_SIZE if isinstance(requested, Refusal) else requested,
        "submission": new_submission(),
        "next": safe_return_path(subscription.organization, request.GET.get("next", "")),
    }
    return AddLicensesForm(
        unsaved_forms.bound_data(request),
        initial=initial,
        organization=subscription.organization,
        term=subscription.latest,
    )


def _form_after_step(
    form: AddLicensesForm, subscription: SubscriptionStatus, change: str
) -> AddLicensesForm:
    """Return the form after − or + was pressed without JavaScript: 5 fewer or more."""
    entered = add_ons.read_quantity(form.data.get("quantity", ""))
    current = 0 if isinstance(entered, Refusal) else entered
    maximum = (
        add_ons.max_per_purchase(subscription.latest.unit_amount) if subscription.latest else 0
    )
    initial = {
        "quantity": add_ons.next_quantity(current, up=change == "more", maximum=maximum),
        "submission": form.data.get("submission") or new_submission(),
        "next": safe_return_path(subscription.organization, form.data.get("next", "")),
    }
    return AddLicensesForm(
        initial=initial, organization=subscription.organization, term=subscription.latest
    )


def _quote(form: AddLicensesForm, subscription: SubscriptionStatus) -> Quote | None:
    entered = add_ons.read_quantity(str(form["quantity"].value() or ""))
    if subscription.latest is None:
        return None
    quantity = add_ons.GROUP_SIZE if isinstance(entered, Refusal) else entered
    return quote(subscription, subscription.latest, quantity)
