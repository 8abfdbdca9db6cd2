"""Links to pages: within the site, and in full for e-mails and other sites.

Subscriptions knows nothing of billing (see docs/architecture.md). Where one of its pages leads to a
page of billing, or shows a panel of it, it names it by a key, and billing says at start-up which
page or panel that is.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from subscriptions.models import Membership, Organization
from subscriptions.text.registry import ELSEWHERE, Registry

# The name of each page's address.
PAGES: Registry[str] = Registry(
    add_licenses=ELSEWHERE,
    end_renewal=ELSEWHERE,
    pricing=ELSEWHERE,
    purchases=ELSEWHERE,
    renewal=ELSEWHERE,
    subscribe=ELSEWHERE,
)
# What renders each panel.
PANELS: Registry[Callable[[Organization], SafeString]] = Registry(purchases=ELSEWHERE)


def page_name(key: str) -> str:
    """The name of the address behind a key. Raises LookupError: nobody has registered it."""
    return PAGES[key]


def page(key: str, *args: object) -> str:
    """The path of the page behind a key."""
    return reverse(page_name(key), args=args)


def full_link(name: str, *args: object, **query: str) -> str:
    """The full link to an address of this site, by its name: for e-mails, documents, processors."""
    link = f"{settings.SITE_URL}{reverse(name, args=args)}"
    return f"{link}?{urlencode(query)}" if query else link


def invitation_link(membership: Membership) -> str:
    """The full link that lets an invited person in (R4)."""
    return full_link("subscriptions:invitation", membership.invitation_token)
