"""Paying a session: what each card does, and what remains in each case."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from billing.sandbox.engine import follow_ups, sessions, timetable
from billing.sandbox.engine.events import emit
from billing.sandbox.objects import cards
from billing.sandbox.objects.balance import build_balance_transaction
from billing.sandbox.objects.cards import Card, Decline
from billing.sandbox.objects.charge import build_charge
from billing.sandbox.objects.payment import (
    Payer,
    build_customer,
    build_payment_error,
    build_payment_intent,
    build_payment_method,
)
from billing.sandbox.objects.session import customer_details
from billing.sandbox.process.runtime import Sandbox
from billing.sandbox.process.store import Document

Kind: TypeAlias = Literal["paid", "declined", "blocked", "requires_action", "not_open"]

_BLOCKED = "Your card is not supported. {} cards are not accepted here: use a different card."


@dataclass(frozen=True)
class Outcome:
    """The result of trying a card, with the session as it is now."""

    kind: Kind
    session: Document
    decline: Decline | None = None

    @property
    def intent(self) -> str | None:
        """Return the ID of the payment intent, if there is one."""
        id: str | None = self.session["payment_intent"]
        return id


def pay(sandbox: Sandbox, session_id: str, card: Card, payer: Payer) -> Outcome:
    """Try a card on a session. The lock lets only one attempt, or expiry, win."""
    with sandbox.store.transaction():
        sessions.expire_due(sandbox)
        session = sessions.find(sandbox, session_id)
        if session["status"] != "open":
            return Outcome("not_open", session)
        blocked = _find_block(session, card)
        if blocked:
            return Outcome("blocked", session, blocked)
        return _try(sandbox, session, card, payer)


def finish_challenge(sandbox: Sandbox, intent_id: str, *, authenticated: bool) -> Outcome | None:
    """Continue after the 3D Secure page; return None if there was no challenge to finish."""
    with sandbox.store.transaction():
        sessions.expire_due(sandbox)
        intent = sandbox.store.get("payment_intent", intent_id)
        if intent is None:
            return None
        session = sessions.find(sandbox, intent["_session"])
        if session["status"] != "open" or intent["status"] != "requires_action":
            return Outcome("not_open", session)
        method, payer = _get_method(sandbox, intent)
        card = cards.CARDS[method["_number"]]
        intent["next_action"] = None
        if not authenticated:
            return _refuse(sandbox, session, intent, method, cards.NOT_AUTHENTICATED, None)
        return _charge(sandbox, session, intent, method, card, payer, authenticated=True)


def _find_block(session: Document, card: Card) -> Decline | None:
    restrictions = session["payment_method_options"]["card"].get("restrictions", {})
    brand = cards.BLOCKABLE_BRANDS.get(card.brand)
    for blocked, value in (("funding_types_blocked", card.funding), ("brands_blocked", brand)):
        if value in restrictions.get(blocked, ()):
            name = str(value).replace("_", " ").capitalize()
            return Decline("card_not_supported", None, _BLOCKED.format(name))
    return None


def _try(sandbox: Sandbox, session: Document, card: Card, payer: Payer) -> Outcome:
    now = sandbox.clock.now()
    intent = _get_intent(sandbox, session)
    method = build_payment_method(card, payer, now=now)
    sandbox.store.put("payment_method", method)
    if card.challenge == "lookup_fails":
        return _refuse(sandbox, session, intent, method, cards.PROCESSING, None)
    if card.challenge == "required" or _requests_challenge(session):
        return _challenge(sandbox, session, intent, method)
    return _charge(sandbox, session, intent, method, card, payer, authenticated=False)


def _requests_challenge(session: Document) -> bool:
    requested = session["payment_method_options"]["card"]["request_three_d_secure"]
    return requested in ("any", "challenge")


def _get_intent(sandbox: Sandbox, session: Document) -> Document:
    """Return the session's intent; like at Stripe, the first attempt creates it."""
    if session["payment_intent"]:
        intent = sandbox.store.get("payment_intent", session["payment_intent"])
        if intent is not None:
            return intent
    intent = build_payment_intent(session, now=sandbox.clock.now())
    session["payment_intent"] = intent["id"]
    sandbox.store.put("payment_intent", intent)
    sandbox.store.put("checkout.session", session)
    emit(sandbox, "payment_intent.created", intent)
    return intent


