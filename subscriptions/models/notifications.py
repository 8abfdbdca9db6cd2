from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.organizations import Organization


class Notification(models.Model):
    """An e-mail to be sent to one person.

    Written in the same transaction as its cause, so that a crash cannot lose it, and it is never
    sent without its cause. The e-mail is queued after the commit, or by the next sweep.
    ``reference`` names the cause; each address is notified of it once.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, null=True, blank=True, related_name="notifications"
    )
    recipient = models.EmailField(_("to"))
    kind = models.CharField(_("kind"), max_length=40)
    reference = models.CharField(_("reference"), max_length=80)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(_("created"))
    queued_at = models.DateTimeField(_("queued"), null=True, blank=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = (
            models.UniqueConstraint(
                fields=("recipient", "kind", "reference"), name="notification_is_sent_once"
            ),
        )
        indexes = (
            models.Index(
                fields=("created_at",),
                condition=Q(queued_at__isnull=True),
                name="notification_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"


class Activity(models.Model):
    """Who did what in an organization; written in the same transaction as the change."""

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="activities"
    )
    # Null for the payment processor and periodic jobs.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    verb = models.CharField(_("what"), max_length=40)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("organization", "at"), name="activity_of_organization"),)

    def __str__(self) -> str:
        return self.verb


class Reminder(models.Model):
    """A reminder date (R32) that has been handled for one person: sent, or skipped as too old."""

    term = models.ForeignKey("subscriptions.Term", on_delete=models.PROTECT)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    due_on = models.DateField(_("due"))
    was_sent = models.BooleanField(_("sent"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = (
            models.UniqueConstraint(fields=("term", "user", "due_on"), name="reminder_is_unique"),
        )

    def __str__(self) -> str:
        return f"{self.due_on}"
