"""Messenger views (R28): full pages, or the content of the panel for htmx."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages as flashes
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from subscriptions import clock
from subscriptions.access import limits, unsaved_forms
from subscriptions.access.decorators import active_memberships, keep_private, members_only
from subscriptions.access.head_requests import is_head
from subscriptions.licenses.status import get_status
from subscriptions.messenger import threads
from subscriptions.messenger.forms import MessageForm, RemovalForm, VisitorForm
from subscriptions.models import Membership, User
from subscriptions.policy import members
from subscriptions.policy.members import Capability
from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.text.ids import read_number
from subscriptions.text.refusals import refusal_text

Author = Membership | User


@require_http_methods(["GET", "POST"])
def messages(request: HttpRequest) -> HttpResponseBase:
    """Show the person's thread that is not about an organization, or the form for visitors."""
    if isinstance(request.user, User):
        response: HttpResponseBase = _thread_page(request, request.user)
    elif unsaved_forms.author(request):
        response = unsaved_forms.sign_in_again(request)
    else:
        response = _visitor_page(request)
    keep_private(request, response)
    return response


@require_GET
def message_sent(request: HttpRequest) -> HttpResponse:
    """Confirm a message without an account, the same for every e-mail address."""
    return render(request, "messenger/sent.html")


@require_GET
def message_updates(request: HttpRequest) -> HttpResponse:
    """Return new messages in the person's own thread; forbidden when signed out."""
    if not isinstance(request.user, User):
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    response = _updates(request, request.user)
    keep_private(request, response)
    return response


@members_only(Capability.VISIT, open_when_closed=True)
@require_http_methods(["GET", "POST"])
def thread(request: HttpRequest, member: Membership) -> HttpResponse:
    """Show the member's thread with support about the organization."""
    return _thread_page(request, member)


@members_only(Capability.VISIT, open_when_closed=True)
@require_GET
def thread_updates(request: HttpRequest, member: Membership) -> HttpResponse:
    """Return new messages in that thread."""
    return _updates(request, member)


@members_only(Capability.BUY_LICENSES, open_when_closed=True)
@require_http_methods(["GET", "POST"])
def request_removal(request: HttpRequest, member: Membership) -> HttpResponse:
    """Request the removal of licenses (R27)."""
    subscription = get_status(member.organization, clock.now())
    bounds = threads.removal_bounds(subscription)
    form = RemovalForm(unsaved_forms.bound_data(request), bounds=bounds)
    refusal = bounds.decision if isinstance(bounds.decision, Refusal) else None
    if request.method == "POST" and refusal is None:
        if not form.is_valid():
            return _removal_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            threads.request_removal(member, form.cleaned_data["quantity"], form.draft())
        except Refused as refused:
            refusal = refused.refusal
        else:
            return _removal_requested(request, member)
    status = HTTPStatus.OK if request.method == "GET" else _http_status(refusal)
    return _removal_page(request, form, refusal=refusal, status=status)


def _removal_requested(request: HttpRequest, member: Membership) -> HttpResponse:
    if _is_htmx(request):
        return _show(request, member, MessageForm(), was_sent=True)
    flashes.success(request, _("We sent your request to support. They will reply to you."))
    return redirect("subscriptions:thread", member.organization.slug)


def _removal_page(
    request: HttpRequest,
    form: RemovalForm,
    *,
    refusal: Refusal | None = None,
    status: HTTPStatus,
) -> HttpResponse:
    context = {
        "form": form,
        "bounds": form.bounds,
        "refusal": refusal_text(refusal) if refusal else "",
        "is_open": not isinstance(form.bounds.decision, Refusal),
    }
    return _render(request, "removal", context, status)


# A thread ---------------------------------------------------------------------------------------


