"""Purchases and what the processor told us, in the Django admin; and what support does there."""

from billing.admin import discounts, events, organizations, problems, purchases, records
from billing.admin.refunds.model_admin import DisputeAdmin, RefundAdmin
from billing.admin.removals.model_admin import LicenseRemovalAdmin

__all__ = [
    "DisputeAdmin",
    "LicenseRemovalAdmin",
    "RefundAdmin",
    "discounts",
    "events",
    "organizations",
    "problems",
    "purchases",
    "records",
]
