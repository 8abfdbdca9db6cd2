"""What browsers are told to refuse: the content security policy and its companions.

No page of ours has a script or a style of its own: all of them come from ``static/``, so nothing
that somebody typed can become one.
"""

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
        """What a page may load, and where its forms may lead; nothing is only reported."""
        if report_only:
            return PolicyParts()
        payment_page = settings.STRIPE_API_BASE or settings.CHECKOUT_ORIGIN or PAYMENT_PAGE
        return PolicyParts(
            config={
                "default-src": [NONE],
                "script-src": [SELF],
                "style-src": [SELF],
                # The picture an authenticator app reads is part of its page.
                "img-src": [SELF, "data:"],
                "font-src": [SELF],
                "connect-src": [SELF],
                # A form that buys is answered with a redirect to the payment page.
                "form-action": [SELF, _origin(payment_page)],
                "frame-ancestors": [NONE],
                "base-uri": [NONE],
                "object-src": [NONE],
            }
        )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
