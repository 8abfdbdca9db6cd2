"""The card form of the payment page, checked field by field."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.http import QueryDict

from billing.sandbox.objects import cards
from billing.sandbox.objects.cards import Card
from billing.sandbox.objects.payment import Payer

KEPT_FIELDS = ("email", "exp", "name", "country")  # shown again after an error
_MAX_YEARS_AHEAD = 50
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_EXPIRY = re.compile(r"^(\d{1,2})\s*/?\s*(\d{2}|\d{4})$")

COUNTRIES = (
    ("US", "United States"),
    ("CA", "Canada"),
    ("GB", "United Kingdom"),
    ("AU", "Australia"),
    ("AT", "Austria"),
    ("BE", "Belgium"),
    ("BR", "Brazil"),
    ("CH", "Switzerland"),
    ("DE", "Germany"),
    ("DK", "Denmark"),
    ("ES", "Spain"),
    ("FI", "Finland"),
    ("FR", "France"),
    ("IE", "Ireland"),
    ("IN", "India"),
    ("IT", "Italy"),
    ("JP", "Japan"),
    ("MX", "Mexico"),
    ("NL", "Netherlands"),
    ("NO", "Norway"),
    ("NZ", "New Zealand"),
    ("PL", "Poland"),
    ("PT", "Portugal"),
    ("SE", "Sweden"),
    ("SG", "Singapore"),
    ("ZA", "South Africa"),
)


@dataclass
class CardForm:
    """The values as entered, their errors and, if there are none, their meaning."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    card: Card | None = None
    payer: Payer | None = None


def read(data: QueryDict, *, email: str | None, now: int) -> CardForm:
    """Read and check a submitted form; a known e-mail address cannot be changed."""
    names = ("email", "number", "exp", "cvc", "name", "country")
    values = {name: str(data.get(name, "")).strip()[:200] for name in names}
    if email:
        values["email"] = email
    form = CardForm(values)
    _check_person(form)
    number = _check_number(form)
    expiry = _check_expiry(form, now)
    _check_cvc(form, number)
    if form.errors or expiry is None:
        return form
    form.card = cards.CARDS.get(number)
    form.payer = Payer(values["email"], values["name"], values["country"], *expiry)
    if form.card is None:
        form.errors["number"] = cards.NOT_A_TEST_CARD.message
    return form


def _check_person(form: CardForm) -> None:
    if not _EMAIL.match(form.values["email"]):
        form.errors["email"] = "Enter a valid e-mail address, such as name@example.com."
    if not form.values["name"]:
        form.errors["name"] = "Enter the name as it appears on the card."
    if form.values["country"] not in dict(COUNTRIES):
        form.errors["country"] = "Choose a country or region."


def _check_number(form: CardForm) -> str:
    number = cards.digits(form.values["number"])
    if not number:
        form.errors["number"] = "Enter the card number."
    elif not cards.passes_luhn(number):
        form.errors["number"] = "Your card number is invalid."
    return number


def _check_expiry(form: CardForm, now: int) -> tuple[int, int] | None:
    match = _EXPIRY.match(form.values["exp"])
    month = int(match[1]) if match else 0
    if not match or not 1 <= month <= 12:
        form.errors["exp"] = "Enter the expiration date as MM/YY."
        return None
    year = int(match[2]) + (2000 if len(match[2]) == 2 else 0)
    today = datetime.fromtimestamp(now, UTC)
    if (year, month) < (today.year, today.month):
        form.errors["exp"] = "Your card's expiration date is in the past."
    elif year > today.year + _MAX_YEARS_AHEAD:
        form.errors["exp"] = "Your card's expiration year is invalid."
    return month, year


def _check_cvc(form: CardForm, number: str) -> None:
    amex = number.startswith(("34", "37"))
    length = 4 if amex else 3
    cvc = form.values["cvc"]
    if not (cvc.isascii() and cvc.isdigit() and len(cvc) == length):
        form.errors["cvc"] = f"Enter the {length}-digit security code."
