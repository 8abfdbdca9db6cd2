"""Notify people by e-mail.

Call ``send`` inside the transaction that causes the notification. After the commit, the e-mail is
queued in django-post-office, which sends it. ``deliver_waiting`` queues what ``send_all`` wrote,
and what a crash left behind.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from post_office import mail

from subscriptions import clock
from subscriptions.models import Membership, Notification, Organization, User
from subscriptions.notifications import html
from subscriptions.text import links

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """One notification of many; ``reference`` identifies its cause."""

    recipient: str
    reference: str
    data: Mapping[str, object]
    # Overrides the kind passed to ``send_all``.
    kind: str = ""


def send(
    recipient: str,
    kind: str,
    *,
    reference: str,
    organization: Organization | None,
    data: Mapping[str, object],
) -> bool:
    """Notify ``recipient`` (an e-mail address), once per kind and reference.

    Returns False if it was already sent. ``data`` holds the values that the e-mail's template
    formats in the recipient's language; later name changes do not affect them. Amounts are in
    minor units of ``currency``; labels go through ``untranslated``.
    """
    notification, is_new = Notification.objects.get_or_create(
        recipient=recipient,
        kind=kind,
        reference=reference,
        defaults={"organization": organization, "data": dict(data), "created_at": clock.now()},
    )
    if is_new:
        transaction.on_commit(lambda: _deliver(notification.pk), robust=True)
    return is_new


def send_all(kind: str, drafts: Iterable[Draft], *, organization: Organization) -> None:
    """Notify many people; the periodic sweep queues the e-mails.

    Rendering thousands of e-mails takes longer than a request should.
    """
    now = clock.now()
    Notification.objects.bulk_create(
        [
            Notification(
                recipient=one.recipient,
                kind=one.kind or kind,
                reference=one.reference,
                organization=organization,
                data=dict(one.data),
                created_at=now,
            )
            for one in drafts
        ],
        ignore_conflicts=True,
        batch_size=500,
    )


def deliver_now(recipient: str, reference: str) -> None:
    """Queue the e-mail for one recipient and reference now, without waiting for the sweep."""
    waiting = Notification.objects.filter(
        recipient=recipient, reference=reference, queued_at__isnull=True
    )
    for pk in waiting.values_list("pk", flat=True):
        _deliver(pk)


def deliver_waiting() -> int:
    """Queue the e-mails that are not queued yet; return how many."""
    waiting = Notification.objects.filter(queued_at__isnull=True).order_by("created_at")
    return sum(_deliver(pk) for pk in waiting.values_list("pk", flat=True)[:1000])


def _deliver(pk: int) -> bool:
    """Queue the e-mail of one notification, once; never raises, because the sweep tries again."""
    try:
        with transaction.atomic():
            # The lock keeps the sweep and other processes from queueing the same notification.
            notification = Notification.objects.select_for_update().get(pk=pk)
            if notification.queued_at is not None:
                return False
            notification.queued_at = clock.now()
            notification.save(update_fields=["queued_at"])
            _queue(notification)
    except Exception:
        logger.exception("notification %s could not be queued; the next sweep will retry", pk)
        return False
    return True


def _queue(notification: Notification) -> None:
    with translation.override(_get_language(notification.recipient)):
        secrets = _SECRETS[notification.kind](notification) if notification.kind in _SECRETS else {}
        context = {
            **notification.data,
            **secrets,
            "organization": notification.organization,
            "site_url": settings.SITE_URL,
        }
        subject = render_to_string(f"emails/{notification.kind}.subject.txt", context)
        message = render_to_string(f"emails/{notification.kind}.txt", context)
        # The HTML is made from the text, so that the two always match. strip() turns the template
        # engine's safe string back into a plain one, because names must be escaped.
        html_context = {
            "subject": subject.strip(),
            "blocks": html.blocks(str(message.strip()), site_url=settings.SITE_URL),
        }
        html_message = render_to_string("emails/base.html", html_context)
    mail.send(
        recipients=[notification.recipient],
        sender=settings.DEFAULT_FROM_EMAIL,
        subject=" ".join(subject.split()),
        message=message,
        html_message=html_message,
        headers=settings.MAIL_HEADERS,
    )


def _invitation(notification: Notification) -> Mapping[str, object]:
    membership = Membership.objects.get(pk=notification.data["membership"])
    return {"link": links.invitation_link(membership)}


# Values that contain secrets: computed when the e-mail is queued, and never stored with it.
_SECRETS: dict[str, Callable[[Notification], Mapping[str, object]]] = {"invitation": _invitation}


def _get_language(recipient: str) -> str:
    """Return the language the person chose, or the default; the browser's is not known here."""
    language = User.objects.filter(email=recipient).values_list("language", flat=True).first()
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
