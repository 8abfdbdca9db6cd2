"""The payment processor: the only module that imports ``stripe``.

Takes and returns the dataclasses of ``billing/processor.py``, and raises its errors. No rules. The
client is built from the settings at each call, so that a test or a rotated key takes effect at
once; the connection pool behind it belongs to the process.
"""

import functools
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast

import stripe
from django.conf import settings
from stripe import RequestOptions
from stripe.params import RefundCreateParams
from stripe.params.checkout import SessionCreateParams, SessionListParams, SessionRetrieveParams

from billing.processor import (
    BadPayload,
    BadSignature,
    CheckoutSession,
    Event,
    Line,
    Payment,
    ProcessorRefused,
    ProcessorUnavailable,
    RefundAnswer,
    SessionNotOpen,
    SessionUnknown,
)

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

stripe.enable_telemetry = False

_SESSION_ID = re.compile(r"cs_(test|live)_[A-Za-z0-9]{1,100}")
_EXPAND_SESSION = ["line_items", "payment_intent.latest_charge"]
# How our own payments are told from others of the same account: written when a Checkout Session is
# created, read when one comes back.
METADATA_PRODUCT = "product"
METADATA_PURCHASE = "purchase"
METADATA_REFUND = "refund"
PRODUCT = "add-on-licensing"


def is_session_id(text: str) -> bool:
    """Whether ``text`` has the form of a Checkout Session's id."""
    return _SESSION_ID.fullmatch(text) is not None


def _translate(call: Callable[P, T]) -> Callable[P, T]:
    """Turn the SDK's exceptions into ours. What is not known to be a definite no, is none."""

    @functools.wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        with _translated(call.__name__):
            return call(*args, **kwargs)

    return wrapper


# What reading an answer raises that is no JSON, or lacks what it must have.
_NOT_WHAT_WAS_ASKED_FOR = (ValueError, AttributeError, LookupError, TypeError, OverflowError)


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except stripe.RateLimitError as error:
        raise ProcessorUnavailable(_say(name, error)) from error
    except stripe.InvalidRequestError as error:
        is_session = name in ("retrieve_session", "expire_session")
        is_unknown = is_session and error.http_status == 404
        raise (SessionUnknown if is_unknown else ProcessorRefused)(_say(name, error)) from error
    except (
        stripe.IdempotencyError,
        stripe.AuthenticationError,
        stripe.PermissionError,
        stripe.CardError,
    ) as error:
        raise ProcessorRefused(_say(name, error)) from error
    except (stripe.StripeError, *_NOT_WHAT_WAS_ASKED_FOR) as error:
        raise ProcessorUnavailable(_say(name, error)) from error


def _say(name: str, error: Exception) -> str:
    request = getattr(error, "request_id", None) or "-"
    text = f"{name}: {type(error).__name__} (request {request}): {error}"
    logger.warning("processor: %s", text)
    return text


@functools.lru_cache(maxsize=4)
def _client(key: str, base: str, connect: float, read: float, retries: int) -> stripe.StripeClient:
    addresses = {"base_addresses": {"api": base}} if base else {}
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=(connect, read)),
        max_network_retries=retries,
        **cast(Any, addresses),
    )


def client() -> stripe.StripeClient:
    """The SDK's client for the settings as they are now."""
    return _client(
        settings.STRIPE_SECRET_KEY,
        settings.STRIPE_API_BASE,
        settings.STRIPE_CONNECT_TIMEOUT,
        settings.STRIPE_READ_TIMEOUT,
        settings.STRIPE_MAX_NETWORK_RETRIES,
    )


def livemode() -> bool:
    """Whether the key in use moves real money."""
    return bool(settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")))


def session_parameters(
    *,
    line: Line,
    purchase_id: str,
    customer_email: str,
    expires_at: datetime,
    success_url: str,
    cancel_url: str,
) -> dict[str, Any]:
    """The request for a Checkout Session, to be frozen in the purchase before it is sent (R12).

    ``success_url`` contains ``{CHECKOUT_SESSION_ID}`` as it stands.
    """
    metadata = {METADATA_PRODUCT: PRODUCT, METADATA_PURCHASE: purchase_id}
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
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "description": line.name},
        "customer_email": customer_email,
        "expires_at": int(expires_at.timestamp()),
        "success_url": success_url,
        "cancel_url": cancel_url,
        "submit_type": "pay",
    }
    return dict(params)


@_translate
def create_session(parameters: Mapping[str, Any], *, idempotency_key: str) -> CheckoutSession:
    """Create a Checkout Session; the same key and parameters give the same one.

    Raises ProcessorUnavailable where it may or may not exist now, ProcessorRefused where it does
    not.
    """
    session = client().v1.checkout.sessions.create(
        cast(SessionCreateParams, dict(parameters)), {"idempotency_key": idempotency_key}
    )
    return _session(session)


@_translate
def retrieve_session(session_id: str) -> CheckoutSession:
    """A Checkout Session with its line and payment.

    Raises ProcessorRefused where there is none of that id, ProcessorUnavailable where the
    processor cannot be asked.
    """
    if not is_session_id(session_id):
        raise ProcessorRefused(f"retrieve_session: no session id: {session_id!r}")
    params: SessionRetrieveParams = {"expand": _EXPAND_SESSION}
    return _session(client().v1.checkout.sessions.retrieve(session_id, params))


