"""Records of when periodic commands last finished all their work."""

from datetime import datetime

from django.db import models


class CompleteRun(models.Model):
    """When the last complete run of a periodic command, or of part of one, began.

    A run that stopped early, or could not reach the systems it needs, does not change it.
    """

    command = models.CharField(max_length=60, primary_key=True)
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.command


def last_complete_run(command: str) -> datetime | None:
    """Return when the last complete run began; None if there has been none."""
    runs = CompleteRun.objects.filter(command=command)
    return runs.values_list("began_at", flat=True).first()


def record_complete_run(command: str, began_at: datetime) -> None:
    """Record that the run that began at ``began_at`` did all its work."""
    CompleteRun.objects.update_or_create(command=command, defaults={"began_at": began_at})
