"""Support's side of the messenger: answering, and closing what needs no answer (R28)."""

from django.db import transaction

from subscriptions import clock
from subscriptions.messenger.threads import Text, lock, mark_read, reachable_by, sent_before, unused
from subscriptions.models import Conversation, Message, User
from subscriptions.models.messenger import ConversationState
from subscriptions.notifications import notify
from subscriptions.policy import messenger as rules
from subscriptions.policy.refusal import require
from subscriptions.text import links


def count_waiting() -> int:
    """Conversations that wait for support."""
    return Conversation.objects.filter(state=ConversationState.WAITING).count()


def mark_read_by_support(conversation: Conversation) -> None:
    """Take the messages as read that were there when ``conversation`` was loaded."""
    if conversation.unread_by_support:
        mark_read(conversation, "unread_by_support")


def answer(
    conversation: Conversation, staff: User, text: Text, *, seen: int
) -> tuple[Message, bool]:
    """Answer, and tell the person by e-mail; the message, and whether it is new.

    ``seen``: the number of the newest message on the page where the answer was written. What the
    person has written since keeps waiting. The same form sent twice answers once. Raises Refused:
    nothing said, too long, a colleague has answered since.
    """
    require(rules.check_body(text.body))
    with transaction.atomic():
        conversation = lock(conversation)
        if sent := sent_before(conversation, staff, text):
            return sent, False
        newest = conversation.messages.filter(is_from_support=True).order_by("-pk").first()
        require(rules.may_answer(newest_answer=newest.pk if newest else 0, seen=seen))
        message = Message.objects.create(
            conversation=conversation,
            author=staff,
            is_from_support=True,
            body=text.body,
            submission=unused(text.submission),
            created_at=clock.now(),
        )
        unseen = list(conversation.messages.filter(is_from_support=False, pk__gt=seen))
        conversation.state = ConversationState.WAITING if unseen else ConversationState.ANSWERED
        conversation.waiting_since = unseen[0].created_at if unseen else None
        conversation.last_message_at = message.created_at
        conversation.unread_by_person += 1
        conversation.unread_by_support = len(unseen)
        conversation.save()
        _notify_person(message)
    return message, True


def close(conversation: Conversation, *, seen: int) -> bool:
    """Take a conversation off the queue without an answer; False where it did not wait any more.

    ``seen``: as for ``answer``. Raises Refused where something was written since.
    """
    with transaction.atomic():
        conversation = lock(conversation)
        newest = conversation.messages.order_by("-pk").values_list("pk", flat=True).first()
        require(rules.may_close(newest=newest or 0, seen=seen))
        if conversation.state != ConversationState.WAITING:
            return False
        conversation.state = ConversationState.CLOSED
        conversation.waiting_since = None
        conversation.unread_by_support = 0
        conversation.save()
    return True


def can_be_read_by_its_person(conversation: Conversation) -> bool:
    """Whether the person still reaches the thread on the site; otherwise by e-mail only."""
    if conversation.person is None:
        return False
    return reachable_by(conversation.person).filter(pk=conversation.pk).exists()


def _notify_person(message: Message) -> None:
    conversation = message.conversation
    question = conversation.messages.filter(is_from_support=False, pk__lt=message.pk).last()
    organization = conversation.organization
    notify.send(
        conversation.reply_to,
        "message_answered",
        reference=f"message:{message.pk}",
        organization=organization,
        data={
            # A name that anybody may have typed has no place in a mail of ours.
            "name": conversation.person.name if conversation.person else "",
            "organization_name": organization.name if organization else "",
            "answer": message.body,
            "asked_at": question.created_at if question else None,
            "link": _link_to(conversation),
            "has_account": conversation.person is not None,
        },
    )


def _link_to(conversation: Conversation) -> str:
    """Where the person goes on writing; empty where no conversation is open to them."""
    if conversation.organization is None:
        return links.full_link("subscriptions:messages")
    if not can_be_read_by_its_person(conversation):
        return ""
    slug = conversation.organization.slug
    return links.full_link("subscriptions:thread", slug)
