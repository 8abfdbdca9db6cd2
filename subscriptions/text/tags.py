"""Filters and tags for all templates; they format values and contain no rules."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from subscriptions.models import Organization
from subscriptions.policy import members
from subscriptions.policy.refusal import Allowed, Refusal
from subscriptions.text import formats, help, links, refusals

register = template.Library()


@register.filter
def money(amount: int, currency: str) -> str:
    """``{{ purchase.total_amount|money:purchase.currency }}``: format an amount in minor units."""
    return formats.money(amount, currency)


@register.filter
def number(value: int) -> str:
    """``{{ subscription.licenses.held|number }}``: format a number with thousands separators."""
    return formats.number(value)


@register.filter
def full_date(day: date | str | None) -> str:
    """Format as Thursday, December 31, 2026; notifications store dates as ISO text."""
    return formats.full_date(_day(day)) if day else ""


@register.filter
def long_date(day: date | None) -> str:
    """Format as December 31, 2026."""
    return formats.long_date(day) if day else ""


@register.filter
def moment(instant: datetime | str | None) -> str:
    """Format an instant, or its ISO text, in the subscription time zone."""
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant) if instant else None
    return formats.moment(instant) if instant else ""


@register.filter
def end_of(day: date | str | None) -> str:
    """Format the last minute of a term that expires on ``day``, a date or its ISO text."""
    return formats.end_of(_day(day)) if day else ""


@register.filter
def validity(start: date | str | None, expires_on: date | str) -> str:
    """``{{ purchase.valid_from|validity:purchase.term_expires_on }}`` (R16)."""
    if isinstance(start, str):
        # A date's ISO text has no time. Old notifications have an empty start.
        read = datetime.fromisoformat if "T" in start else date.fromisoformat
        start = read(start) if start else None
    return formats.validity(start, _day(expires_on))


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


@register.filter
def refusal_text(decision: Allowed | Refusal) -> str:
    """Return the text of a refusal; empty if the decision is ALLOWED."""
    return refusals.refusal_text(decision) if isinstance(decision, Refusal) else ""


@register.filter
def can(membership: object, capability: str) -> bool:
    """``{% if membership|can:"buy_licenses" %}``, by the rules of ``policy.members`` (R2)."""
    role = getattr(membership, "role", None)
    return role is not None and members.can(role, members.Capability(capability))


@register.filter
def breakable(email: str) -> SafeString:
    """Let an e-mail address wrap after the @ rather than within a word."""
    local, at, domain = email.rpartition("@")
    return format_html("{}{}<wbr>{}", local, at, domain)


@register.simple_tag
def page(key: str, *args: object) -> str:
    """``{% page "renewal" organization.slug %}``: the path of a page that billing registered."""
    return links.page(key, *args)


@register.simple_tag
def page_name(key: str) -> str:
    """Return the URL name of a registered page, to compare with the current one."""
    return links.page_name(key)


@register.simple_tag
def panel(key: str, organization: Organization) -> SafeString:
    """``{% panel "purchases" organization %}``: a panel that billing registered."""
    return links.PANELS[key](organization)


@register.simple_tag
def locale_name() -> str:
    """Return the language tag of the page, such as es-US."""
    return formats.locale_name()


@register.inclusion_tag("site/_footer.html", takes_context=True)
def page_footer(context: Context) -> dict[str, Any]:
    """Show the footer of every page, with the choice of languages."""
    shared = {name: context.get(name) for name in ("request", "csrf_token")}
    return shared | {"languages": settings.LANGUAGES}


@register.simple_tag
def icon(name: str) -> SafeString:
    """Show an icon next to its text, hidden from screen readers."""
    return _icon(name, get_script_prefix())


@lru_cache(256)
def _icon(name: str, prefix: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )


@register.simple_tag
def help_link(key: str) -> SafeString:
    """``{% help_link "pricing" %}``: link to an answer, with its question as text."""
    return format_html(
        '<a class="help-link" href="{}#{}">{}<span>{}</span></a>',
        reverse("subscriptions:help"),
        key,
        icon("question"),
        help.QUESTIONS[key],
    )


@register.inclusion_tag("text/_questions.html")
def help_questions(*keys: str) -> dict[str, Any]:
    """``{% help_questions "pricing" "paying" %}``: show questions that expand to answers."""
    return {"topics": [help.topic(key) for key in keys]}


@register.inclusion_tag("text/_glossary.html")
def glossary(words: Sequence[help.Word] | None = None) -> dict[str, Any]:
    """``{% glossary %}``: show the glossary with synonyms."""
    return {"words": help.glossary() if words is None else words}
