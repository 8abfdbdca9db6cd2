"""Purchases and what the processor told us, in the Django admin; and what support does there."""

from billing.admin import (
    discounts,
    events,
    organizations,
    problems,
    purchases,
    records,
    removals,
)

__all__ = [
    "discounts",
    "events",
    "organizations",
    "problems",
    "purchases",
    "records",
    "removals",
]
