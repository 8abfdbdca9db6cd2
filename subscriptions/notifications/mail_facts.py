"""Facts of a mail, kept as data until the mail is written in the language of who reads it.

Whoever causes a mail may read another language than its recipient, and the processor reads none.
So a notice keeps ``mail_facts.money(5000, "usd")`` rather than "$50.00"; ``in_words`` makes it a
text. Names and other texts that people typed are plain strings, numbers that a template counts by
plain numbers.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.functional import Promise

from subscriptions.text import formats

Fact = dict[str, list[Any]]


def money(amount: int, currency: str) -> Fact:
    """An amount in minor units."""
    return {"money": [amount, currency]}


def number(value: int) -> Fact:
    """A whole number."""
    return {"number": [value]}


def full_date(day: date) -> Fact:
    """A day with its weekday."""
    return {"full_date": [day.isoformat()]}


def end_of(day: date) -> Fact:
    """The last minute of a term that expires on ``day``."""
    return {"end_of": [day.isoformat()]}


def moment(instant: datetime) -> Fact:
    """An instant."""
    return {"moment": [instant.isoformat()]}


def words(label: str | Promise) -> Fact:
    """A text of ours, such as the name of a role: ``label`` has to be lazily translated."""
    with translation.override(None):
        return {"words": [str(label)]}


def in_words(data: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` with every fact as a text in the language in force; all else as it is."""
    return {name: _in_words(value) for name, value in data.items()}


_WORDED: dict[str, Callable[..., str]] = {
    "money": formats.money,
    "number": formats.number,
    "full_date": lambda day: formats.full_date(date.fromisoformat(day)),
    "end_of": lambda day: formats.end_of(date.fromisoformat(day)),
    "moment": lambda instant: formats.moment(datetime.fromisoformat(instant)),
    "words": translation.gettext,
}


def _in_words(value: object) -> object:
    if not isinstance(value, dict):
        return value
    [(kind, arguments)] = value.items()
    return _WORDED[kind](*arguments)
