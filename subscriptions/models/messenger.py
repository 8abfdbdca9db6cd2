import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import one_of
from subscriptions.models.members import LowerCaseEmailField
from subscriptions.models.organizations import Organization
from subscriptions.policy.messenger import MAX_MESSAGE_LENGTH


class ThreadState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    REPLIED = "replied", _("Replied")
    CLOSED = "closed", _("Closed")


class Thread(models.Model):
    """A thread between one person and support (R28).

    A person with an account has one thread per organization, and one without an organization. A
    visitor enters a name and an e-mail address, and each message starts a new thread. Lifecycle:
    waiting -> replied or closed, then waiting again with the person's next message. Its row is
    locked while messages are written.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="threads",
        verbose_name=_("person"),
    )
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="threads",
        verbose_name=_("organization"),
    )
    # Entered by a visitor without an account; unverified.
    name = models.CharField(_("name"), max_length=120, blank=True)
    email = LowerCaseEmailField(_("e-mail"), blank=True)
    state = models.CharField(_("state"), max_length=8, choices=ThreadState.choices)
    # When the person wrote the oldest message that still needs a reply.
    waiting_since = models.DateTimeField(_("waiting since"), null=True, blank=True)
    last_message_at = models.DateTimeField(_("last message"))
    unread_by_person = models.PositiveIntegerField(_("unread by the person"), default=0)
    unread_by_support = models.PositiveIntegerField(_("unread by support"), default=0)
    created_at = models.DateTimeField(_("started"))

    class Meta:
        verbose_name = _("thread")
        verbose_name_plural = _("threads")
        ordering = (F("waiting_since").asc(nulls_last=True), "-last_message_at", "-id")
        constraints = (
            one_of("thread", "state", ThreadState.values),
            models.UniqueConstraint(
                fields=("person", "organization"),
                name="thread_is_one_per_person_and_organization",
            ),
            # A unique index treats NULLs as different organizations.
            models.UniqueConstraint(
                fields=("person",),
                condition=Q(organization__isnull=True),
                name="thread_without_organization_is_one_per_person",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, name="", email="")
                | (Q(person__isnull=True, organization__isnull=True) & ~Q(name="") & ~Q(email="")),
                name="thread_has_a_person_or_an_address",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", waiting_since__isnull=False)
                | Q(~Q(state="waiting"), waiting_since__isnull=True),
                name="thread_waiting_has_its_time",
            ),
        )
        indexes = (
            models.Index(fields=("state", "waiting_since"), name="thread_queue"),
            models.Index(fields=("last_message_at",), name="thread_by_last_message"),
        )

    def __str__(self) -> str:
        return str(self.person) if self.person else self.name

    @property
    def reply_to(self) -> str:
        """The e-mail address for replies."""
        email: str = self.person.email if self.person else self.email
        return email


class Message(models.Model):
    """A message in a thread; never changed or deleted."""

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="messages")
    # Null for visitors without an account.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("author"),
    )
    is_from_support = models.BooleanField(_("from support"), default=False)
    body = models.TextField(_("message"), max_length=MAX_MESSAGE_LENGTH)
    # The number of licenses that a removal request asks for (R27, R28).
    removal_quantity = models.PositiveIntegerField(_("licenses to remove"), null=True, blank=True)
    # The ID of the form, so that a double click sends one message.
    submission = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        # Messages are written under the thread's lock, so their IDs are in order.
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(condition=~Q(body=""), name="message_has_a_body"),
            models.CheckConstraint(
                condition=Q(removal_quantity__isnull=True)
                | Q(removal_quantity__gte=1, is_from_support=False, author__isnull=False),
                name="message_removal_quantity_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(is_from_support=False) | Q(author__isnull=False),
                name="message_of_support_has_an_author",
            ),
        )
        indexes = (
            models.Index(fields=("author", "created_at"), name="message_rate"),
            models.Index(
                fields=("thread",),
                condition=Q(removal_quantity__isnull=False),
                name="message_removal_request",
            ),
        )

    def __str__(self) -> str:
        return f"{self.thread}, {self.created_at:%Y-%m-%d}"


def unread_in_thread(person: str, organization: str) -> Subquery:
    """Return the unread replies in the thread of the columns ``person`` and ``organization``."""
    thread = Thread.objects.filter(person=OuterRef(person), organization=OuterRef(organization))
    return Subquery(thread.values("unread_by_person")[:1])
