"""Links to pages: within the site, and in full for e-mails and other sites.

Subscriptions knows nothing of billing (see docs/architecture.md). Where one of its pages leads to a
page of billing, it names it by a key, and billing says at start-up which page that is.
"""

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from subscriptions.models import Membership

# Key → name of the address.
_PAGES: dict[str, str] = {}


def register_pages(**names: str) -> None:
    """Register pages by key, each with the name of its address."""
    _PAGES.update(names)


def page_name(key: str) -> str:
    """The name of the address behind a key. Raises KeyError: nobody has registered it."""
    return _PAGES[key]


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
