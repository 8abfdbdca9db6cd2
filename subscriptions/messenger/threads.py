"""Threads between people and support (R27, R28).

Lock the thread before writing to it, so that its messages are numbered in order and both sides see
each other's changes. To lock the organization too, lock it before the thread.
"""

import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum

from subscriptions import clock
from subscriptions.licenses import renewals
from subscriptions.licenses.status import SubscriptionStatus, get_status
from subscriptions.models import Membership, Message, Organization, Thread, User
from subscriptions.models.members import MembershipState
from subscriptions.models.messenger import ThreadState
from subscriptions.models.organizations import lock_organization
from subscriptions.notifications import activity, notify
from subscriptions.policy import members
from subscriptions.policy import messenger as rules
from subscriptions.policy.members import Capability
from subscriptions.policy.refusal import Allowed, Reason, Refusal, Refused, require
from subscriptions.policy.renewals import max_removable, may_remove
from subscriptions.text import links


@dataclass(frozen=True)
class MessageDraft:
    """Cleaned text, and the ID of the form it was submitted with."""

    body: str
    submission: uuid.UUID = field(default_factory=uuid.uuid4)


# Reading ----------------------------------------------------------------------------------------


def find_thread(person: User, organization: Organization | None) -> Thread | None:
    """Return a person's thread about an organization, or the one that is not about any."""
    found = Thread.objects.filter(person=person, organization=organization)
    return found.select_related("organization").first()


def readable_threads(person: User) -> QuerySet[Thread]:
    """Return a person's own threads, except those of organizations they have left."""
    is_current_member = Q(
        organization__memberships__user=person,
        organization__memberships__state=MembershipState.ACTIVE,
    )
    return Thread.objects.filter(Q(organization=None) | is_current_member, person=person)


def count_unread(person: User) -> int:
    """Count the unread replies in all threads that a person may read."""
    unread = readable_threads(person).aggregate(sum=Sum("unread_by_person"))["sum"]
    return unread or 0


def get_messages(thread: Thread | None, *, after: int = 0) -> list[Message]:
    """Return the thread's messages, oldest first, starting after message number ``after``."""
    if thread is None:
        return []
    return list(thread.messages.filter(pk__gt=after).select_related("author"))


def mark_read_by_person(thread: Thread | None) -> None:
    """Mark the replies that existed when ``thread`` was loaded as read."""
    if thread is not None and thread.unread_by_person:
        mark_read(thread, "unread_by_person")


def mark_read(thread: Thread, counter: str) -> None:
    """Set a counter of unread messages to 0, unless it has changed since ``thread`` was loaded."""
    # Newer messages were not on the page, so they stay unread.
    seen = {counter: getattr(thread, counter)}
    Thread.objects.filter(pk=thread.pk, **seen).update(**{counter: 0})
    setattr(thread, counter, 0)


# Writing to support -----------------------------------------------------------------------------


def write(author: Membership | User, draft: MessageDraft) -> Message:
    """Write to support: a member in the organization's thread, a person in their own.

    Submitting the same form twice creates one message. Raises Refused if the text is empty or too
    long, too many messages were sent recently, or the author is no longer a member.
    """
    person, organization = person_and_organization(author)
    require(rules.check_body(draft.body))
    with transaction.atomic():
        thread = _lock_thread(person, organization)
        if isinstance(author, Membership):
            _require_current_member(author)
        return _write(thread, person, draft)


def write_without_account(name: str, email: str, draft: MessageDraft) -> Message:
    """Write to support with an unverified name and e-mail address.

    The result does not depend on whether the address has an account. Submitting the same form twice
    creates one message. Raises Refused if the text is empty or too long.
    """
    require(rules.check_body(draft.body))
    try:
        with transaction.atomic():
            return _start_thread(name, email, draft)
    except IntegrityError:
        # The form was already sent, with the same text, or with edited text after going back.
        sent = Message.objects.filter(
            submission=draft.submission,
            body=draft.body,
            thread__name=name,
            thread__email=email,
        ).first()
    if sent is not None:
        return sent
    with transaction.atomic():
        return _start_thread(name, email, MessageDraft(draft.body))


def _start_thread(name: str, email: str, draft: MessageDraft) -> Message:
    now = clock.now()
    thread = Thread.objects.create(
        name=name,
        email=email,
        state=ThreadState.WAITING,
        waiting_since=now,
        last_message_at=now,
        unread_by_support=1,
        created_at=now,
    )
    message = Message.objects.create(
        thread=thread,
        body=draft.body,
        submission=draft.submission,
        created_at=now,
    )
    _notify_support(message)
    return message


