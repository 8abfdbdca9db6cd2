"""Paying without a browser, for the control API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from billing.sandbox.engine import payments, sessions
from billing.sandbox.engine.payments import Outcome
from billing.sandbox.objects import cards
from billing.sandbox.objects.payment import Payer
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.protocol.errors import Refused
from billing.sandbox.protocol.expand import expand


def pay(running: Sandbox, id: str, body: dict[str, Any]) -> Outcome:
    """Pay a session as `body` says, including the bank's page if `body` answers it."""
    session = sessions.find(running, id)
    number = cards.digits(str(body.get("card", "4242424242424242")))
    if number not in cards.CARDS:
        raise Refused(f"Not one of the test cards: {number}")
    email = session["customer_email"] or body.get("email") or "buyer@example.com"
    payer = Payer(email=email, name=body.get("name", "Test Buyer"))
    outcome = payments.pay(running, id, _card(number, body.get("funding")), payer)
    answer = body.get("three_d_secure")
    if outcome.kind == "requires_action" and answer is not None:
        approved = {"complete": True, "fail": False}[answer]
        finished = payments.finish_challenge(running, outcome.intent or "", authenticated=approved)
        return finished or outcome
    return outcome


def _card(number: str, funding: str | None) -> cards.Card:
    """Return the card, with another funding if a test needs one that no test card has."""
    card = cards.CARDS[number]
    return card if funding is None else replace(card, funding=funding)


def describe_outcome(running: Sandbox, outcome: Outcome) -> dict[str, Any]:
    """Return an outcome in the form of the control API."""
    decline = outcome.decline
    return {
        "outcome": outcome.kind,
        "code": decline.code if decline else None,
        "decline_code": decline.decline_code if decline else None,
        "message": decline.message if decline else None,
        "session": expand(running, outcome.session, ["line_items"]),
    }


def as_form_values(values: Any) -> Any:
    """Turn JSON values into the form they have in a form-encoded request."""
    if isinstance(values, dict):
        return {name: as_form_values(value) for name, value in values.items() if value is not None}
    if isinstance(values, list):
        return [as_form_values(value) for value in values]
    return str(values).lower() if isinstance(values, bool) else str(values)
