"""Members who have not signed in for long: licenses that might be freed before renewing."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from subscriptions.models import Organization
from subscriptions.models.people import MembershipState


def count_dormant(organization: Organization, now: datetime) -> int:
    """Active members who have not signed in for DORMANT_AFTER_DAYS."""
    since = now - timedelta(days=settings.DORMANT_AFTER_DAYS)
    return organization.memberships.filter(
        Q(user__last_login__lt=since) | Q(user__last_login=None),
        state=MembershipState.ACTIVE,
        joined_at__lt=since,
    ).count()
