"""Webhook events in the Django admin; failed ones can be processed again."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.events import webhook
from billing.models import ProcessorEvent
from subscriptions.admin.parts import display, log
from subscriptions.admin.parts.actions import Action, ActionForm, ActionResult, action_page
from subscriptions.admin.parts.display import Fact, Tool
from subscriptions.admin.parts.filters import yes_filter
from subscriptions.admin.parts.log import LogMessage
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.models import User

MAY_PROCESS = "billing.change_processorevent"


class ProcessAgain(Action):
    """Fetch the object an event refers to, and act on it; safe to repeat (R14)."""

    permission = MAY_PROCESS
    title = _("Process again")
    button = _("Process event")
    form_class = ActionForm
    subject: ProcessorEvent

    def facts(self) -> Sequence[Fact]:
        """Return what the event is about, and its error."""
        event = self.subject
        return [
            (gettext("Event"), event.event_id),
            (gettext("Type"), event.type),
            (gettext("About"), event.object_id),
            (gettext("Received"), display.moment(event.received_at)),
            (gettext("Processed"), display.moment(event.processed_at)),
            (gettext("Error"), event.error),
        ]

    def warnings(self) -> Sequence[str]:
        """Explain that processing again is safe."""
        return [gettext("We ask the processor for the current status. Nothing is fulfilled twice.")]

    def act(self, form: ActionForm, actor: User) -> ActionResult:
        """Process the event again."""
        before = self.subject.error
        is_done = webhook.process(self.subject)
        what = gettext("Processed the event %(event)s again") % {"event": self.subject.event_id}
        after = gettext("processed") if is_done else self.subject.error
        change = f"{before or '–'} → {after}"
        log.write(actor, LogMessage(what, change), self.subject)
        if is_done:
            return ActionResult(gettext("The event has been processed."))
        message = gettext("It failed again: %(error)s") % {"error": self.subject.error}
        return ActionResult(message, messages.ERROR)


StateFilter = yes_filter(
    "unprocessed", _("not processed"), _("Waiting or failed"), lambda: Q(processed_at__isnull=True)
)


@admin.register(ProcessorEvent)
class ProcessorEventAdmin(SearchMixin, RecordAdmin):
    list_display = ("type", "event_id", "object_id", "received_at", "processed_at", "short_error")
    list_filter = (StateFilter,)
    search_help_text = _(
        "A complete evt_… ID, or the complete ID of the object the event is about."
    )
    fields = (
        *("type", "event_id", "object_id", "received_at", "processed_at", "error"),
        *("api_version", "body"),
    )
    readonly_fields = ("body",)

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by the event's ID, or the ID of what it is about."""
        return Q(event_id=text) | Q(object_id=text)

    @admin.display(description=_("error"))
    def short_error(self, event: ProcessorEvent) -> str:
        """Return the beginning of the error."""
        return Truncator(event.error).chars(80)

    @admin.display(description=_("content"))
    def body(self, event: ProcessorEvent) -> str:
        """Return the payload as received."""
        text = json.dumps(event.payload, indent=2, ensure_ascii=False)
        return format_html('<pre class="raw">{}</pre>', text)

    def tools(self, request: HttpRequest, obj: ProcessorEvent) -> list[Tool]:
        """Offer to process the event again."""
        if not request.user.has_perm(MAY_PROCESS):
            return []
        return [Tool(gettext("Process again…"), display.admin_url(obj, "process"))]

    def get_urls(self) -> list[URLPattern]:
        """Add the page for processing again."""
        process_url: Any = action_page(
            self, "process", "billing_processorevent_process", ProcessAgain
        )
        return [process_url, *super().get_urls()]
