"""The dashboard: plain forms for what people do to payments at the processor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from billing.sandbox.engine import disputes, refunds, timetable
from billing.sandbox.engine.refunds import find_disputes
from billing.sandbox.objects.common import new_id
from billing.sandbox.objects.dispute import REASONS
from billing.sandbox.objects.money import display, minor_units
from billing.sandbox.pages.checkout import SeeOther
from billing.sandbox.process.runtime import Sandbox, sandbox
from billing.sandbox.process.store import Condition, Document
from billing.sandbox.protocol.errors import ApiError, Refused

ADDRESS = "/_sandbox/dashboard"
MAX_SHOWN = 25
MAX_NOTES_KEPT = 100

# The actions of each status: the button's value and label.
_REFUND_BUTTONS = {
    "pending": (
        ("settle", "Mark as succeeded"),
        ("fail", "Mark as failed"),
        ("cancel", "Cancel refund"),
    ),
    "succeeded": (("fail", "Mark as failed"),),
}
_DISPUTE_BUTTONS = {
    "needs_response": (
        ("review", "Submit evidence"),
        ("won", "Close: won"),
        ("lost", "Close: lost"),
    ),
    "under_review": (("won", "Close: won"), ("lost", "Close: lost")),
    "warning_needs_response": (
        ("review", "Submit evidence"),
        ("escalate", "Escalate to a dispute"),
        ("warning_closed", "Close the inquiry"),
    ),
    "warning_under_review": (
        ("escalate", "Escalate to a dispute"),
        ("warning_closed", "Close the inquiry"),
    ),
}

_Form: TypeAlias = dict[str, str]
_Action: TypeAlias = Callable[[Sandbox, _Form], Document]


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def dashboard(request: HttpRequest) -> HttpResponse:
    """List the latest payments with their refunds and disputes, or do what a button requests."""
    running = sandbox()
    timetable.run_due(running)
    if request.method == "POST":
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return HttpResponseForbidden("Send this form from the dashboard.")
        note = _run_action(running, {name: str(value) for name, value in request.POST.items()})
        return SeeOther(f"{ADDRESS}?note={note}")
    paid: Condition = ("status", "=", "succeeded")
    charges = running.store.find("charge", paid, newest_first=True, limit=MAX_SHOWN)
    context = {
        "note": running.store.get("note", request.GET.get("note", "")),
        "payments": [_payment(running, charge) for charge in charges],
        "most": MAX_SHOWN,
        "reasons": [(reason, reason.replace("_", " ")) for reason in REASONS],
        "reason": "fraudulent",
    }
    return render(request, "sandbox/dashboard.html", context)


def _run_action(running: Sandbox, form: _Form) -> str:
    """Do one action and return the ID of the note with its result."""
    wrong = False
    try:
        with running.store.transaction():
            result = _ACTIONS[form.get("do", "")](running, form)
            status = result["status"].replace("_", " ")
            text = f"{result['id']} for {display(result['amount'], result['currency'])}: {status}."
    except KeyError:
        text, wrong = "This action does not exist. Reload the page and try again.", True
    except (ApiError, Refused, ValueError) as error:
        text, wrong = str(error), True
    note = {"id": new_id("note", 14), "text": text, "wrong": wrong}
    with running.store.transaction():
        running.store.put("note", note)
        running.store.keep_newest("note", MAX_NOTES_KEPT)
    return str(note["id"])


def _refund(running: Sandbox, form: _Form) -> Document:
    amount = _amount(running, form)
    sent = {"charge": form["id"]} | ({} if amount is None else {"amount": str(amount)})
    return refunds.create(running, sent)


def _dispute(running: Sandbox, form: _Form) -> Document:
    return disputes.open_dispute(
        running,
        form["id"],
        amount=_amount(running, form),
        reason=form["reason"],
        inquiry=form["do"] == "inquiry",
    )


def _close(running: Sandbox, form: _Form) -> Document:
    return disputes.close(running, form["id"], form["do"])


def _amount(running: Sandbox, form: _Form) -> int | None:
    """Parse the amount in the charge's currency; empty means all that is left."""
    entered = form.get("amount", "").strip()
    charge = running.store.get("charge", form["id"])
    if charge is None or not entered:
        return None
    return minor_units(entered, charge["currency"])


_ACTIONS: dict[str, _Action] = {
    "refund": _refund,
    "settle": lambda running, form: refunds.settle(running, form["id"]),
    "fail": lambda running, form: refunds.fail(running, form["id"]),
    "cancel": lambda running, form: refunds.cancel(running, form["id"]),
    "dispute": _dispute,
    "inquiry": _dispute,
    "review": lambda running, form: disputes.review(running, form["id"]),
    "escalate": lambda running, form: disputes.escalate(running, form["id"]),
    "won": _close,
    "lost": _close,
    "warning_closed": _close,
}


def _payment(running: Sandbox, charge: Document) -> dict[str, Any]:
    currency, card = charge["currency"], charge["payment_method_details"]["card"]
    refunds_found = running.store.find("refund", ("charge", "=", charge["id"]))
    disputes_found = find_disputes(running, charge["id"])
    session = running.store.get("checkout.session", charge["_session"]) or {}
    return {
        "id": charge["id"],
        "intent": charge["payment_intent"],
        "reference": session.get("client_reference_id"),
        "amount": display(charge["amount"], currency),
        "currency": currency.upper(),
        "email": charge["billing_details"]["email"],
        "paid": datetime.fromtimestamp(charge["created"], UTC),
        "card": f"{card['brand'].capitalize()} ending in {card['last4']}",
        "refunded": display(charge["amount_refunded"], currency),
        "wholly_refunded": charge["refunded"],
        "refunds": [_case(refund, _REFUND_BUTTONS) for refund in refunds_found],
        "disputes": [_case(dispute, _DISPUTE_BUTTONS) for dispute in disputes_found],
    }


def _case(document: Document, buttons: dict[str, tuple[tuple[str, str], ...]]) -> dict[str, Any]:
    reason = document.get("failure_reason") or document["reason"]
    return {
        "id": document["id"],
        "amount": display(document["amount"], document["currency"]),
        "status": document["status"].replace("_", " "),
        "reason": reason.replace("_", " ") if reason else "",
        "buttons": buttons.get(document["status"], ()),
    }
