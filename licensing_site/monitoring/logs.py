"""Logs: one JSON object a line, with the request's id, and without anybody's address or secret.

Every logger of Python's own ``logging`` ends here, ours as well as Django's and gunicorn's. What
``subscriptions.access.request_context`` has bound (request, purchase) stands on each line.
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
# Links that open something for whoever holds them, and the session that stands for a payment page.
_LINK = re.compile(
    r"(/invitations/|/password/reset/key/|/confirm-email/"
    r"|(?:^|[?&])(?:session_id|code|kept|draft|q)=)[^/?&\s\"']+"
)
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])")


def mask(text: str) -> str:
    """``text`` without full e-mail addresses, keys, links that let in, or card numbers."""
    text = _EMAIL.sub(r"\1…@\2", text)
    text = _SECRET.sub(r"\1…", text)
    text = _LINK.sub(r"\1…", text)
    return _DIGITS.sub(lambda found: "…" if _may_be_card(found[0]) else found[0], text)


def mask_all(value: Any) -> Any:
    """The same for every text inside ``value``."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {key: mask_all(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [mask_all(one) for one in value]
    return value


def _may_be_card(text: str) -> bool:
    """Whether the last digit is the check digit of a card's number (Luhn)."""
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _mask_event(
    logger: Any, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = mask_all(value)
    return event


_ON_EVERY_LINE: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)


def configuration(level: str, *, readable: bool) -> dict[str, Any]:
    """The ``LOGGING`` setting. ``readable``: for a person at a terminal rather than a collector."""
    if readable:
        ending: list[Any] = [
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    else:
        # The traceback becomes text first, so that it is masked like everything else.
        ending = [
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
                "foreign_pre_chain": _ON_EVERY_LINE,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *ending,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # A line for each request is written by ``request_log``, with more to it.
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            "gunicorn.error": {"handlers": ["console"], "level": "INFO", "propagate": False},
        },
    }


def report_errors(address: str, *, environment: str, release: str) -> None:
    """Send unhandled errors to Sentry at ``address`` (its DSN), as sparingly as the logs.

    No bodies, cookies or variables of the program: they hold names, addresses and secrets.
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
    # What somebody searched for, and cookies under other names, help nobody to mend anything.
    for name in ("query_string", "headers", "cookies", "data"):
        event.get("request", {}).pop(name, None)
    masked: Event = mask_all(event)
    return masked
