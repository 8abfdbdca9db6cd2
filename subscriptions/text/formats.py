"""Amounts, numbers and dates as people read them, in the language of the page."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext as _

from subscriptions import clock

# Where each language is read: amounts in dollars and the clock look as they do there.
_REGIONS = {"en": "en_US", "es": "es_US", "fr": "fr_CA"}
_TWELVE_HOURS = "h:mm a"
# A time is not broken over two lines.
_CLOCKS = {"es_US": "h:mm\u00a0a", "fr_CA": "HH\u00a0'h'\u00a0mm"}
# Babel reads its patterns and tables anew for every value: a page has dozens, mostly the same ones.
_REMEMBERED = 8_192


def money(amount: int, currency: str) -> str:
    """``amount`` in minor units of a two-decimal ``currency``: 125000, "usd" gives $1,250.00."""
    return _money(amount, currency.upper(), locale())


def number(value: int) -> str:
    """A whole number with its thousands separated."""
    return _number(value, locale())


def full_date(day: date) -> str:
    """Thursday, December 31, 2026."""
    return _date(day, "full", locale())


def long_date(day: date) -> str:
    """December 31, 2026."""
    return _date(day, "long", locale())


def moment(instant: datetime) -> str:
    """December 1, 2026 at 3:04 PM Eastern Time, in the subscription time zone."""
    local = instant.astimezone(clock.zone())
    # Minute by minute there are too many to remember; days, times and zones are few.
    return _("%(day)s at %(time)s") % {"day": long_date(local.date()), "time": _time(local)}


def end_of(day: date) -> str:
    """The last minute of a term (R18): Thursday, December 31, 2026, 11:59 PM Eastern Time."""
    start_of_next = datetime(day.year, day.month, day.day, tzinfo=clock.zone()) + timedelta(days=1)
    last_minute = start_of_next - timedelta(minutes=1)
    return f"{full_date(last_minute.date())}, {_time(last_minute)}"


def validity(start: date | None, expires_on: date) -> str:
    """From when until when licenses are valid (R16): an instant or a day, to the last minute."""
    end = {"end": end_of(expires_on)}
    if start is None:
        return _("until %(end)s") % end
    start_words = moment(start) if isinstance(start, datetime) else full_date(start)
    return _("%(start)s until %(end)s") % {"start": start_words, **end}


def _time(local: datetime) -> str:
    return _time_of_day(local.hour, local.minute, str(local.tzinfo), locale())


def last_minute() -> str:
    """The last minute of every term: 11:59 PM Eastern Time."""
    return _time_of_day(23, 59, str(clock.zone()), locale())


def locale() -> Locale:
    """Babel's locale for the language of this request; American English where it knows none."""
    return _locale(get_language() or "en-us")


def locale_name() -> str:
    """The same as browsers call it, for amounts and numbers that a script writes: es-US."""
    return str(locale()).replace("_", "-")


@lru_cache(64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(_REGIONS.get(language) or to_locale(language), sep="_")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "US")


@lru_cache(_REMEMBERED)
def _money(amount: int, currency: str, locale: Locale) -> str:
    return format_currency(Decimal(amount).scaleb(-2), currency, locale=locale)


@lru_cache(_REMEMBERED)
def _number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(_REMEMBERED)
def _date(day: date, length: Literal["full", "long"], locale: Locale) -> str:
    return format_date(day, format=length, locale=locale)


@lru_cache(_REMEMBERED)
def _time_of_day(hour: int, minute: int, zone: str, locale: Locale) -> str:
    # On any day: the zone's name is the general one, in summer and winter alike.
    when = datetime(2000, 1, 1, hour, minute, tzinfo=ZoneInfo(zone))
    pattern = f"{_CLOCKS.get(str(locale), _TWELVE_HOURS)} vvvv"
    return format_datetime(when, pattern, locale=locale)