@_translate
def expire_session(session_id: str) -> CheckoutSession:
    """Expire an open Checkout Session (R17). Raises SessionNotOpen where it is paid or over."""
    try:
        return _session(client().v1.checkout.sessions.expire(session_id))
    except stripe.InvalidRequestError as error:
        if error.http_status == 400:
            raise SessionNotOpen(str(error)) from error
        raise


@_translate
def sessions_created_since(created: datetime) -> list[CheckoutSession]:
    """All Checkout Sessions created at or after ``created``, the newest first."""
    params: SessionListParams = {"created": {"gte": int(created.timestamp())}, "limit": 100}
    return [
        _session(session)
        for session in client().v1.checkout.sessions.list(params).auto_paging_iter()
    ]


@_translate
def refund(*, payment_intent_id: str, amount: int, our_id: str, purchase_id: str) -> RefundAnswer:
    """Give back ``amount`` minor units of a payment; the same ``our_id`` gives the same refund."""
    params: RefundCreateParams = {
        "payment_intent": payment_intent_id,
        "amount": amount,
        "metadata": {
            METADATA_PRODUCT: PRODUCT,
            METADATA_PURCHASE: purchase_id,
            METADATA_REFUND: our_id,
        },
    }
    options: RequestOptions = {"idempotency_key": f"refund:{our_id}"}
    return _refund_answer(client().v1.refunds.create(params, options))


@_translate
def find_refund(*, payment_intent_id: str, our_id: str) -> RefundAnswer | None:
    """The refund that was asked for under ``our_id``, where the answer to that was lost."""
    refunds = client().v1.refunds.list({"payment_intent": payment_intent_id, "limit": 100})
    for found in refunds.auto_paging_iter():
        if found.metadata and found.metadata.to_dict().get(METADATA_REFUND) == our_id:
            return _refund_answer(found)
    return None


@_translate
def retrieve_refund(refund_id: str) -> RefundAnswer:
    """A refund as it is now."""
    return _refund_answer(client().v1.refunds.retrieve(refund_id))


def read_event(body: bytes, signature: str) -> Event:
    """The event of a webhook delivery.

    Any of the configured secrets may have signed it, so that they can be rotated. Raises
    BadSignature, or BadPayload where a signed body is no event.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadPayload("the body is not UTF-8") from error
    _check_signature(text, signature)
    try:
        return _event(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadPayload("the body is no event") from error


def _event(payload: dict[str, Any]) -> Event:
    if not isinstance(payload["livemode"], bool):
        raise TypeError("livemode is neither true nor false")
    if not payload["id"]:
        raise ValueError("an event without an id")
    return Event(
        id=_word(payload["id"]),
        type=_word(payload["type"], most=80),
        # Some objects have none, such as the balance.
        object_id=_word(payload["data"]["object"].get("id") or ""),
        livemode=payload["livemode"],
        account=_word(payload.get("account") or ""),
        api_version=_word(payload.get("api_version") or "", most=40),
        payload=_storable(payload),
    )


def _word(value: Any, most: int = 120) -> str:
    """An id or name as the processor writes them; the inbox has room for ``most`` characters."""
    if not isinstance(value, str) or len(value) > most:
        raise ValueError("neither id nor name")
    if not (value.isascii() and value.isprintable()):
        raise ValueError("an id or name of strange characters")
    return value


def _storable(payload: dict[str, Any]) -> dict[str, Any]:
    """The payload without what PostgreSQL cannot keep: NUL, and halves of characters."""
    text = json.dumps(payload, ensure_ascii=False, allow_nan=False)
    kept: dict[str, Any] = json.loads(text.replace(r"\u0000", "\ufffd").encode("utf-8", "replace"))
    return kept


def _check_signature(text: str, signature: str) -> None:
    if not signature.isascii():
        # The SDK compares in constant time, which text beyond ASCII makes fail.
        raise BadSignature
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(
                text, signature, secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
        except stripe.SignatureVerificationError:
            continue
        return
    raise BadSignature


def _session(session: stripe.checkout.Session) -> CheckoutSession:
    if not is_session_id(session.id):
        raise ValueError(f"a Checkout Session without a good id: {session.id!r}")
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
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        purchase_id=str(metadata.get(METADATA_PURCHASE) or session.client_reference_id or ""),
        is_ours=metadata.get(METADATA_PRODUCT) == PRODUCT,
        quantity=quantity,
        unit_amount=unit_amount,
        payment=_payment(session),
    )


def _refund_answer(refund: stripe.Refund) -> RefundAnswer:
    if not refund.id:
        raise ValueError("a refund without an id")
    return RefundAnswer(refund.id, refund.status or "pending")


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
        # No card at all (a wallet of another kind) is told from a card of unknown kind.
        card_funding=(card.funding or "unknown") if card else "",
        paid_at=datetime.fromtimestamp(charge.created, UTC),
    )
