"""When periodic commands have last done all of their work."""

from datetime import datetime

from django.db import models


class CompleteRun(models.Model):
    """The last complete run of one periodic command, or of a part of it: when it began.

    A run that was cut short, or could not ask whom it had to ask, leaves the row as it is.
    """

    command = models.CharField(max_length=60, primary_key=True)
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.command


def last_complete_run(command: str) -> datetime | None:
    """When the last complete run began; None where there was none."""
    runs = CompleteRun.objects.filter(command=command)
    return runs.values_list("began_at", flat=True).first()


def note_complete_run(command: str, began_at: datetime) -> None:
    """Note that a run that began then has done all of its work."""
    CompleteRun.objects.update_or_create(command=command, defaults={"began_at": began_at})
