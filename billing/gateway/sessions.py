"""Checkout Sessions: creating, retrieving, listing and expiring them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import stripe
from stripe.params.checkout import SessionCreateParams, SessionListParams, SessionRetrieveParams

from billing.gateway.client import METADATA_PRODUCT, METADATA_PURCHASE, PRODUCT, client, translate
from billing.gateway.types import CheckoutSession, Line, Payment, ProcessorRefused, SessionNotOpen

_SESSION_ID = re.compile(r"cs_(test|live)_[A-Za-z0-9]{1,100}")
_EXPAND_SESSION = ["line_items", "payment_intent.latest_charge"]


def is_session_id(text: str) -> bool:
    """Whether ``text`` has the form of a Checkout Session's ID."""
    return _SESSION_ID.fullmatch(text) is not None


def session_parameters(
    *,
    line: Line,
    purchase_id: str,
    customer_email: str,
    expires_at: datetime,
    success_url: str,
    cancel_url: str,
    language: str,
    metadata: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the request for a Checkout Session, to be frozen in the purchase before sending (R12).

    ``success_url`` contains ``{CHECKOUT_SESSION_ID}`` literally. ``language`` is that of the
    payment page, such as "es". ``metadata`` is stored with the session at the processor: short
    texts without personal data.
    """
    our_metadata = {METADATA_PRODUCT: PRODUCT, METADATA_PURCHASE: purchase_id}
    params: SessionCreateParams = {
        "mode": "payment",
        "allowed_payment_method_types": ["card"],
        "payment_method_options": {
            "card": {"restrictions": {"funding_types_blocked": ["prepaid"]}}
        },
        "wallet_options": {"link": {"display": "never"}},
        "adaptive_pricing": {"enabled": False},
        "line_items": [
            {
                "quantity": line.quantity,
                "price_data": {
                    "currency": line.currency,
                    "unit_amount": line.unit_amount,
                    "product_data": {"name": line.name, "description": line.description},
                },
            }
        ],
        "client_reference_id": purchase_id,
        "metadata": our_metadata | dict(metadata or {}),
        "payment_intent_data": {"metadata": our_metadata, "description": line.name},
        "customer_email": customer_email,
        "expires_at": int(expires_at.timestamp()),
        "success_url": success_url,
        "cancel_url": cancel_url,
        "submit_type": "pay",
    }
    return {**params, "locale": language}


@translate
def create_session(parameters: Mapping[str, Any], *, idempotency_key: str) -> CheckoutSession:
    """Create a Checkout Session; the same key and parameters return the same one.

    Raises ProcessorUnavailable if it may or may not exist, ProcessorRefused if it does not.
    """
    session = client().v1.checkout.sessions.create(
        cast(SessionCreateParams, dict(parameters)), {"idempotency_key": idempotency_key}
    )
    return _session(session)


@translate
def retrieve_session(session_id: str) -> CheckoutSession:
    """Return a Checkout Session with its line item and payment.

    Raises ProcessorRefused if there is none with that ID, ProcessorUnavailable if the processor
    cannot be reached.
    """
    if not is_session_id(session_id):
        raise ProcessorRefused(f"retrieve_session: not a session id: {session_id!r}")
    params: SessionRetrieveParams = {"expand": _EXPAND_SESSION}
    return _session(client().v1.checkout.sessions.retrieve(session_id, params))


@translate
def expire_session(session_id: str) -> CheckoutSession:
    """Expire an open Checkout Session (R17). Raises SessionNotOpen if it is paid or expired."""
    try:
        return _session(client().v1.checkout.sessions.expire(session_id))
    except stripe.InvalidRequestError as error:
        if error.http_status == 400:
            raise SessionNotOpen(str(error)) from error
        raise


@translate
def sessions_created_since(created: datetime) -> list[CheckoutSession]:
    """Return all Checkout Sessions created at or after ``created``, newest first."""
    params: SessionListParams = {"created": {"gte": int(created.timestamp())}, "limit": 100}
    return [
        _session(session)
        for session in client().v1.checkout.sessions.list(params).auto_paging_iter()
    ]


def _session(session: stripe.checkout.Session) -> CheckoutSession:
    if not is_session_id(session.id):
        raise ValueError(f"a Checkout Session has a malformed id: {session.id!r}")
    metadata = session.metadata.to_dict() if session.metadata else {}
    quantity, unit_amount = _only_line(session)
    return CheckoutSession(
        id=session.id,
        url=session.url or "",
        status=session.status or "",
        payment_status=session.payment_status,
        mode=session.mode,
        amount_total=session.amount_total or 0,
        currency=session.currency or "",
        livemode=session.livemode,
        created_at=datetime.fromtimestamp(session.created, UTC),
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        purchase_id=str(metadata.get(METADATA_PURCHASE) or session.client_reference_id or ""),
        is_ours=metadata.get(METADATA_PRODUCT) == PRODUCT,
        metadata={name: str(value) for name, value in metadata.items()},
        quantity=quantity,
        unit_amount=unit_amount,
        payment=_payment(session),
    )


def _only_line(session: stripe.checkout.Session) -> tuple[int | None, int | None]:
    lines = getattr(session, "line_items", None)
    if lines is None or len(lines.data) != 1 or lines.data[0].price is None:
        return None, None
    return lines.data[0].quantity, lines.data[0].price.unit_amount


def _payment(session: stripe.checkout.Session) -> Payment | None:
    intent = session.payment_intent
    if session.payment_status != "paid" or not isinstance(intent, stripe.PaymentIntent):
        return None
    charge = intent.latest_charge
    if not isinstance(charge, stripe.Charge):
        return None
    card = charge.payment_method_details and charge.payment_method_details.card
    return Payment(
        payment_intent_id=intent.id,
        amount=intent.amount_received,
        card_brand=(card and card.brand) or "",
        card_last4=(card and card.last4) or "",
        # Empty if not paid by card at all (another kind of wallet); "unknown" if the kind of card
        # is unknown.
        card_funding=(card.funding or "unknown") if card else "",
        paid_at=datetime.fromtimestamp(charge.created, UTC),
        is_refunded_or_disputed=bool(charge.amount_refunded or charge.disputed),
    )
