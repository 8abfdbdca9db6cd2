"""Building blocks of admin pages; they contain no rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode

from subscriptions import clock
from subscriptions.policy import calendar
from subscriptions.policy.refusal import Allowed, Refusal
from subscriptions.text import formats
from subscriptions.text.refusals import refusal_text

# Rows to show of each list on a page with many lists; a link leads to all rows.
MAX_LIST_ROWS = 20
Fact = tuple[str, Any]


@dataclass(frozen=True)
class Tool:
    """An action on an object; with ``why_not`` it is shown but disabled."""

    label: str
    address: str
    why_not: str = ""


@dataclass(frozen=True)
class Panel:
    """A block on a page: facts, a table, or both."""

    title: str
    key: str
    facts: Sequence[Fact] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    empty: str = ""
    note: str = ""
    more: str = ""
    # The total number of rows; None if they were not counted.
    total: int | None = None
    is_urgent: bool = False
    tools: Sequence[Tool] = field(default=())


def tool(label: str, address: str, decision: Allowed | Refusal) -> Tool:
    """Return a tool, disabled with the reason if ``decision`` is a refusal."""
    return Tool(label, address, refusal_text(decision) if isinstance(decision, Refusal) else "")


def admin_url(thing: Model, page: str = "change") -> str:
    """Return the URL of an object's page in the admin."""
    meta = thing._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=[thing.pk])


def list_url(model: type[Model], **choices: Any) -> str:
    """Return the URL of a model's list in the admin, filtered by ``choices``."""
    meta = model._meta
    page = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return f"{page}?{urlencode(choices)}" if choices else page


def link(thing: Model | None, text: object = None) -> str:
    """Return a link to an object's page; empty for None."""
    if thing is None:
        return ""
    return format_html('<a href="{}">{}</a>', admin_url(thing), thing if text is None else text)


def link_to(address: str, text: object) -> str:
    """Return a link to any page."""
    return format_html('<a href="{}">{}</a>', address, text)


def links(things: Iterable[Model], text: Callable[[Any], object] = str) -> str:
    """Return links to several objects, one per line."""
    rows = [(admin_url(thing), text(thing)) for thing in things]
    return format_html_join("", '<div><a href="{}">{}</a></div>', rows) or "–"


def highlight(text: object, kind: str = "warn") -> str:
    """Return highlighted text; ``kind`` is warn, good or quiet."""
    return format_html('<span class="mark mark-{}">{}</span>', kind, text)


def day(value: date | None) -> str:
    """Format a date for tables: Dec. 31, 2026."""
    return date_format(value, "N j, Y") if value else "–"


def local_day(value: datetime | None) -> str:
    """Format the date of an instant, in the subscription time zone."""
    return day(calendar.local_date(value, clock.zone())) if value else "–"


def moment(value: datetime | None) -> str:
    """Format an instant for tables, in the subscription time zone: Dec. 1, 2026, 3:04 p.m."""
    return date_format(value.astimezone(clock.zone()), "N j, Y, P") if value else "–"


def money(amount: int | None, currency: str) -> str:
    """Format an amount in minor units."""
    return formats.money(amount, currency) if amount is not None else "–"


def first_rows(rows: QuerySet[Any]) -> tuple[list[Any], int]:
    """Return the rows that a page shows, and the total number of rows."""
    return list(rows[:MAX_LIST_ROWS]), rows.order_by().count()


def may_see(request: HttpRequest, *models: type[Model]) -> bool:
    """Whether the user may view all of these models."""
    return request.user.has_perms(
        [f"{model._meta.app_label}.view_{model._meta.model_name}" for model in models]
    )


def comparison_table(
    expected: Mapping[str, Any],
    received: Mapping[str, Any],
    names: Mapping[str, str],
    head: Sequence[str],
    format_value: Callable[[Mapping[str, Any], str], object],
) -> str:
    """Return a table of two columns with differences marked; ``format_value`` formats a value."""
    keys = [key for key in names if key in expected or key in received]
    rows = [
        (
            "differs" if key in expected and expected[key] != received.get(key) else "same",
            names[key],
            *(
                "–" if facts.get(key) in (None, "") else format_value(facts, key)
                for facts in (expected, received)
            ),
        )
        for key in keys
    ]
    body = format_html_join(
        "", '<tr class="{}"><th scope="row">{}</th><td>{}</td><td>{}</td></tr>', rows
    )
    top = format_html_join("", '<th scope="col">{}</th>', [(text,) for text in head])
    return format_html(
        '<table class="compared"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', top, body
    )
