"""Amounts as people read and enter them; everywhere else they are whole minor units."""

from __future__ import annotations

import re

ZERO_DECIMAL = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf".split())
THREE_DECIMAL = frozenset("bhd jod kwd omr tnd".split())
_SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "cad": "CA$", "aud": "A$", "jpy": "¥"}
_AMOUNT = re.compile(r"^([0-9]{1,9})(?:\.([0-9]*))?$")


def display(amount: int, currency: str) -> str:
    """Format an amount of minor units: 1250 usd is $12.50."""
    places = _places(currency)
    whole, rest = divmod(abs(amount), 10**places)
    number = f"{whole:,}" + (f".{rest:0{places}d}" if places else "")
    sign = "-" if amount < 0 else ""
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"


def minor_units(text: str, currency: str) -> int:
    """Parse an amount as entered: 12.50 usd is 1250. Raises ValueError."""
    match = _AMOUNT.match(text.replace(",", ""))
    places = _places(currency)
    if match is None or len(match[2] or "") > places:
        raise ValueError(f"Not an amount in {currency.upper()}: {text}")
    return int(match[1] + (match[2] or "").ljust(places, "0"))


def _places(currency: str) -> int:
    return 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
