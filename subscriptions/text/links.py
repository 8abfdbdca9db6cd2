"""Links to pages: within the site, and full links for e-mails and other sites.

Subscriptions does not depend on billing (see docs/architecture.md). If one of its pages links to a
billing page or shows a billing panel, it uses a key, and billing registers the page or panel under
that key at startup.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from subscriptions.models import Membership, Organization
from subscriptions.text.registry import RESERVED, Registry

# URL names by key.
PAGES: Registry[str] = Registry(
    add_licenses=RESERVED,
    cancel_renewal=RESERVED,
    pricing=RESERVED,
    purchases=RESERVED,
    renewal=RESERVED,
    subscribe=RESERVED,
)
# Functions that render a panel, by key.
PANELS: Registry[Callable[[Organization], SafeString]] = Registry(purchases=RESERVED)


def page_name(key: str) -> str:
    """Return the URL name for a key. Raises LookupError if it is not registered."""
    return PAGES[key]


def page(key: str, *args: object) -> str:
    """Return the path of the page for a key."""
    return reverse(page_name(key), args=args)


def full_link(name: str, *args: object, **query: str) -> str:
    """Return the full link to a URL name, for e-mails, documents and processors."""
    link = f"{settings.SITE_URL}{reverse(name, args=args)}"
    return f"{link}?{urlencode(query)}" if query else link


def invitation_link(membership: Membership) -> str:
    """Return the full link of an invitation (R4)."""
    return full_link("subscriptions:invitation", membership.invitation_token)
