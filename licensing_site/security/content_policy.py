"""The content security policy.

Pages have no inline scripts or styles: all of them come from ``static/``, so user input can never
become one.
"""

from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# The origin of the processor's payment page.
PAYMENT_PAGE = "https://checkout.stripe.com"


class ContentSecurityPolicy(CSPMiddleware):
    """The policy of every page, from the current settings."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        """Return what a page may load and where its forms may lead; nothing is report-only."""
        if report_only:
            return PolicyParts()
        payment_page = settings.STRIPE_API_BASE or settings.CHECKOUT_ORIGIN or PAYMENT_PAGE
        return PolicyParts(
            config={
                "default-src": [NONE],
                "script-src": [SELF],
                "style-src": [SELF],
                # The QR code for an authenticator app is a data URL.
                "img-src": [SELF, "data:"],
                "font-src": [SELF],
                "connect-src": [SELF],
                # A purchase form redirects to the payment page.
                "form-action": [SELF, _origin(payment_page)],
                "frame-ancestors": [NONE],
                "base-uri": [NONE],
                "object-src": [NONE],
            }
        )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
