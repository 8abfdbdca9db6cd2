"""The first lock of every change of licenses or money: organization, then term or renewal."""

from subscriptions.models import Organization


def lock_organization(organization: Organization) -> Organization:
    """Lock the organization's row until the transaction ends.

    The first lock of every transaction that moves licenses or money: it serializes adding,
    removing, settling payments and renewing of one organization against each other.
    """
    return Organization.objects.select_for_update().get(pk=organization.pk)
