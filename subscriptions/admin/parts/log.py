"""Django's own log of actions in the admin: who, when, what, why."""

from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet

from subscriptions import clock
from subscriptions.models import User


@dataclass(frozen=True)
class LogMessage:
    """What was done, what changed (before → after), and why; one line each."""

    what: str
    change: str = ""
    why: str = ""

    def text(self) -> str:
        """Return the stored text, always three lines, so that it can be split again."""
        lines = (self.what, self.change, self.why)
        return "\n".join(" ".join(line.split()) for line in lines)


def write(actor: User, message: LogMessage, about: Model, *others: Model | None) -> None:
    """Log a message for ``about`` and ``others``.

    A message already logged for ``about`` is not repeated, so submitting a form twice logs once.
    """
    text = message.text()
    if entries_for(about).filter(user=actor, change_message=text).exists():
        return
    for thing in (about, *others):
        if thing is not None:
            _write(actor, thing, text)


def read(entry: LogEntry) -> LogMessage:
    """Return the message of an entry; Django's own entries become a single line."""
    lines = entry.change_message.split("\n")
    is_ours = len(lines) == len(LogMessage("").text().split("\n"))
    return LogMessage(*lines) if is_ours else LogMessage(str(entry))


def _write(actor: User, thing: Model, text: str) -> None:
    LogEntry.objects.create(
        user=actor,
        content_type=ContentType.objects.get_for_model(thing),
        object_id=str(thing.pk),
        object_repr=str(thing)[:200],
        action_flag=CHANGE,
        change_message=text,
        action_time=clock.now(),
    )


def entries_for(thing: Model) -> QuerySet[LogEntry]:
    """Return the entries about an object, newest first."""
    return LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(thing), object_id=str(thing.pk)
    ).order_by("-action_time")


def set_time_from_clock(entry: LogEntry) -> LogEntry:
    """Set the entry's time from our clock, which the demo moves."""
    entry.action_time = clock.now()
    entry.save(update_fields=["action_time"])
    return entry
