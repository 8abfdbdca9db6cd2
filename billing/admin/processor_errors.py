"""Messages for payment processor errors."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _

from billing.gateway.types import ProcessorError, ProcessorUnavailable
from billing.refunds.reversal import RenewalCheckoutOpen
from subscriptions.admin.parts.actions import ActionFailed

logger = logging.getLogger(__name__)


@contextmanager
def report(nothing_done: str) -> Iterator[None]:
    """Turn processor errors into ActionFailed, with a message that includes ``nothing_done``."""
    try:
        yield
    except ProcessorUnavailable as error:
        logger.exception("support: the processor cannot be reached")
        text = _("The payment processor cannot be reached right now.")
        raise ActionFailed(f"{text} {nothing_done} {_('Try again in a minute.')}") from error
    except ProcessorError as error:
        logger.exception("support: the processor refused the request")
        text = _("The payment processor refused this: %(error)s.") % {"error": error}
        raise ActionFailed(f"{text} {nothing_done}") from error
    except RenewalCheckoutOpen as error:
        text = _("Someone is paying for the renewal right now.")
        raise ActionFailed(f"{text} {nothing_done} {_('Try again in a minute.')}") from error
