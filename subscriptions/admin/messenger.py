"""Support's thread queue in the Django admin (R28): read, reply, close; nothing can be edited."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.access.head_requests import is_head
from subscriptions.admin.parts import search
from subscriptions.admin.parts.filters import organization_filter
from subscriptions.admin.parts.read_only import ReadOnlyAdmin
from subscriptions.admin.parts.search import SearchMixin
from subscriptions.messenger import replies, threads
from subscriptions.messenger.forms import MessageForm
from subscriptions.models import Message, Thread, User
from subscriptions.models.indexes import starts_with
from subscriptions.models.messenger import ThreadState
from subscriptions.policy.refusal import Refused
from subscriptions.text.ids import read_number
from subscriptions.text.refusals import refusal_text

# Permissions to reply and close; reading needs view_thread.
MAY_REPLY = "subscriptions.add_message"
MAY_CLOSE = "subscriptions.change_thread"


class RemovalFilter(admin.SimpleListFilter):
    """Threads with a request to remove licenses (R27)."""

    title = _("license removal")
    parameter_name = "removal"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer one choice besides "All"."""
        return [("asked", _("Requested"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Select threads with a request, even if it has been handled."""
        return queryset.exclude(requested_quantity=None) if self.value() == "asked" else queryset


class SeenForm(forms.Form):
    """The newest message shown on the page."""

    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class ReplyForm(MessageForm, SeenForm):
    """A reply, and the newest message that its author has seen."""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["body"].label = _("Reply")
        self.fields["body"].widget.attrs["rows"] = 8


def remove_licenses_link(message: Message) -> str:
    """Return the URL for removing the licenses a message asks for; empty if there is none."""
    if message.removal_quantity is None:
        return ""
    organization = message.thread.organization_id
    try:
        page = reverse("admin:subscriptions_organization_remove_licenses", args=[organization])
    except NoReverseMatch:
        return ""
    return f"{page}?{urlencode({'message': message.pk})}"


@admin.register(Thread)
class ThreadAdmin(SearchMixin, ReadOnlyAdmin):
    """The thread queue, with the threads that have waited longest first."""

    list_display = (
        "who",
        "organization",
        "state",
        "waiting_time",
        "unread",
        "removal",
        "last_message",
    )
    list_filter = (
        "state",
        RemovalFilter,
        organization_filter("organization"),
    )
    list_select_related = ("person", "organization")
    search_help_text = _("The start of a person's or an organization's name or address.")

    def search_condition(self, request: HttpRequest, text: str) -> Q:
        """Search by author, with or without an account, or by organization."""
        by_person = Q(person__in=search.people(text)) | starts_with("email", text)
        if "@" in text:
            return by_person
        by_name = Q(name__istartswith=text)
        return by_person | by_name | Q(organization__in=search.organizations(text))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Thread]:
        """Add the number of licenses in the latest removal request."""
        threads: QuerySet[Thread] = super().get_queryset(request)
        requests = Message.objects.filter(thread=OuterRef("pk"), removal_quantity__isnull=False)
        last = requests.order_by("-pk").values("removal_quantity")[:1]
        return threads.annotate(requested_quantity=Subquery(last))

    @admin.display(description=_("sender"))
    def who(self, thread: Thread) -> str:
        """Return the name, with a note if it is unverified."""
        if thread.person is not None:
            return str(thread)
        return gettext("%(name)s (no account)") % {"name": thread.name}

    @admin.display(description=_("waiting time"), ordering="waiting_since")
    def waiting_time(self, thread: Thread) -> Any:
        """Return the waiting time in bold."""
        since = thread.waiting_since
        return (
            format_html("<strong>{}</strong>", timesince(since, clock.now(), depth=1))
            if since
            else None
        )

    @admin.display(description=_("unread"), ordering="unread_by_support")
    def unread(self, thread: Thread) -> int | None:
        """Return the number of messages that support has not opened."""
        return thread.unread_by_support or None

    @admin.display(description=_("to remove"), ordering="requested_quantity")
    def removal(self, thread: Thread) -> int | None:
        """Return the number of licenses in the latest removal request, if any."""
        quantity: int | None = thread.requested_quantity  # type: ignore[attr-defined]
        return quantity

    @admin.display(description=_("last message"), ordering="last_message_at")
    def last_message(self, thread: Thread) -> str:
        """Return how long ago the last message was written."""
        ago = timesince(thread.last_message_at, clock.now(), depth=1)
        return gettext("%(time)s ago") % {"time": ago}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the queue with the number of waiting threads in its title."""
        title = gettext("Threads: %(waiting)s waiting") % {"waiting": replies.count_waiting()}
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    # One thread ----------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add the pages for replying and closing."""
        return [
            self._page("reply", self.reply_view),
            self._page("close", self.close_view),
            *super().get_urls(),
        ]

    def _page(self, name: str, view: Callable[..., HttpResponse]) -> URLPattern:
        return path(
            f"<int:pk>/{name}/",
            self.admin_site.admin_view(view),
            name=f"subscriptions_thread_{name}",
        )

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the thread and its actions; opening it marks it as read."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        return self._show(request, self._find(read_number(object_id) or 0))

    def reply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send a reply."""
        thread = self._find_for_change(request, pk, MAY_REPLY)
        form = ReplyForm(request.POST)
        if not form.is_valid():
            return self._show(request, thread, form, status=422)
        try:
            with transaction.atomic():
                reply, is_new = replies.reply(
                    thread, _staff(request), form.draft(), seen=form.cleaned_data["seen"]
                )
                if is_new:
                    text = gettext("Replied (message %(number)s).") % {"number": reply.pk}
                    self.log_change(request, thread, text)
        except Refused as refused:
            form.add_error("body", refusal_text(refused.refusal))
            return self._show(request, thread, form, status=409)
        messages.success(
            request,
            gettext("The reply has been sent, with a copy by e-mail to %(email)s.")
            % {"email": thread.reply_to},
        )
        return HttpResponseRedirect(_address(thread))

    def close_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Close a thread without a reply."""
        thread = self._find_for_change(request, pk, MAY_CLOSE)
        form = SeenForm(request.POST)
        seen = form.cleaned_data["seen"] if form.is_valid() else 0
        try:
            with transaction.atomic():
                if replies.close(thread, seen=seen):
                    self.log_change(request, thread, gettext("Closed without a reply."))
        except Refused as refused:
            messages.error(request, refusal_text(refused.refusal))
            return HttpResponseRedirect(_address(thread))
        messages.success(request, gettext("Closed. A new message reopens the thread."))
        return HttpResponseRedirect(reverse("admin:subscriptions_thread_changelist"))

    def _find(self, pk: int) -> Thread:
        found = Thread.objects.select_related("person", "organization")
        return get_object_or_404(found, pk=pk)

    def _find_for_change(self, request: HttpRequest, pk: int, permission: str) -> Thread:
        may_change = request.user.has_perm(permission) and self.has_view_permission(request)
        if request.method != "POST" or not may_change:
            raise PermissionDenied
        return self._find(pk)

    def _show(
        self,
        request: HttpRequest,
        thread: Thread,
        form: ReplyForm | None = None,
        *,
        status: int = 200,
    ) -> HttpResponse:
        may_reply = request.user.has_perm(MAY_REPLY)
        rows = threads.get_messages(thread)
        unread = thread.unread_by_support
        if may_reply and not is_head(request):
            replies.mark_read_by_support(thread)
        for row in rows:
            row.thread = thread
            # Computed here, because templates hold no rules.
            row.remove_licenses_link = remove_licenses_link(row)  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": str(thread),
            "thread": thread,
            "rows": rows,
            "unread": unread,
            "form": form or ReplyForm(),
            "seen": rows[-1].pk if rows else 0,
            "may_reply": may_reply,
            "may_close": thread.state == ThreadState.WAITING and request.user.has_perm(MAY_CLOSE),
            "is_out_of_reach": thread.person is not None and not replies.person_can_read(thread),
            "same_email": (
                None if thread.person else User.objects.filter(email=thread.email).first()
            ),
        }
        page = "admin/subscriptions/thread/change_form.html"
        return TemplateResponse(request, page, context, status=status)


def _staff(request: HttpRequest) -> User:
    user = request.user
    assert isinstance(user, User)  # noqa: S101  (a permission has already been checked)
    return user


def _address(thread: Thread) -> str:
    return reverse("admin:subscriptions_thread_change", args=[thread.pk])
