"""What browsers are told to refuse: the content security policy and its companions.

No page of ours has a script or a style of its own: all of them come from ``static/``, so nothing
that somebody typed can become one.
"""

from functools import lru_cache
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Where the processor's payment page stands, unless it is the local one.
PAYMENT_PAGE = "https://checkout.stripe.com"


class ContentSecurityPolicy(CSPMiddleware):
    """The policy of every page, from the settings as they are now."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """The policy to enforce; none is only reported."""
        if report_only:
            return PolicyParts()
        return PolicyParts(
            config=directives(
                payment_page=settings.STRIPE_API_BASE or settings.CHECKOUT_ORIGIN or PAYMENT_PAGE,
                messenger=settings.MESSENGER_SCRIPT_URL,
                messenger_origins=tuple(settings.MESSENGER_ORIGINS),
            )
        )


@lru_cache(maxsize=8)
def directives(
    *, payment_page: str, messenger: str = "", messenger_origins: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """What a page may load, and where its forms may lead.

    ``payment_page``: an address of the processor's; a form that buys is answered with a redirect
    there, which ``form-action`` covers. ``messenger``: the script of a hosted messenger, with the
    further origins it talks to.
    """
    theirs = [*filter(None, [_origin(messenger)]), *messenger_origins]
    policy = {
        "default-src": [NONE],
        "script-src": [SELF, *theirs],
        "style-src": [SELF, *theirs],
        # The picture an authenticator app reads is part of its page.
        "img-src": [SELF, "data:", *theirs],
        "font-src": [SELF, *theirs],
        "connect-src": [SELF, *theirs],
        "form-action": [SELF, _origin(payment_page)],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
    return policy | {"frame-src": theirs, "media-src": theirs} if theirs else policy


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
