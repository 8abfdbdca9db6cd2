"""Questions about terms that lists and pages ask of many organizations at once."""

from django.db.models import OuterRef, Subquery

from subscriptions.models import Term


def latest_expiration(organization: str) -> Subquery:
    """The expiration date of an organization's last paid term, as a column of a query.

    ``organization`` is the column of that query which names the organization.
    """
    terms = Term.objects.filter(organization=OuterRef(organization), canceled_at=None)
    return Subquery(terms.order_by("-starts_on").values("expires_on")[:1])
