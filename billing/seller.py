"""Who sells: on receipts, as it was when the purchase began (R31)."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from billing.models import Purchase


def seller_now() -> str:
    """Name, address and tax number from the settings, a line each."""
    lines = [settings.SELLER_NAME, *settings.SELLER_ADDRESS.split("\\n"), settings.SELLER_TAX_ID]
    return "\n".join(line.strip() for line in lines if line.strip())


def seller_of(purchase: "Purchase") -> str:
    """The seller as frozen in a purchase; those from before that was kept say today's."""
    return purchase.seller or seller_now()


def foot(seller: str) -> str:
    """At the foot of every page of a document by ``seller``, whose name is the first line."""
    return _("%(seller)s · %(site)s") % {
        "seller": seller.partition("\n")[0],
        "site": settings.SITE_URL,
    }
