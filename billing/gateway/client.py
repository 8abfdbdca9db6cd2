"""The Stripe client, and the translation of its exceptions.

The client follows the settings at each call, so that a test or a rotated key takes effect at once;
its connection pool is kept for the process.
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

# Our payments carry these in their metadata, to tell them apart from others in the same account.
METADATA_PRODUCT = "product"
METADATA_PURCHASE = "purchase"
METADATA_REFUND = "refund"
PRODUCT = "add-on-licensing"


def translate(call: Callable[P, T]) -> Callable[P, T]:
    """Turn the SDK's exceptions into ours. Unknown errors mean "unavailable", never "refused"."""

    @functools.wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        with _translate_errors(call.__name__):
            return call(*args, **kwargs)

    return wrapper


# Raised while reading a response that is not JSON or lacks something.
_BAD_RESPONSE = (ValueError, AttributeError, LookupError, TypeError, OverflowError)


@contextmanager
def _translate_errors(name: str) -> Iterator[None]:
    try:
        yield
    except stripe.RateLimitError as error:
        raise ProcessorUnavailable(_log_and_describe(name, error)) from error
    except stripe.InvalidRequestError as error:
        is_session = name in ("retrieve_session", "expire_session")
        is_unknown = is_session and error.http_status == 404
        refusal = SessionUnknown if is_unknown else ProcessorRefused
        raise refusal(_log_and_describe(name, error), error.code or "") from error
    except (
        stripe.IdempotencyError,
        stripe.AuthenticationError,
        stripe.PermissionError,
        stripe.CardError,
    ) as error:
        raise ProcessorRefused(_log_and_describe(name, error)) from error
    except (stripe.StripeError, *_BAD_RESPONSE) as error:
        raise ProcessorUnavailable(_log_and_describe(name, error)) from error


def _log_and_describe(name: str, error: Exception) -> str:
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
    """Return the SDK's client for the current settings."""
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
