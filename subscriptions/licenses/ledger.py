"""The license ledger: the only writer of entries, and their sums (R29)."""

import logging
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Q, Sum

from subscriptions import clock
from subscriptions.models import LicenseEntry, Organization, Term, User
from subscriptions.models.licenses import Cause
from subscriptions.policy import calendar
from subscriptions.policy.add_ons import GROUP_SIZE

logger = logging.getLogger(__name__)


def grant_included(
    term: Term,
    quantity: int,
    *,
    effective_at: datetime,
    reference: str,
    actor: User | None = None,
) -> LicenseEntry:
    """Record the licenses included in a term (R23).

    ``effective_at``: when the term starts, or when its payment is settled if that is later.
    """
    return _write(
        term,
        quantity,
        Cause.INCLUDED,
        effective_at=effective_at,
        reference=reference,
        actor=actor,
    )


def grant_add_on(
    term: Term, quantity: int, *, effective_at: datetime, reference: str, actor: User | None
) -> LicenseEntry:
    """Record add-ons, usable from ``effective_at`` to the end of ``term`` (R13, R16, R21).

    Raises IntegrityError if licenses were already granted for ``reference`` (R14).
    """
    if quantity < GROUP_SIZE or quantity % GROUP_SIZE:
        raise ValueError(f"add-ons come in groups of {GROUP_SIZE}, not {quantity}")
    return _write(
        term, quantity, Cause.ADD_ON, effective_at=effective_at, reference=reference, actor=actor
    )


def reverse(entry: LicenseEntry, number: int, *, note: str, actor: User | None) -> int:
    """Set how many licenses of ``entry`` are reversed to ``number``; return the change (R30).

    Writes only the difference, effective now, or when the entry takes effect if that is later.
    Simultaneous writers collide on ``reference``. Raises ValueError if the entry granted fewer than
    ``number``.
    """
    if not 0 <= number <= entry.quantity:
        raise ValueError(f"{number} of {entry.quantity} licenses cannot be reversed")
    before = entry.reversals.aggregate(sum=Sum("quantity"), count=Count("pk"))
    difference = -number - (before["sum"] or 0)
    if difference:
        _write(
            entry.term,
            difference,
            Cause.REVERSAL,
            effective_at=max(clock.now(), entry.effective_at),
            reference=f"{entry.reference}:reversal:{before['count'] + 1}",
            actor=actor,
            note=note,
            reverses=entry,
        )
    return difference


def find_entry(reference: str) -> LicenseEntry | None:
    """Return the entry granted for ``reference``, if any."""
    return LicenseEntry.objects.select_related("term").filter(reference=reference).first()


def reversed_quantity(reference: str) -> int:
    """Return how many licenses granted for ``reference`` have been taken back."""
    total = LicenseEntry.objects.filter(reverses__reference=reference).aggregate(
        sum=Sum("quantity")
    )["sum"]
    return -(total or 0)


def held_at(organization: Organization, instants: Sequence[datetime]) -> list[int]:
    """Return the licenses held at each of the aware ``instants``, in one query (R29).

    Held at t: the sum of entries effective at or before t, for terms that end after t and have not
    been canceled by then.
    """
    sums = {f"at_{index}": _held(instant) for index, instant in enumerate(instants)}
    row = LicenseEntry.objects.filter(term__organization=organization).aggregate(**sums)
    return [row[name] or 0 for name in sums]


def _held(instant: datetime) -> Sum:
    # A term ends at the midnight after its expiration date, so "ends after t" is "expires on the
    # local date of t or later".
    last_day = calendar.local_date(instant, clock.zone())
    not_canceled = Q(term__canceled_at__isnull=True) | Q(term__canceled_at__gt=instant)
    return Sum(
        "quantity",
        filter=Q(effective_at__lte=instant, term__expires_on__gte=last_day) & not_canceled,
    )


def _write(
    term: Term,
    quantity: int,
    cause: Cause,
    *,
    effective_at: datetime,
    reference: str,
    actor: User | None = None,
    note: str = "",
    reverses: LicenseEntry | None = None,
) -> LicenseEntry:
    entry = LicenseEntry.objects.create(
        term=term,
        quantity=quantity,
        cause=cause,
        effective_at=effective_at,
        reference=reference,
        actor=actor,
        note=note,
        reverses=reverses,
        created_at=clock.now(),
    )
    facts = {"reference": reference, "quantity": quantity, "cause": cause.value}
    logger.info("license entry", extra=facts)
    return entry
