"""Support's side of the messenger: replying to threads, and closing them without a reply (R28)."""

from django.db import transaction

from subscriptions import clock
from subscriptions.messenger.threads import (
    MessageDraft,
    already_sent,
    fresh_submission_id,
    lock,
    mark_read,
    readable_threads,
)
from subscriptions.models import Message, Thread, User
from subscriptions.models.messenger import ThreadState
from subscriptions.notifications import notify
from subscriptions.policy import messenger as rules
from subscriptions.policy.refusal import require
from subscriptions.text import links


def count_waiting() -> int:
    """Count the threads waiting for support."""
    return Thread.objects.filter(state=ThreadState.WAITING).count()


def mark_read_by_support(thread: Thread) -> None:
    """Mark the messages that existed when ``thread`` was loaded as read."""
    if thread.unread_by_support:
        mark_read(thread, "unread_by_support")


def reply(thread: Thread, staff: User, draft: MessageDraft, *, seen: int) -> tuple[Message, bool]:
    """Reply to a thread and notify the person; return the message, and whether it is new.

    ``seen``: the number of the newest message on the page where the reply was written. Newer
    messages keep waiting for a reply. Submitting the same form twice creates one reply. Raises
    Refused if the text is empty or too long, or a colleague has replied in the meantime.
    """
    require(rules.check_body(draft.body))
    with transaction.atomic():
        thread = lock(thread)
        if sent := already_sent(thread, staff, draft):
            return sent, False
        newest = thread.messages.filter(is_from_support=True).order_by("-pk").first()
        require(rules.may_reply(newest_reply=newest.pk if newest else 0, seen=seen))
        message = Message.objects.create(
            thread=thread,
            author=staff,
            is_from_support=True,
            body=draft.body,
            submission=fresh_submission_id(draft.submission),
            created_at=clock.now(),
        )
        unseen = list(thread.messages.filter(is_from_support=False, pk__gt=seen))
        thread.state = ThreadState.WAITING if unseen else ThreadState.REPLIED
        thread.waiting_since = unseen[0].created_at if unseen else None
        thread.last_message_at = message.created_at
        thread.unread_by_person += 1
        thread.unread_by_support = len(unseen)
        thread.save()
        _notify_person(message)
    return message, True


def close(thread: Thread, *, seen: int) -> bool:
    """Close a thread without a reply; return False if it was not waiting.

    ``seen``: as for ``reply``. Raises Refused if anything has been written since.
    """
    with transaction.atomic():
        thread = lock(thread)
        newest = thread.messages.order_by("-pk").values_list("pk", flat=True).first()
        require(rules.may_close(newest=newest or 0, seen=seen))
        if thread.state != ThreadState.WAITING:
            return False
        thread.state = ThreadState.CLOSED
        thread.waiting_since = None
        thread.unread_by_support = 0
        thread.save()
    return True


def person_can_read(thread: Thread) -> bool:
    """Whether the person can open the thread on the site, rather than only by e-mail."""
    if thread.person is None:
        return False
    return readable_threads(thread.person).filter(pk=thread.pk).exists()


def _notify_person(message: Message) -> None:
    thread = message.thread
    question = thread.messages.filter(is_from_support=False, pk__lt=message.pk).last()
    organization = thread.organization
    notify.send(
        thread.reply_to,
        "support_replied",
        reference=f"message:{message.pk}",
        organization=organization,
        data={
            # Visitors' names are left out, because anyone can enter any name.
            "name": thread.person.name if thread.person else "",
            "organization_name": organization.name if organization else "",
            "reply": message.body,
            "sent_at": question.created_at if question else None,
            "link": _link_to(thread),
            "has_account": thread.person is not None,
        },
    )


def _link_to(thread: Thread) -> str:
    """Return the URL where the person can reply; empty if they cannot open the thread."""
    if thread.organization is None:
        return links.full_link("subscriptions:messages")
    if not person_can_read(thread):
        return ""
    slug = thread.organization.slug
    return links.full_link("subscriptions:thread", slug)
