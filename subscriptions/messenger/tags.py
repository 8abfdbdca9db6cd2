"""The messenger button at the bottom right of every page outside the Django admin (R28)."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.urls import reverse

from subscriptions.messenger import replies, threads
from subscriptions.models import Membership, User

register = template.Library()

# These pages already show the thread.
OWN_PAGES = {
    f"subscriptions:{name}" for name in ("messages", "message_sent", "thread", "request_removal")
}


@register.inclusion_tag("messenger/_button.html", takes_context=True)
def messenger_button(context: template.Context, *, is_plain: bool = False) -> dict[str, Any]:
    """``{% messenger_button %}``: the button and the panel it opens.

    ``is_plain``: only a link, without database queries, for error pages.
    """
    request: HttpRequest | None = context.get("request")
    person = getattr(request, "user", None) if not is_plain else None
    member: Membership | None = getattr(request, "membership", None)
    match = getattr(request, "resolver_match", None)
    is_here = match is not None and match.view_name in OWN_PAGES
    return {
        "address": (
            reverse("subscriptions:thread", args=[member.organization.slug])
            if member
            else reverse("subscriptions:messages")
        ),
        "unread": 0 if is_plain or is_here else _unread(person, member),
        "is_plain": is_plain,
        "opens_panel": not is_plain and not is_here,
    }


@register.simple_tag
def waiting_threads() -> int:
    """Return how many threads are waiting for support, for the header of the Django admin."""
    return replies.count_waiting()


def _unread(person: Any, member: Membership | None) -> int:
    if member is not None:
        # Loaded together with the membership.
        return getattr(member, "unread_messages", None) or 0
    return threads.count_unread(person) if isinstance(person, User) else 0
