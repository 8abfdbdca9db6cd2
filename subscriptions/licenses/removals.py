"""License removals: support removes licenses from a renewal, and undoes removals (R27).

Independent of payments; ``billing.support.removals`` closes an open checkout first. Callers hold
the organization's lock.
"""

import uuid
from dataclasses import dataclass

from django.db.models import Max

from subscriptions import clock
from subscriptions.licenses import renewals
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.models import LicenseRemoval, Message, Term, User
from subscriptions.notifications import activity, notify, recipients
from subscriptions.policy import calendar
from subscriptions.policy.refusal import Reason, Refusal, Refused, require
from subscriptions.policy.renewals import may_remove
from subscriptions.text import links


@dataclass(frozen=True)
class NewRemoval:
    """A removal that support enters.

    ``submission`` is the ID of the form. Submitting the same form twice creates one removal.
    """

    quantity: int
    reason: str
    requested_by: str
    submission: uuid.UUID
    message: Message | None = None


def remove(subscription: SubscriptionStatus, new: NewRemoval, *, actor: User) -> LicenseRemoval:
    """Remove licenses from the open renewal; the current term keeps them.

    Raises Refused if renewal is not open, or if fewer licenses than members would remain.
    """
    term = _term_to_renew(subscription)
    need = renewals.get_need(term, in_use=subscription.licenses.in_use)
    require(
        may_remove(new.quantity, licenses=need.licenses, removed=need.removed, in_use=need.in_use)
    )
    highest = term.removals.aggregate(highest=Max("number"))["highest"] or 0
    removal = LicenseRemoval.objects.create(
        term=term,
        number=highest + 1,
        submission=new.submission,
        quantity=new.quantity,
        reason=new.reason,
        requested_by=new.requested_by,
        message=new.message,
        actor=actor,
        created_at=clock.now(),
    )
    _notify(removal, "licenses_removed", actor)
    return removal


def undo(
    subscription: SubscriptionStatus, removal: LicenseRemoval, *, actor: User
) -> LicenseRemoval:
    """Undo a removal, as long as the renewal has not been paid.

    Raises Refused if the renewal has been paid, or the removal has already been undone.
    """
    term = _term_to_renew(subscription)
    removal = LicenseRemoval.objects.select_for_update().get(pk=removal.pk)
    if removal.undone_at is not None:
        raise Refused(Refusal(Reason.REMOVAL_UNDONE))
    if removal.term_id != term.pk:
        raise Refused(
            Refusal(Reason.RENEWAL_PAID, {"renewal_opens_on": subscription.renewal_opens_on})
        )
    removal.undone_at = clock.now()
    removal.undone_by = actor
    removal.save(update_fields=["undone_at", "undone_by"])
    _notify(removal, "removal_undone", actor)
    return removal


def visible_removals(subscription: SubscriptionStatus) -> list[LicenseRemoval]:
    """Return all removals from the open renewal, including undone ones (R7)."""
    if subscription.latest is None or not subscription.renewal_is_open:
        return []
    return list(subscription.latest.removals.all())


def pending_requests(subscription: SubscriptionStatus) -> list[Message]:
    """Return the messages that request a removal from this renewal and are still open (R7, R28)."""
    opens_on = subscription.renewal_opens_on
    if opens_on is None or not subscription.renewal_is_open:
        return []
    return list(
        Message.objects.filter(
            thread__organization=subscription.organization,
            removal_quantity__isnull=False,
            removals=None,
            created_at__gte=calendar.midnight(opens_on, clock.zone()),
        )
        .select_related("author")
        .order_by("pk")
    )


def _term_to_renew(subscription: SubscriptionStatus) -> Term:
    require(subscription.may_renew)
    if subscription.latest is None:
        raise Refused(Refusal(Reason.NO_TERM))
    return subscription.latest


def _notify(removal: LicenseRemoval, kind: str, actor: User) -> None:
    organization = removal.term.organization
    facts = {
        "removal": removal.pk,
        "quantity": removal.quantity,
        "requested_by": removal.requested_by,
        "reason": removal.reason,
    }
    activity.record(organization, kind, actor=actor, data=facts)
    for member in recipients.people_who_may_buy(organization):
        notify.send(
            member.user.email,
            kind,
            reference=f"removal:{removal.pk}",
            organization=organization,
            data={
                "name": str(member.user),
                "organization_name": organization.name,
                "quantity": removal.quantity,
                "requested_by": removal.requested_by,
                "reason": removal.reason,
                "link": links.full_link("subscriptions:subscription", organization.slug),
            },
        )
