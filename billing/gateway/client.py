"""The SDK's client, and what its exceptions mean to us.

The client is built from the settings at each call, so that a test or a rotated key takes effect at
once; the connection pool behind it belongs to the process.
"""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

import stripe
from django.conf import settings

from billing.gateway.types import ProcessorRefused, ProcessorUnavailable, SessionUnknown

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

stripe.enable_telemetry = False

# How our own payments are told from others of the same account: written when a Checkout Session is
# created, read when one comes back.
METADATA_PRODUCT = "product"
METADATA_PURCHASE = "purchase"
METADATA_REFUND = "refund"
PRODUCT = "add-on-licensing"


def translate(call: Callable[P, T]) -> Callable[P, T]:
    """Turn the SDK's exceptions into ours. Unknown errors mean "unavailable", never "refused"."""

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
        refusal = SessionUnknown if is_unknown else ProcessorRefused
        raise refusal(_say(name, error), error.code or "") from error
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