def _get_method(sandbox: Sandbox, intent: Document) -> tuple[Document, Payer]:
    method = sandbox.store.get("payment_method", intent["payment_method"]) or {}
    details, card = method["billing_details"], method["card"]
    payer = Payer(
        email=details["email"],
        name=details["name"],
        country=details["address"]["country"],
        exp_month=card["exp_month"],
        exp_year=card["exp_year"],
    )
    return method, payer


def _challenge(sandbox: Sandbox, session: Document, intent: Document, method: Document) -> Outcome:
    address = f"{sandbox.base_url}/3ds/{intent['id']}"
    intent |= {
        "status": "requires_action",
        "payment_method": method["id"],
        "last_payment_error": None,
        "next_action": {
            "redirect_to_url": {"return_url": session["url"], "url": address},
            "type": "redirect_to_url",
        },
    }
    sandbox.store.put("payment_intent", intent)
    emit(sandbox, "payment_intent.requires_action", intent)
    return Outcome("requires_action", session)


def _charge(
    sandbox: Sandbox,
    session: Document,
    intent: Document,
    method: Document,
    card: Card,
    payer: Payer,
    *,
    authenticated: bool,
) -> Outcome:
    charge = build_charge(
        intent,
        method,
        card,
        payer,
        now=sandbox.clock.now(),
        decline=card.decline,
        authenticated=authenticated,
        base_url=sandbox.base_url,
    )
    if card.decline:
        return _refuse(sandbox, session, intent, method, card.decline, charge)
    outcome = _complete(sandbox, session, intent, method, charge, payer)
    follow_ups.schedule_after_payment(sandbox, card, charge)
    timetable.run_due(sandbox)  # without a delay, the dispute exists before the buyer returns
    return outcome


def _refuse(
    sandbox: Sandbox,
    session: Document,
    intent: Document,
    method: Document,
    decline: Decline,
    charge: Document | None,
) -> Outcome:
    """Leave the session open and payable, and store on the intent why the card was declined."""
    if charge:
        sandbox.store.put("charge", charge)
        intent["latest_charge"] = charge["id"]
        emit(sandbox, "charge.failed", charge)
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": build_payment_error(
            decline, method, charge["id"] if charge else None
        ),
    }
    sandbox.store.put("payment_intent", intent)
    emit(sandbox, "payment_intent.payment_failed", intent)
    return Outcome("declined", session, decline)


def _complete(
    sandbox: Sandbox,
    session: Document,
    intent: Document,
    method: Document,
    charge: Document,
    payer: Payer,
) -> Outcome:
    """Take the money and close the session, all or nothing."""
    now, store = sandbox.clock.now(), sandbox.store
    customer = None
    if session["customer_creation"] == "always":
        customer = build_customer(payer, now=now)
        store.put("customer", customer)
        emit(sandbox, "customer.created", customer)
    customer_id = customer["id"] if customer else None
    fee = charge["amount"] * 29 // 1000 + 30
    moved = build_balance_transaction(charge, "charge", amount=charge["amount"], fee=fee, now=now)
    charge |= {"balance_transaction": moved["id"], "customer": customer_id}
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "customer": customer_id,
        "last_payment_error": None,
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": method["id"],
    }
    session |= _completion(payer, customer_id)
    for kind, document in (
        ("balance_transaction", moved),
        ("charge", charge),
        ("payment_intent", intent),
        ("checkout.session", session),
    ):
        store.put(kind, document)
    emit(sandbox, "payment_intent.succeeded", intent)
    emit(sandbox, "charge.succeeded", charge)
    emit(sandbox, "checkout.session.completed", session)
    return Outcome("paid", session)


def _completion(payer: Payer, customer: str | None) -> dict[str, Any]:
    return {
        "status": "complete",
        "payment_status": "paid",
        "url": None,
        "customer": customer,
        "customer_details": customer_details(
            email=payer.email, name=payer.name, country=payer.country
        ),
        "_completed": time.time(),  # real time, for the fault that shows a session as still open
    }
