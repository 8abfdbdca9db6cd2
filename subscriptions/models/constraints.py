"""Constraints that several models share."""

from collections.abc import Iterable

from django.db import models

from subscriptions.policy.prices import CURRENCIES


def currency_is_sold(model: str) -> models.CheckConstraint:
    """The currency is one that is sold in: all of them have two decimals."""
    return models.CheckConstraint(
        condition=models.Q(currency__in=CURRENCIES), name=f"{model}_currency_is_sold"
    )


def one_of(model: str, field: str, values: Iterable[str]) -> models.CheckConstraint:
    """A choice field holds one of its choices, whoever writes it."""
    return models.CheckConstraint(
        condition=models.Q(**{f"{field}__in": [str(value) for value in values]}),
        name=f"{model}_{field}_is_known",
    )
