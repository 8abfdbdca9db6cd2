"""Constraints shared by several models."""

from collections.abc import Iterable

from django.db import models

from subscriptions.policy.prices import CURRENCIES


def currency_is_supported(model: str) -> models.CheckConstraint:
    """Return a constraint that allows only the currencies we sell in, all with two decimals."""
    return models.CheckConstraint(
        condition=models.Q(currency__in=CURRENCIES), name=f"{model}_currency_is_sold"
    )


def one_of(model: str, field: str, values: Iterable[str]) -> models.CheckConstraint:
    """Return a constraint that allows only a field's choices, no matter what code writes it."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": [str(value) for value in values]}),
        name=f"{model}_{field}_is_known",
    )
