import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.constraints import one_of
from subscriptions.models.members import LowerCaseEmailField
from subscriptions.models.organizations import Organization


class JoinRequestState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    APPROVED = "approved", _("Approved")
    DENIED = "denied", _("Denied")


class JoinRequest(models.Model):
    """Somebody with an organization's join code asks to become a member. Holds no license.

    Lifecycle: pending -> approved or denied. Name and e-mail are what was typed, unproven, unless
    ``user`` had signed in.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="join_requests"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="join_requests",
    )
    name = models.CharField(_("name"), max_length=120)
    email = LowerCaseEmailField(_("e-mail"))
    state = models.CharField(_("state"), max_length=8, choices=JoinRequestState.choices)
    created_at = models.DateTimeField(_("asked"))
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    class Meta:
        verbose_name = _("request to join")
        verbose_name_plural = _("requests to join")
        ordering = ("created_at",)
        constraints = (
            one_of("join_request", "state", JoinRequestState.values),
            models.UniqueConstraint(
                fields=("organization", "email"),
                condition=Q(state="pending"),
                name="join_request_waits_once",
            ),
            models.CheckConstraint(
                condition=Q(state="pending", decided_at__isnull=True)
                | Q(~Q(state="pending"), decided_at__isnull=False),
                name="join_request_is_decided_at_a_moment",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} ({self.organization})"
