"""The Django admin of purchases, refunds, problems, events and discounts (R14, R15, R26, R27, R30).

Records of payments are read and never changed; what support may do has a page of its own each:
refund a purchase, fulfill, refund or close a payment to look at, process an event again, remove
licenses from a renewal. What pages of ``subscriptions`` show about money is registered from here,
by ``organizations`` and ``records``.

Doors: ``health`` and ``overview``, for the site's own admin pages. Nothing else.

Django looks for the admin of an app in this module, so importing it registers every page.
"""

from billing.admin import organizations, records
from billing.admin.discounts import DiscountAdmin
from billing.admin.events import ProcessorEventAdmin
from billing.admin.problems import PaymentProblemAdmin
from billing.admin.purchases import PurchaseAdmin
from billing.admin.refunds.model_admin import DisputeAdmin, RefundAdmin
from billing.admin.removals.model_admin import LicenseRemovalAdmin

__all__ = [
    "DiscountAdmin",
    "DisputeAdmin",
    "LicenseRemovalAdmin",
    "PaymentProblemAdmin",
    "ProcessorEventAdmin",
    "PurchaseAdmin",
    "RefundAdmin",
    "organizations",
    "records",
]
