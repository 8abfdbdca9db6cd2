"""Format amounts, numbers and dates in the page's language."""

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

# The region for each language, which determines the formats of dollar amounts and times.
_REGIONS = {"en": "en_US", "es": "es_US", "fr": "fr_CA"}
_TWELVE_HOURS = "h:mm a"
# Non-breaking spaces keep a time on one line.
_CLOCKS = {"es_US": "h:mm\u00a0a", "fr_CA": "HH\u00a0'h'\u00a0mm"}
# Cached because Babel parses its patterns for every value, and a page has dozens of them.
_CACHE_SIZE = 8_192


def money(amount: int, currency: str) -> str:
    """Format ``amount`` in minor units of a two-decimal ``currency``: 125000, "usd" → $1,250.00."""
    return _money(amount, currency.upper(), locale())


def number(value: int) -> str:
    """Format a whole number with thousands separators."""
    return _number(value, locale())


def full_date(day: date) -> str:
    """Format a date as Thursday, December 31, 2026."""
    return _date(day, "full", locale())


def long_date(day: date) -> str:
    """Format a date as December 31, 2026."""
    return _date(day, "long", locale())


def moment(instant: datetime) -> str:
    """Format as December 1, 2026 at 3:04 PM Eastern Time, in the subscription time zone."""
    local = instant.astimezone(clock.zone())
    # Cached in parts: there are too many instants, but only a few dates, times and zones.
    return _("%(day)s at %(time)s") % {"day": long_date(local.date()), "time": _time(local)}


def end_of(day: date) -> str:
    """Format a term's last minute: Thursday, December 31, 2026, 11:59 PM Eastern Time (R18)."""
    start_of_next = datetime(day.year, day.month, day.day, tzinfo=clock.zone()) + timedelta(days=1)
    last_minute = start_of_next - timedelta(minutes=1)
    return f"{full_date(last_minute.date())}, {_time(last_minute)}"


def validity(start: date | None, expires_on: date) -> str:
    """Format when licenses are valid, from an instant or day to the last minute (R16)."""
    end = {"end": end_of(expires_on)}
    if start is None:
        return _("until %(end)s") % end
    start_text = moment(start) if isinstance(start, datetime) else full_date(start)
    return _("%(start)s until %(end)s") % {"start": start_text, **end}


def _time(local: datetime) -> str:
    return _time_of_day(local.hour, local.minute, str(local.tzinfo), locale())


def last_minute() -> str:
    """Format the last minute of any term: 11:59 PM Eastern Time."""
    return _time_of_day(23, 59, str(clock.zone()), locale())


def locale() -> Locale:
    """Return Babel's locale for the language of this request; American English by default."""
    return _locale(get_language() or "en-us")


def locale_name() -> str:
    """Return the locale's name for browsers, such as es-US, for scripts that format numbers."""
    return str(locale()).replace("_", "-")


@lru_cache(64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(_REGIONS.get(language) or to_locale(language), sep="_")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "US")


@lru_cache(_CACHE_SIZE)
def _money(amount: int, currency: str, locale: Locale) -> str:
    return format_currency(Decimal(amount).scaleb(-2), currency, locale=locale)


@lru_cache(_CACHE_SIZE)
def _number(value: int, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


@lru_cache(_CACHE_SIZE)
def _date(day: date, length: Literal["full", "long"], locale: Locale) -> str:
    return format_date(day, format=length, locale=locale)


@lru_cache(_CACHE_SIZE)
def _time_of_day(hour: int, minute: int, zone: str, locale: Locale) -> str:
    # Any date will do, because the zone's name is generic, the same in summer and winter.
    when = datetime(2000, 1, 1, hour, minute, tzinfo=ZoneInfo(zone))
    pattern = f"{_CLOCKS.get(str(locale), _TWELVE_HOURS)} vvvv"
    return format_datetime(when, pattern, locale=locale)