def _thread_page(request: HttpRequest, author: Author) -> HttpResponse:
    form = MessageForm(unsaved_forms.bound_data(request))
    if request.method == "GET":
        return _show(request, author, form)
    if not form.is_valid():
        return _show(request, author, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        threads.write(author, form.draft())
    except Refused as refused:
        form.add_error("body", refusal_text(refused.refusal))
        return _show(request, author, form, status=_http_status(refused.refusal))
    if _is_htmx(request):
        return _show(request, author, MessageForm(), was_sent=True)
    text = _("Your message has been sent. Support will reply here and by e-mail.")
    flashes.success(request, text)
    return redirect(_url_for(author, "thread"))


def _show(
    request: HttpRequest,
    author: Author,
    form: MessageForm,
    *,
    was_sent: bool = False,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    # Load the thread first, so that messages written later stay unread.
    thread = threads.find_thread(*threads.person_and_organization(author))
    rows = threads.get_messages(thread)
    if not is_head(request):
        threads.mark_read_by_person(thread)
    context = {
        "form": form,
        "rows": rows,
        "was_sent": was_sent,
        "address": _url_for(author, "thread"),
        "news": _url_for(author, "thread_updates"),
        "newest": rows[-1].pk if rows else 0,
        "others": active_memberships(author.pk) if isinstance(author, User) else [],
        "offers_removal": isinstance(author, Membership) and _may_request_removal(author),
    }
    return _render(request, "thread", context, status)


def _updates(request: HttpRequest, author: Author) -> HttpResponse:
    after = request.GET.get("after", "")
    thread = threads.find_thread(*threads.person_and_organization(author))
    last_known = read_number(after or "0")
    # No message has an invalid number, so nothing comes after it.
    rows = threads.get_messages(thread, after=last_known) if last_known is not None else []
    if not rows:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    if not is_head(request):
        threads.mark_read_by_person(thread)
    context = {
        "rows": rows,
        "news": _url_for(author, "thread_updates"),
        "newest": rows[-1].pk,
        "is_news": True,
    }
    return render(request, "messenger/_news.html", context)


def _may_request_removal(member: Membership) -> bool:
    if not members.can(member.role, Capability.BUY_LICENSES):
        return False
    return get_status(member.organization, clock.now()).renewal_is_open


# Without an account -----------------------------------------------------------------------------


def _visitor_page(request: HttpRequest) -> HttpResponse:
    form = VisitorForm(request.POST or None)
    if request.method == "GET":
        return _render(request, "visitor", {"form": form}, HTTPStatus.OK)
    if not form.is_valid():
        return _render(request, "visitor", {"form": form}, HTTPStatus.UNPROCESSABLE_ENTITY)
    if not form.is_from_bot:
        if not limits.allows_message_without_account(request):
            text = _(
                "Too many messages came from your connection in the last hour. Try again "
                "later. Your text is still here."
            )
            form.add_error("body", text)
            return _render(request, "visitor", {"form": form}, HTTPStatus.TOO_MANY_REQUESTS)
        data = form.cleaned_data
        threads.write_without_account(data["name"], data["email"], form.draft())
    if _is_htmx(request):
        return render(request, "messenger/_sent.html")
    return redirect("subscriptions:message_sent")


# ------------------------------------------------------------------------------------------------


def _url_for(author: Author, name: str) -> str:
    if isinstance(author, Membership):
        return reverse(f"subscriptions:{name}", args=[author.organization.slug])
    return reverse(f"subscriptions:{'messages' if name == 'thread' else 'message_updates'}")


def _http_status(refusal: Refusal | None) -> HTTPStatus:
    if refusal is not None and refusal.reason == Reason.TOO_MANY_MESSAGES:
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.CONFLICT


def _is_htmx(request: HttpRequest) -> bool:
    return bool(request.htmx)  # type: ignore[attr-defined]  # set by django-htmx


def _render(
    request: HttpRequest, page: str, context: dict[str, Any], status: HTTPStatus
) -> HttpResponse:
    template = f"messenger/{'_' if _is_htmx(request) else ''}{page}.html"
    return render(request, template, context, status=status)
