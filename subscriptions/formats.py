"""Amounts, numbers and dates as people read them, in the language of the page."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, get_timezone_name
from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, to_locale

from subscriptions import clock


def money(amount: int, currency: str) -> str:
    """``amount`` in minor units of a two-decimal ``currency``: 125000, "usd" gives $1,250.00."""
    return format_currency(Decimal(amount).scaleb(-2), currency.upper(), locale=locale())


def number(value: int) -> str:
    """A whole number with its thousands separated."""
    return format_decimal(value, locale=locale())


def full_date(day: date) -> str:
    """Thursday, December 31, 2026."""
    return format_date(day, format="full", locale=locale())


def long_date(day: date) -> str:
    """December 31, 2026."""
    return format_date(day, format="long", locale=locale())


def moment(instant: datetime) -> str:
    """December 1, 2026 at 3:04 PM Eastern Time, in the subscription time zone."""
    local = instant.astimezone(clock.zone())
    return format_datetime(local, "MMMM d, y 'at' h:mm a vvvv", locale=locale())


def end_of(day: date) -> str:
    """The last minute of a term (R18): Thursday, December 31, 2026, 11:59 PM Eastern Time."""
    start_of_next = datetime(day.year, day.month, day.day, tzinfo=clock.zone()) + timedelta(days=1)
    last_minute = start_of_next - timedelta(minutes=1)
    return format_datetime(last_minute, "EEEE, MMMM d, y, h:mm a vvvv", locale=locale())


def zone_name() -> str:
    """The subscription time zone as people call it: Eastern Time."""
    return get_timezone_name(clock.zone(), width="long", locale=locale(), return_zone=False)


def locale() -> Locale:
    """Babel's locale for the language of this request; American English where it knows none."""
    try:
        return Locale.parse(to_locale(get_language() or "en-us"), sep="_")
    except (UnknownLocaleError, ValueError):
        return Locale("en", "US")