@dataclass(frozen=True)
class RemovalBounds:
    """The limits of a removal request while renewal is open (R27).

    ``decision``: whether requests are allowed at all; the numbers are for the term being renewed.
    """

    decision: Allowed | Refusal
    licenses: int = 0
    removed: int = 0
    in_use: int = 0

    @property
    def maximum(self) -> int:
        """How many licenses a request may be for."""
        return max_removable(licenses=self.licenses, removed=self.removed, in_use=self.in_use)

    def check(self, quantity: int) -> Allowed | Refusal:
        """Whether a request may be for ``quantity`` licenses."""
        if isinstance(self.decision, Refusal):
            return self.decision
        return may_remove(
            quantity, licenses=self.licenses, removed=self.removed, in_use=self.in_use
        )


def removal_bounds(subscription: SubscriptionStatus) -> RemovalBounds:
    """Return the limits of a removal request, with two queries while renewal is open."""
    decision = rules.may_request_removal(subscription.may_renew)
    if subscription.latest is None or isinstance(decision, Refusal):
        return RemovalBounds(decision)
    need = renewals.get_need(subscription.latest, in_use=subscription.licenses.in_use)
    return RemovalBounds(decision, need.licenses, need.removed, need.in_use)


def request_removal(member: Membership, quantity: int, draft: MessageDraft) -> Message:
    """Ask support to remove licenses from the renewal, as a message in the member's thread (R27).

    Raises Refused if renewal is not open, if the number is out of bounds, or for the same reasons
    as ``write``. Raises PermissionDenied if the member's role no longer allows it.
    """
    require(rules.check_body(draft.body))
    with transaction.atomic():
        organization = lock_organization(member.organization)
        thread = _lock_thread(member.user, organization)
        if not members.can(_require_current_member(member).role, Capability.BUY_LICENSES):
            raise PermissionDenied(member)
        if sent := already_sent(thread, member.user, draft, quantity):
            return sent
        require(removal_bounds(get_status(organization, clock.now())).check(quantity))
        message = _write(thread, member.user, draft, removal_quantity=quantity)
        activity.record(
            organization,
            "removal_requested",
            actor=member.user,
            data={"message": message.pk, "quantity": quantity},
        )
        return message


# ------------------------------------------------------------------------------------------------


def person_and_organization(author: Membership | User) -> tuple[User, Organization | None]:
    """Return the person who writes, and the organization whose thread they write in."""
    if isinstance(author, Membership):
        return author.user, author.organization
    return author, None


def _lock_thread(person: User, organization: Organization | None) -> Thread:
    now = clock.now()
    thread, _is_new = Thread.objects.get_or_create(
        person=person,
        organization=organization,
        defaults={
            # This transaction sets it to waiting when it writes the first message.
            "state": ThreadState.CLOSED,
            "last_message_at": now,
            "created_at": now,
        },
    )
    return lock(thread)


def lock(thread: Thread) -> Thread:
    """Lock the thread's row until the transaction ends, and return it as stored now."""
    locked = Thread.objects.select_for_update(of=("self",))
    return locked.select_related("person", "organization").get(pk=thread.pk)


def _require_current_member(member: Membership) -> Membership:
    current = Membership.objects.filter(pk=member.pk, state=MembershipState.ACTIVE).first()
    if current is None:
        raise Refused(Refusal(Reason.NOT_A_MEMBER, {"name": member.display_name}))
    return current


def _write(
    thread: Thread, person: User, draft: MessageDraft, *, removal_quantity: int | None = None
) -> Message:
    if sent := already_sent(thread, person, draft, removal_quantity):
        return sent
    now = clock.now()
    recent = Message.objects.filter(
        author=person, is_from_support=False, created_at__gt=now - rules.RATE_LIMIT_WINDOW
    )
    require(rules.may_write(recent.count()))
    message = Message.objects.create(
        thread=thread,
        author=person,
        body=draft.body,
        removal_quantity=removal_quantity,
        submission=fresh_submission_id(draft.submission),
        created_at=now,
    )
    if thread.state != ThreadState.WAITING:
        thread.state = ThreadState.WAITING
        thread.waiting_since = now
        _notify_support(message)
    thread.last_message_at = now
    thread.unread_by_support += 1
    thread.save()
    return message


def already_sent(
    thread: Thread, author: User, draft: MessageDraft, removal_quantity: int | None = None
) -> Message | None:
    """Return the message already created from this form; call it with the thread locked."""
    return thread.messages.filter(
        submission=draft.submission,
        author=author,
        body=draft.body,
        removal_quantity=removal_quantity,
    ).first()


def fresh_submission_id(submission: uuid.UUID) -> uuid.UUID:
    """Return the form's ID, or a new one if the form was already used for something else."""
    # This happens if a person goes back in the browser and sends edited text.
    return uuid.uuid4() if Message.objects.filter(submission=submission).exists() else submission


def _notify_support(message: Message) -> None:
    if not settings.SUPPORT_EMAIL:
        return
    thread = message.thread
    organization = thread.organization
    notify.send(
        settings.SUPPORT_EMAIL,
        "message_waiting",
        reference=f"message:{message.pk}",
        organization=organization,
        data={
            "organization_name": organization.name if organization else "",
            "quantity": message.removal_quantity,
            "link": links.full_link("admin:subscriptions_thread_change", thread.pk),
        },
    )
