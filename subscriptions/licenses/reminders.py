"""Reminders and notifications around expiration (R32), sent by the daily job."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from subscriptions import clock
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.models import Membership, Organization, Reminder, Term
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import notify, recipients
from subscriptions.policy import reminders
from subscriptions.policy.expiration import Phase
from subscriptions.text import links

logger = logging.getLogger(__name__)

# Nothing is due this far before the end of a term, or this long after its pages closed.
_LOOK_AHEAD = timedelta(days=130)
_LOOK_BACK = timedelta(days=60)


@dataclass
class DailyReport:
    """What a run did: counts by kind."""

    done: dict[str, int] = field(default_factory=dict)
    failures: int = 0

    def count(self, what: str, number: int = 1) -> None:
        if number:
            self.done[what] = self.done.get(what, 0) + number


def remind_all() -> DailyReport:
    """Send all reminders due today; a failure for one organization does not stop the others."""
    report = DailyReport()
    for term in chain(_terms_near_end(clock.today()), _terms_to_renew_after_cancellation()):
        try:
            with transaction.atomic():
                _process_term(term, report)
        except Exception:
            logger.exception("daily job: term %s failed", term.pk)
            report.failures += 1
    return report


def _terms_near_end(today: date) -> Iterator[Term]:
    """Return each organization's last paid term, if it is near its end."""
    closed_for = timedelta(days=settings.CLOSE_AFTER_DAYS) + _LOOK_BACK
    return (
        Term.objects.filter(
            Q(renewed_by__isnull=True) | Q(renewed_by__canceled_at__isnull=False),
            canceled_at=None,
            expires_on__lte=today + _LOOK_AHEAD,
            expires_on__gte=today - closed_for,
        )
        .select_related("organization")
        .order_by("pk")
        .iterator(chunk_size=500)
    )


def _terms_to_renew_after_cancellation() -> Iterator[Term]:
    """Yield the term to renew for each organization with a recent cancellation (R30)."""
    since = clock.now() - timedelta(days=settings.CLOSE_AFTER_DAYS) - _LOOK_BACK
    canceled = Organization.objects.filter(terms__canceled_at__gte=since).distinct()
    for organization in canceled.order_by("pk").iterator(chunk_size=500):
        latest = get_status(organization, clock.now()).latest
        if latest is not None:
            yield latest


def _process_term(term: Term, report: DailyReport) -> None:
    # With the lock, a renewal that is being settled gets no reminder.
    organization = lock_organization(term.organization)
    subscription = get_status(organization, clock.now())
    if subscription.latest is None or subscription.latest.pk != term.pk:
        return
    people = recipients.people_who_may_buy(organization)
    if subscription.canceled_on is None:
        report.count("reminders sent", _remind(subscription, term, people, report))
    kind = _due_notification(subscription, term)
    if kind:
        names = {member.user.email: str(member.user) for member in people}
        for address in recipients.reminder_addresses(organization):
            is_new = notify.send(
                address,
                kind,
                # A renewal that is canceled and closed again is a new notification.
                reference=f"{kind}:{term.pk}{subscription.canceled_on or ''}",
                organization=organization,
                data=_facts(subscription, term, names.get(address, organization.name)),
            )
            report.count(f"notifications: {kind}", int(is_new))


def _remind(
    subscription: SubscriptionStatus, term: Term, people: Iterable[Membership], report: DailyReport
) -> int:
    covered: dict[int, set[date]] = {}
    for user_id, due_on in Reminder.objects.filter(term=term).values_list("user_id", "due_on"):
        covered.setdefault(user_id, set()).add(due_on)
    sent = 0
    for member in people:
        run = reminders.reminders_to_send(
            term.starts_on,
            term.expires_on,
            today=subscription.today,
            covered=covered.get(member.user_id, set()),
        )
        _record_reminders(term, member, run.skip, was_sent=False)
        report.count("reminders skipped as too old", len(run.skip))
        if run.send is not None:
            _record_reminders(term, member, [run.send], was_sent=True)
            notify.send(
                member.user.email,
                "reminder",
                reference=f"reminder:{term.pk}:{run.send.isoformat()}",
                organization=subscription.organization,
                data=_facts(subscription, term, str(member.user)),
            )
            sent += 1
    return sent + _remind_added_addresses(subscription, term)


def _remind_added_addresses(subscription: SubscriptionStatus, term: Term) -> int:
    """Send reminders to addresses without an account; the notification records what was sent."""
    run = reminders.reminders_to_send(
        term.starts_on, term.expires_on, today=subscription.today, covered=set()
    )
    if run.send is None:
        return 0
    return sum(
        notify.send(
            address,
            "reminder",
            reference=f"reminder:{term.pk}:{run.send.isoformat()}",
            organization=subscription.organization,
            data=_facts(subscription, term, subscription.organization.name),
        )
        for address in recipients.added_reminder_addresses(subscription.organization)
    )


def _record_reminders(
    term: Term, member: Membership, days: Iterable[date], *, was_sent: bool
) -> None:
    Reminder.objects.bulk_create(
        Reminder(
            term=term,
            user=member.user,
            due_on=day,
            was_sent=was_sent,
            created_at=clock.now(),
        )
        for day in days
    )


def _due_notification(subscription: SubscriptionStatus, term: Term) -> str:
    """Return the kind of the notification due today, or an empty string."""
    if subscription.phase == Phase.CLOSED:
        return "closed"
    if subscription.canceled_on is not None:
        # The refund has already been announced.
        return ""
    if subscription.phase == Phase.EXPIRED:
        return "expired"
    last_day = subscription.last_day_to_add
    is_due = subscription.today >= reminders.last_day_reminder_on(term.expires_on)
    if is_due and last_day is not None and subscription.today <= last_day:
        return "last_day_to_add"
    return ""


def _facts(subscription: SubscriptionStatus, term: Term, name: str) -> dict[str, object]:
    slug = subscription.organization.slug
    days = subscription.days_remaining or 0
    return {
        "name": name,
        "organization_name": subscription.organization.name,
        "days": days,
        "canceled": subscription.canceled_on,
        "expires": term.expires_on,
        "renewal_opens": subscription.renewal_opens_on or term.expires_on,
        "renewal_is_open": subscription.renewal_is_open,
        "last_day": subscription.last_day_to_add or term.expires_on,
        "held": subscription.licenses.held,
        "in_use": subscription.licenses.in_use,
        "closes_after": settings.CLOSE_AFTER_DAYS,
        "link": links.full_link("subscriptions:subscription", slug),
    }
