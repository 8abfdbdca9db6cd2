"""The Django admin of purchases, refunds, problems, events and discounts (R14, R15, R26, R27, R30).

Payment records are read-only. Each support action has its own page: refund a purchase; fulfill,
refund or close a payment under review; process an event again; remove licenses from a renewal.
``organizations`` and ``records`` register the payment details that ``subscriptions`` pages show.

Public modules: ``health`` and ``overview``, for the site's own admin pages.

Django looks for an app's admin in this module, so importing it registers every page.
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
