"""Notify the people who may buy licenses when few are left."""

from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.notifications import notify, recipients
from subscriptions.policy import licenses
from subscriptions.text import links


def notify_when_low(subscription: SubscriptionStatus, taken: int, *, reference: str) -> None:
    """Send notifications if taking ``taken`` licenses reaches one of the organization's thresholds.

    ``subscription``: the status before they are taken; ``reference`` names what takes them.
    """
    organization, count = subscription.organization, subscription.licenses
    left = count.free - taken
    reached = licenses.threshold_reached(
        organization.low_license_thresholds, before=count.free, after=left
    )
    if reached is None:
        return
    for address in recipients.reminder_addresses(organization):
        notify.send(
            address,
            "few_licenses",
            reference=f"few:{reference}"[:80],
            organization=organization,
            data={
                "organization_name": organization.name,
                "held": count.held,
                "in_use": count.in_use + taken,
                "free": left,
                "renewal_is_open": subscription.renewal_is_open,
                "link": _link(subscription),
            },
        )


def _link(subscription: SubscriptionStatus) -> str:
    name = (
        links.page_name("renewal") if subscription.renewal_is_open else "subscriptions:subscription"
    )
    return links.full_link(name, subscription.organization.slug)
