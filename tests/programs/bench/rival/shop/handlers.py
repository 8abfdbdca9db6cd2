"""Fulfill a paid purchase once: licenses, receipt number, activity, notification."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from djstripe import event_handlers
from djstripe.event_handlers import djstripe_receiver
from djstripe.models import Event, Session
from djstripe.signals import WEBHOOK_SIGNALS

from tests.programs.bench.rival.shop.models import (
    Activity,
    LicenseEntry,
    Notification,
    Organization,
    Purchase,
)

COMPLETED = "checkout.session.completed"


def connect(*, is_lean: bool) -> None:
    """Have dj-stripe call the handler for a paid session."""
    if is_lean:
        WEBHOOK_SIGNALS[COMPLETED].disconnect(event_handlers.handle_other_event, sender=Event)
    djstripe_receiver(COMPLETED)(retrieve_and_fulfill if is_lean else fulfill_synced)


def fulfill_synced(sender: object, event: Any, **kwargs: object) -> None:
    """Full form: dj-stripe has already retrieved and stored the session."""
    session = Session.objects.get(id=event.data["object"]["id"])
    fulfill(session.id, session.stripe_data)


def retrieve_and_fulfill(sender: object, event: Any, **kwargs: object) -> None:
    """Lean form: retrieve the session, of which dj-stripe stored only the event."""
    session = Session(id=event.data["object"]["id"]).api_retrieve()
    fulfill(session["id"], session)


def fulfill(session_id: str, session: Any) -> None:
    """Lock, match and fulfill a purchase that is not settled yet."""
    if session["payment_status"] != "paid":
        return
    known = Purchase.objects.get(session_id=session_id)
    with transaction.atomic():
        organization = Organization.objects.select_for_update().get(pk=known.organization_id)
        purchase = Purchase.objects.select_for_update().get(pk=known.pk)
        if purchase.status == "settled":
            return
        if (session["amount_total"], session["currency"]) != (
            purchase.total_amount,
            purchase.currency,
        ):
            raise ValueError("amount or currency does not match")
        now = timezone.now()
        LicenseEntry.objects.create(
            organization=organization,
            quantity=purchase.quantity,
            reference=f"purchase:{purchase.pk}",
            created_at=now,
        )
        Activity.objects.create(
            organization=organization, verb="bought", data={"purchase": purchase.pk}, at=now
        )
        purchase.status, purchase.paid_at = "settled", now
        highest = Purchase.objects.filter(organization=organization).aggregate(
            highest=Max("receipt_number")
        )["highest"]
        purchase.receipt_number = (highest or 0) + 1
        purchase.save()
        Notification.objects.create(
            recipient=purchase.buyer_email,
            kind="receipt",
            data={"quantity": purchase.quantity, "total": purchase.total_amount},
            created_at=now,
        )
