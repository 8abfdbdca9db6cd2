"""The hosted pages: payment, 3D Secure, and notices for sessions that can no longer be paid."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from billing.sandbox.engine import faults, payments, sessions, timetable
from billing.sandbox.engine.payments import Outcome
from billing.sandbox.objects import cards
from billing.sandbox.objects.common import new_id
from billing.sandbox.objects.money import display
from billing.sandbox.pages import card_form
from billing.sandbox.pages.card_form import CardForm
from billing.sandbox.process.runtime import sandbox
from billing.sandbox.process.store import Condition, Document

MAX_FORMS_KEPT = 1000
_STYLE = Path(__file__).resolve().parent.parent / "static" / "sandbox.css"
_PLACEHOLDER = "{CHECKOUT_SESSION_ID}"


class SeeOther(HttpResponseRedirect):
    """A redirect to GET after a POST, so that reloading repeats nothing."""

    status_code = 303


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: HttpRequest, id: str) -> HttpResponse:
    """Show the payment form of a session, or process a submitted one."""
    running = sandbox()
    timetable.run_due(running)
    session = running.store.get("checkout.session", id)
    if session is None:
        return _not_found(request)
    if request.method == "POST":
        return _submit(request, session)
    if session["status"] != "open":
        return _closed_notice(request, session)
    form = _load_form(request.GET.get("form", ""), session)
    return render(request, "sandbox/pay.html", _summary(session) | _form_context(form, session))


def _submit(request: HttpRequest, session: Document) -> HttpResponse:
    """Try the card, and redirect to the page that shows the outcome."""
    running = sandbox()
    if session["status"] != "open":
        return _redirect_after(Outcome("not_open", session))
    email = session["customer_email"]
    form = card_form.read(request.POST, email=email, now=running.clock.now())
    if form.errors or form.card is None or form.payer is None:
        return _redirect_to_form(session["id"], form)
    outcome = payments.pay(running, session["id"], form.card, form.payer)
    _await_webhook(outcome)
    if outcome.decline:
        form.errors[outcome.decline.field] = outcome.decline.message
        return _redirect_to_form(session["id"], form)
    return _redirect_after(outcome)


def _await_webhook(outcome: Outcome) -> None:
    """Delay the redirect until the webhook gets a response, if a fault requests it."""
    if outcome.kind != "paid":
        return
    running, id = sandbox(), outcome.session["id"]
    active_faults = faults.take(running, faults.PAGE, session=id)
    if "redirect_waits" not in active_faults:
        return
    until = time.monotonic() + float(active_faults["redirect_waits"].get("seconds", 10))
    pending: Condition = ("status", "=", "pending")
    while time.monotonic() < until and running.store.find(
        "delivery", pending, ("session", "=", id), limit=1
    ):
        time.sleep(0.02)


def _redirect_after(outcome: Outcome) -> HttpResponse:
    """Redirect to the merchant if any submission paid the session, else to the notice."""
    session = outcome.session
    if outcome.kind == "requires_action":
        return SeeOther(f"/3ds/{outcome.intent}")
    if session["status"] == "complete":
        return SeeOther(success_address(session))
    return SeeOther(f"/c/pay/{session['id']}")


def success_address(session: Document) -> str:
    """Return the URL that the buyer returns to after paying."""
    address: str = session["success_url"]
    return address.replace(_PLACEHOLDER, session["id"])


def _redirect_to_form(session_id: str, form: CardForm) -> HttpResponse:
    """Store the values entered (never number or CVC) and their errors; show them by GET."""
    store = sandbox().store
    kept = {name: form.values.get(name, "") for name in card_form.KEPT_FIELDS}
    document = {"id": new_id("form", 20), "session": session_id, "values": kept}
    with store.transaction():
        store.put("form", document | {"errors": form.errors})
        store.keep_newest("form", MAX_FORMS_KEPT)
    return SeeOther(f"/c/pay/{session_id}?form={document['id']}")


def _load_form(id: str, session: Document) -> CardForm:
    kept = sandbox().store.get("form", id)
    if kept is None or kept["session"] != session["id"]:
        return CardForm({"email": session["customer_email"] or "", "country": "US"})
    return CardForm(kept["values"], kept["errors"])


def _form_context(form: CardForm, session: Document) -> dict[str, Any]:
    return {
        "form": form,
        "email_is_fixed": bool(session["customer_email"]),
        "countries": card_form.COUNTRIES,
        "cards": [(_grouped_number(card.number), card.outcome) for card in cards.CARDS.values()],
        "submit_note": (session["custom_text"]["submit"] or {}).get("message"),
    }


def _grouped_number(number: str) -> str:
    """Format a number as printed on the card: 4-4-4-4, or 4-6-5."""
    ends = (4, 10, 15) if len(number) == 15 else (4, 8, 12, 16)
    return " ".join(number[start:end] for start, end in zip((0, *ends), ends, strict=False))


def _summary(session: Document) -> dict[str, Any]:
    currency = session["currency"]
    return {
        "merchant": session["branding_settings"]["display_name"],
        "total": display(session["amount_total"], currency),
        "currency": currency.upper(),
        "lines": [
            {
                "name": line["description"],
                "description": line["_description"],
                "quantity": line["quantity"],
                "unit": display(line["price"]["unit_amount"], currency),
                "total": display(line["amount_total"], currency),
            }
            for line in session["_line_items"]
        ],
        "back": session["cancel_url"],
    }


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def three_d_secure(request: HttpRequest, id: str) -> HttpResponse:
    """Act as the bank: ask the buyer to approve the payment, and continue with the answer."""
    running = sandbox()
    timetable.run_due(running)
    intent = running.store.get("payment_intent", id)
    if intent is None:
        return _not_found(request)
    session = sessions.find(running, intent["_session"])
    if request.method == "POST":
        return _finish_challenge(id, approved=request.POST.get("outcome") == "complete")
    if session["status"] != "open" or intent["status"] != "requires_action":
        return SeeOther(f"/c/pay/{session['id']}")
    return render(request, "sandbox/three_d_secure.html", _summary(session))


def _finish_challenge(intent_id: str, *, approved: bool) -> HttpResponse:
    outcome = payments.finish_challenge(sandbox(), intent_id, authenticated=approved)
    if outcome is None:
        return HttpResponse(status=404)
    if not outcome.decline:
        return _redirect_after(outcome)
    form = CardForm(_earlier_values(outcome, intent_id))
    form.errors[outcome.decline.field] = outcome.decline.message
    return _redirect_to_form(outcome.session["id"], form)


def _earlier_values(outcome: Outcome, intent_id: str) -> dict[str, str]:
    """Return what the buyer entered before the bank's page, from the declined card."""
    intent = sandbox().store.get("payment_intent", intent_id) or {}
    method = intent["last_payment_error"]["payment_method"]
    details, card = method["billing_details"], method["card"]
    return {
        "email": details["email"],
        "name": details["name"],
        "country": details["address"]["country"],
        "exp": f"{card['exp_month']:02d}/{card['exp_year'] % 100:02d}",
    }


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what is running here."""
    context = {
        "title": "Local payment sandbox",
        "text": "It is running. Payment pages open from the shop; the API answers under /v1/.",
    }
    return render(request, "sandbox/notice.html", context)


@require_safe
def receipt(request: HttpRequest, id: str) -> HttpResponse:
    """Show the processor's own receipt of a charge."""
    charge = sandbox().store.get("charge", id)
    if charge is None or not charge["paid"]:
        return _not_found(request)
    session = sessions.find(sandbox(), charge["_session"])
    card = charge["payment_method_details"]["card"]
    lines = [f"{card['brand'].capitalize()} ending in {card['last4']}."]
    if charge["amount_refunded"]:
        refunded = display(charge["amount_refunded"], charge["currency"])
        lines.append(f"{refunded} has been refunded.")
    title = f"{display(charge['amount'], charge['currency'])} paid"
    return _notice(request, session, title=title, text=" ".join(lines), link=None, label="")


def _closed_notice(request: HttpRequest, session: Document) -> HttpResponse:
    if session["status"] == "complete":
        return _notice(
            request,
            session,
            title="This payment is complete",
            text="You will not be charged again.",
            link=success_address(session),
            label="Return to",
        )
    return _notice(
        request,
        session,
        title="This payment page has expired",
        text="Nothing was charged. Go back and start again if you still want to pay.",
        link=session["cancel_url"],
        label="Back to",
    )


def _notice(
    request: HttpRequest,
    session: Document,
    *,
    title: str,
    text: str,
    link: str | None,
    label: str,
) -> HttpResponse:
    context = {"title": title, "text": text, "link": link, "label": label}
    return render(request, "sandbox/notice.html", _summary(session) | context)


def _not_found(request: HttpRequest) -> HttpResponse:
    context = {
        "title": "This page does not exist",
        "text": "Check the address, or go back to the previous page.",
    }
    return render(request, "sandbox/notice.html", context, status=404)


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Serve the style sheet."""
    return HttpResponse(_style(), content_type="text/css; charset=utf-8")


@cache
def _style() -> bytes:
    return _STYLE.read_bytes()
