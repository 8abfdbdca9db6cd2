"""Logs: one JSON object per line, with the request's ID, and no addresses or secrets.

All of Python's loggers end up here: ours, Django's and gunicorn's. Every line has what
``subscriptions.access.request_context`` has bound (request, purchase).
"""

import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import sentry_sdk
import structlog
from sentry_sdk.types import Event, Hint

_EMAIL = re.compile(r"(\w)[\w.%+'-]*(?:@|%40)([\w-]+(?:\.[\w-]+)+)")
_SECRET = re.compile(r"\b((?:sk|rk|pk|cs)_(?:live|test)_|whsec_)[A-Za-z0-9_]+")
# Links that give access to anyone who has them, and session IDs of payment pages.
_LINK = re.compile(
    r"(/invitations/|/password/reset/key/|/confirm-email/"
    r"|(?:^|[?&])(?:session_id|code|kept|draft|q)=)[^/?&\s\"']+"
)
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])")


def mask(text: str) -> str:
    """Hide e-mail addresses, keys, links that give access, and card numbers in ``text``."""
    text = _EMAIL.sub(r"\1…@\2", text)
    text = _SECRET.sub(r"\1…", text)
    text = _LINK.sub(r"\1…", text)
    return _DIGITS.sub(lambda found: "…" if _may_be_card(found[0]) else found[0], text)


def mask_all(value: Any) -> Any:
    """Mask every text inside ``value``."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: mask_all(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [mask_all(one) for one in value]
    return value


def _may_be_card(text: str) -> bool:
    """Whether the last digit is a valid check digit for a card number (Luhn)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _mask_event(
    logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = mask_all(value)
    return event


_SHARED_PROCESSORS: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)


def configuration(level: str, *, readable: bool) -> dict[str, Any]:
    """Return the ``LOGGING`` setting; ``readable`` means for a terminal, not a log collector."""
    if readable:
        final_processors: list[Any] = [
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    else:
        # The traceback becomes text first, so that it is masked too.
        final_processors = [
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED_PROCESSORS,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *final_processors,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # ``request_log`` logs each request with more details.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "gunicorn.error": {"handlers": ["console"], "level": "INFO", "propagate": False},
        },
    }


def report_errors(address: str, *, environment: str, release: str) -> None:
    """Send unhandled errors to Sentry at ``address`` (its DSN), masked like the logs.

    Bodies, cookies and local variables are left out, because they contain names, addresses and
    secrets.
    """
    sentry_sdk.init(
        dsn=address,
        environment=environment,
        release=release or None,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_mask_report,
    )


def _mask_report(event: Event, hint: Hint) -> Event:
    # Search terms and cookies do not help fix an error.
    for name in ("query_string", "headers", "cookies", "data"):
        event.get("request", {}).pop(name, None)
    masked: Event = mask_all(event)
    return masked
