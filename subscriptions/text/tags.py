"""Filters and tags that every template may use. They format; they decide nothing."""

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
    """``{{ purchase.total_amount|money:purchase.currency }}``: minor units as people read them."""
    return formats.money(amount, currency)


@register.filter
def number(value: int) -> str:
    """``{{ subscription.licenses.held|number }}``: a whole number with thousands separated."""
    return formats.number(value)


@register.filter
def full_date(day: date | str | None) -> str:
    """Thursday, December 31, 2026. Notifications keep a day as its ISO text."""
    return formats.full_date(_day(day)) if day else ""


@register.filter
def long_date(day: date | None) -> str:
    """December 31, 2026."""
    return formats.long_date(day) if day else ""


@register.filter
def moment(instant: datetime | str | None) -> str:
    """An instant, or its ISO text, in the subscription time zone."""
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant) if instant else None
    return formats.moment(instant) if instant else ""


@register.filter
def end_of(day: date | str | None) -> str:
    """The last minute of a term that expires on ``day``, or on its ISO text."""
    return formats.end_of(_day(day)) if day else ""


@register.filter
def validity(start: date | str | None, expires_on: date | str) -> str:
    """``{{ purchase.valid_from|validity:purchase.term_expires_on }}`` (R16)."""
    if isinstance(start, str):
        # A day's ISO text has no time; a notification from before says nothing.
        read = datetime.fromisoformat if "T" in start else date.fromisoformat
        start = read(start) if start else None
    return formats.validity(start, _day(expires_on))


def _day(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


@register.filter
def refusal_text(decision: Allowed | Refusal) -> str:
    """Why a decision is "no"; nothing where it is "yes"."""
    return refusals.refusal_text(decision) if isinstance(decision, Refusal) else ""


@register.filter
def can(membership: object, capability: str) -> bool:
    """``{% if membership|can:"buy_licenses" %}``, by the rules of ``policy.members`` (R2)."""
    role = getattr(membership, "role", None)
    return role is not None and members.can(role, members.Capability(capability))


@register.filter
def breakable(email: str) -> SafeString:
    """An e-mail address that goes on a new line after its @ rather than within a word."""
    local, at, domain = email.rpartition("@")
    return format_html("{}{}<wbr>{}", local, at, domain)


@register.simple_tag
def page(key: str, *args: object) -> str:
    """``{% page "renewal" organization.slug %}``: the path of a page that billing registered."""
    return links.page(key, *args)


@register.simple_tag
def page_name(key: str) -> str:
    """The name of such a page's address, to compare with where one is."""
    return links.page_name(key)


@register.simple_tag
def panel(key: str, organization: Organization) -> SafeString:
    """``{% panel "purchases" organization %}``: a panel that billing registered."""
    return links.PANELS[key](organization)


@register.simple_tag
def locale_name() -> str:
    """How browsers call the way in which this page writes amounts and dates: es-US."""
    return formats.locale_name()


@register.inclusion_tag("site/_foot.html", takes_context=True)
def page_foot(context: Context) -> dict[str, Any]:
    """The foot of every page: the languages there are, to be chosen."""
    shared = {name: context.get(name) for name in ("request", "csrf_token")}
    return shared | {"languages": settings.LANGUAGES}


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon beside words that say the same: hidden from screen readers."""
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
    """``{% help_link "pricing" %}``: a link to the answer, named by its question."""
    return format_html(
        '<a class="help-link" href="{}#{}">{}<span>{}</span></a>',
        reverse("subscriptions:help"),
        key,
        icon("question"),
        help.QUESTIONS[key],
    )


@register.inclusion_tag("text/_questions.html")
def help_questions(*keys: str) -> dict[str, Any]:
    """``{% help_questions "pricing" "paying" %}``: questions that open to their answers."""
    return {"topics": [help.topic(key) for key in keys]}


@register.inclusion_tag("text/_glossary.html")
def glossary(words: Sequence[help.Word] | None = None) -> dict[str, Any]:
    """``{% glossary %}``: the words of the screens, with what people also call them."""
    return {"words": help.glossary() if words is None else words}
