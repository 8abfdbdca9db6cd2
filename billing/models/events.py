"""Webhook events from the processor."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ProcessorEvent(models.Model):
    """A webhook delivery with a valid signature: the inbox.

    Written before it is processed. If processing fails, it is kept with its error until the
    processor delivers it again or reconciliation processes it.
    """

    event_id = models.CharField(_("event"), max_length=120, unique=True)
    type = models.CharField(_("type"), max_length=80)
    object_id = models.CharField(_("about"), max_length=120, blank=True)
    api_version = models.CharField(max_length=40, blank=True)
    payload = models.JSONField(default=dict)
    received_at = models.DateTimeField(_("received"))
    processed_at = models.DateTimeField(_("processed"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("processor event")
        verbose_name_plural = _("processor events")
        ordering = ("-received_at",)
        indexes = (
            models.Index(fields=("object_id",), name="processor_event_about"),
            models.Index(
                fields=("received_at",),
                condition=Q(processed_at__isnull=True),
                name="processor_event_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
