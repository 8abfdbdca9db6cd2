"""Telling people by e-mail, and recording who did what.

``send`` and ``record`` are called inside the transaction that causes them. After the commit a
notice becomes an e-mail in the queue of django-post-office; ``deliver_waiting`` does the same for
whatever a crash left behind, and for what ``send_all`` noted. Sending is the queue's own business.
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
from subscriptions.models import Membership, Notice, Organization, User
from subscriptions.notifications import html
from subscriptions.text import links

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Draft:
    """What one of many is told, and the cause it is told for."""

    recipient: str
    reference: str
    data: Mapping[str, object]
    # Where not all of them are told the same.
    kind: str = ""


def send(
    recipient: str,
    kind: str,
    *,
    reference: str,
    organization: Organization | None,
    data: Mapping[str, object],
) -> bool:
    """Note that ``recipient`` (an e-mail address) is to be told; once per kind and reference.

    False where that was noted before. ``data`` are the facts of the mail, which its template
    formats in the recipient's language: what it says stays true when names change. Amounts are in
    minor units of ``currency``; labels of ours are ``untranslated``.
    """
    notice, is_new = Notice.objects.get_or_create(
        recipient=recipient,
        kind=kind,
        reference=reference,
        defaults={"organization": organization, "data": dict(data), "created_at": clock.now()},
    )
    if is_new:
        transaction.on_commit(lambda: _deliver(notice.pk), robust=True)
    return is_new


def send_all(kind: str, drafts: Iterable[Draft], *, organization: Organization) -> None:
    """Note the same kind of thing for many people; the sweeps put their mails into the queue.

    Writing thousands of mails takes longer than anybody waits for a page.
    """
    now = clock.now()
    Notice.objects.bulk_create(
        [
            Notice(
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


def deliver_at_once(recipient: str, reference: str) -> None:
    """Queue what one person is told about one cause now, rather than with the next sweep."""
    waiting = Notice.objects.filter(
        recipient=recipient, reference=reference, queued_at__isnull=True
    )
    for pk in waiting.values_list("pk", flat=True):
        _deliver(pk)


def deliver_waiting() -> int:
    """Queue the mails of all notices that have none yet; how many were queued."""
    waiting = Notice.objects.filter(queued_at__isnull=True).order_by("created_at")
    return sum(_deliver(pk) for pk in waiting.values_list("pk", flat=True)[:1000])


def _deliver(pk: int) -> bool:
    """Queue one notice's mail, unless that has happened. Never raises: the next sweep repeats."""
    try:
        with transaction.atomic():
            # Against the sweep and another process delivering the same notice: never twice.
            notice = Notice.objects.select_for_update().get(pk=pk)
            if notice.queued_at is not None:
                return False
            notice.queued_at = clock.now()
            notice.save(update_fields=["queued_at"])
            _queue(notice)
    except Exception:
        logger.exception("notice %s could not be queued; the next sweep tries again", pk)
        return False
    return True


def _queue(notice: Notice) -> None:
    with translation.override(_language_of(notice.recipient)):
        late = _LATE_FACTS[notice.kind](notice) if notice.kind in _LATE_FACTS else {}
        context = {
            **notice.data,
            **late,
            "organization": notice.organization,
            "site_url": settings.SITE_URL,
        }
        subject = render_to_string(f"emails/{notice.kind}.subject.txt", context)
        message = render_to_string(f"emails/{notice.kind}.txt", context)
        # Made from the text, so that the parts cannot come to say different things. strip() makes
        # a plain string again of what the template engine calls safe HTML: names are as typed.
        both = {
            "subject": subject.strip(),
            "blocks": html.blocks(str(message.strip()), site_url=settings.SITE_URL),
        }
        html_message = render_to_string("emails/base.html", both)
    mail.send(
        recipients=[notice.recipient],
        sender=settings.DEFAULT_FROM_EMAIL,
        subject=" ".join(subject.split()),
        message=message,
        html_message=html_message,
        headers=settings.MAIL_HEADERS,
    )


def _invitation(notice: Notice) -> Mapping[str, object]:
    membership = Membership.objects.get(pk=notice.data["membership"])
    return {"link": links.invitation_link(membership)}


# Facts that a notice does not keep: whoever can read it must not be let in by it.
_LATE_FACTS: dict[str, Callable[[Notice], Mapping[str, object]]] = {"invitation": _invitation}


def _language_of(recipient: str) -> str:
    """What the person has chosen; nobody knows the browser of who has not."""
    chosen = User.objects.filter(email=recipient).values_list("language", flat=True).first()
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
