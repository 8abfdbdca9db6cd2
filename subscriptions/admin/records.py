"""Read-only records: terms, renewals, the ledger, notifications, and activity."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from subscriptions.admin.organizations import history
from subscriptions.admin.parts import display, search
from subscriptions.admin.parts.filters import organization_filter, yes_filter
from subscriptions.admin.parts.read_only import RecordAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.models import (
    Activity,
    LicenseEntry,
    Notification,
    Reminder,
    Renewal,
    Term,
)
from subscriptions.text.registry import RESERVED, Registry


def with_reference(reference: str) -> Q:
    """Return the condition for license entries caused by ``reference``, and their reversals."""
    return Q(reference=reference) | Q(reverses__reference=reference)


def _by_reference(text: str) -> Q | None:
    return with_reference(text) if ":" in text else None


def _by_organization(text: str) -> Q:
    return Q(term__organization__in=search.organizations(text))


# Fields from other apps; those with ``RESERVED`` concern payments.
Field = Callable[[Any], str]
TERM_FIELDS: Registry[Field] = Registry(purchases=RESERVED)
RENEWAL_FIELDS: Registry[Field] = Registry(purchases=RESERVED)
ENTRY_FIELDS: Registry[Field] = Registry(purchase=RESERVED)
# The first search that recognizes the text wins.
ENTRY_SEARCHES: Registry[Callable[[str], Q | None]] = Registry(
    purchase=RESERVED, reference=_by_reference, organization=_by_organization
)
ENTRY_TEXTS: Registry[str | Promise] = Registry(search_help=RESERVED)


class _ComposedAdmin(SearchMixin, RecordAdmin):
    """A record with fields of other apps below its own."""

    fields: ClassVar[tuple[str, ...]]
    more_fields: ClassVar[Registry[Field]]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return its own fields and those of other apps."""
        return [*self.fields, *self.more_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Make the fields of other apps read-only, because they are computed."""
        return [*super().get_readonly_fields(request, obj), *self.more_fields]


# Terms whose payment was reversed.
CanceledFilter = yes_filter(
    "canceled", _("canceled"), _("Canceled"), lambda: Q(canceled_at__isnull=False)
)


@admin.register(Term)
class TermAdmin(_ComposedAdmin):
    more_fields = TERM_FIELDS
    list_display = (
        "organization",
        "package_name",
        "price",
        "starts_on",
        "expires_on",
        "canceled_at",
    )
    list_filter = (CanceledFilter, organization_filter("organization"))
    list_select_related = ("organization",)
    fields = (
        "organization",
        "package_name",
        "price",
        "starts_on",
        "expires_on",
        "canceled_at",
        "created_at",
        "renews",
        "renewals",
        "entries",
    )
    readonly_fields = ("price", "renewals", "entries")

    @admin.display(description=_("locked price per license"))
    def price(self, term: Term) -> str:
        """Return the formatted price."""
        return display.money(term.unit_amount, term.currency)

    @admin.display(description=_("its renewals"))
    def renewals(self, term: Term) -> str:
        """Return its renewals, with their states and the terms they started."""
        rows = term.renewals.select_related("term__organization").order_by("-pk")
        return display.links(rows[: display.MAX_LIST_ROWS])

    @admin.display(description=_("ledger"))
    def entries(self, term: Term) -> str:
        """Return the license entries of the term."""
        rows = term.license_entries.order_by("-pk")
        return display.links(rows[: display.MAX_LIST_ROWS])


@admin.register(Renewal)
class RenewalAdmin(_ComposedAdmin):
    more_fields = RENEWAL_FIELDS
    organization_field = "term__organization"
    list_display = ("term", "package", "state", "quantity", "created_at")
    list_filter = ("state", organization_filter("term__organization"))
    list_select_related = ("term__organization", "package")
    fields = ("term", "package", "state", "quantity", "next_term", "created_at")


@admin.register(LicenseEntry)
class LicenseEntryAdmin(_ComposedAdmin):
    more_fields = ENTRY_FIELDS
    organization_field = "term__organization"
    list_display = (
        "__str__",
        "organization",
        "term_dates",
        "effective_at",
        "actor",
        "reference",
    )
    list_filter = ("cause", organization_filter("term__organization"))
    list_select_related = ("term__organization", "actor")
    fields = (
        "organization",
        "term",
        "quantity",
        "cause",
        "effective_at",
        "actor",
        "note",
        "reverses",
        "reversed_by",
        "reference",
        "created_at",
    )
    readonly_fields = ("organization", "reversed_by")

    @property
    def search_help_text(self) -> str | Promise:  # type: ignore[override]
        """Return what can be searched for."""
        return ENTRY_TEXTS["search_help"]

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search with the first search that recognizes the text."""
        return search.first_match(ENTRY_SEARCHES, text)

    @admin.display(description=_("organization"))
    def organization(self, entry: LicenseEntry) -> str:
        """Return the organization of the licenses."""
        return display.link(entry.term.organization)

    @admin.display(description=_("term"))
    def term_dates(self, entry: LicenseEntry) -> str:
        """Return the term of the licenses."""
        dates = f"{display.day(entry.term.starts_on)} – {display.day(entry.term.expires_on)}"
        return display.link(entry.term, dates)

    @admin.display(description=_("reversed by"))
    def reversed_by(self, entry: LicenseEntry) -> str:
        """Return the entries that took the licenses back or restored them (R30)."""
        return display.links(entry.reversals.all()[: display.MAX_LIST_ROWS])


# Notifications whose e-mails are not queued yet.
WaitingFilter = yes_filter(
    "waiting", _("e-mail"), _("Not queued yet"), lambda: Q(queued_at__isnull=True)
)


@admin.register(Notification)
class NotificationAdmin(SearchMixin, RecordAdmin):
    list_display = ("kind", "recipient", "organization", "created_at", "queued_at")
    list_filter = (WaitingFilter, organization_filter("organization"))
    list_select_related = ("organization",)
    search_help_text = _("A recipient's e-mail, or the start of an organization's name.")

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by recipient or organization."""
        if "@" in text:
            return Q(recipient=text)
        return super().search_condition(request, text)


@admin.register(Activity)
class ActivityAdmin(SearchMixin, RecordAdmin):
    list_display = ("at", "organization", "what", "who", "change", "why")
    list_filter = (organization_filter("organization"),)
    list_select_related = ("organization", "actor")
    fields = ("organization", "what", "change", "why", "who", "at", "data")
    readonly_fields = ("what", "change", "why", "who")

    @admin.display(description=_("what"))
    def what(self, activity: Activity) -> str:
        """Return the activity as text."""
        return history.summarize(activity)

    @admin.display(description=_("before → after"))
    def change(self, activity: Activity) -> str:
        """Return the change, if recorded."""
        return history.describe_change(activity)

    @admin.display(description=_("reason"))
    def why(self, activity: Activity) -> Any:
        """Return the reason support gave."""
        return activity.data.get("reason", "")

    @admin.display(description=_("who"))
    def who(self, activity: Activity) -> str:
        """Return the user, or "automatic"."""
        return str(activity.actor or _("automatic"))


@admin.register(Reminder)
class ReminderAdmin(SearchMixin, RecordAdmin):
    organization_field = "term__organization"
    list_display = ("term", "user", "due_on", "was_sent", "created_at")
    list_filter = (organization_filter("term__organization"),)
    list_select_related = ("term__organization", "user")
