"""A discount without a database."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Discount:
    basis_points: int = 0
    amount: int = 0
    currency: str = "usd"
    valid_from: date | None = None
    valid_until: date | None = None
