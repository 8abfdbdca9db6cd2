"""Purchases and what the processor told us, in the Django admin; and what support does there."""

from billing.admin import discounts, events, organizations, problems, purchases, records
from billing.admin.removals.model_admin import LicenseRemovalAdmin

__all__ = [
    "LicenseRemovalAdmin",
    "discounts",
    "events",
    "organizations",
    "problems",
    "purchases",
    "records",
]
