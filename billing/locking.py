"""The order of locks: organization, then renewal, then purchase."""

from billing.models import Purchase
from subscriptions.members import lock as lock_organization
from subscriptions.models import Organization, Renewal


def lock_purchase(purchase: Purchase) -> Purchase:
    """The purchase as it is now, locked after what it belongs to; with what granting reads."""
    organization = None
    if purchase.organization_id is not None:
        organization = lock_organization(Organization(pk=purchase.organization_id))
    if purchase.renewal_id is not None:
        Renewal.objects.select_for_update().get(pk=purchase.renewal_id)
    locked = (
        Purchase.objects.select_for_update(of=("self",))
        .select_related("term", "buyer", "renewal")
        .get(pk=purchase.pk)
    )
    if organization is not None:
        locked.organization = organization
    return locked
