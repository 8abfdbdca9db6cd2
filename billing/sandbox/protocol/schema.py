"""Allowed parameters of each request, read from the types of the official SDK.

Names and words unknown to Stripe are therefore refused here too, and a new version of the SDK
brings Stripe's additions.
"""

from __future__ import annotations

import sys
import typing
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, ForwardRef, Literal, NotRequired

import stripe.params.checkout
import stripe.params.radar
from stripe import RequestOptions

from billing.sandbox.protocol.parameters import ListOf, Spec, Table

_SCALARS: dict[Any, Spec] = {
    bool: "flag",
    int: "whole",
    str: "text",
    float: "text",
    Decimal: "text",
}


def build_table(params: Any) -> Table:
    """Return the table of a TypedDict of the SDK, without the options of the call itself."""
    names = params.__annotations__.keys() - RequestOptions.__annotations__.keys()
    return {name: _spec(params.__annotations__[name], params) for name in names}


def _spec(hint: Any, owner: Any) -> Spec:
    kinds = list(_kinds(hint, owner))
    # A union of words and any string allows words the SDK may not know yet.
    if words := tuple(kind for kind in kinds if isinstance(kind, str)):
        return words
    for kind in kinds:
        # A TypedDict of ``typing`` or ``typing_extensions``.
        if hasattr(kind, "__required_keys__"):
            # A moment, or bounds of it.
            return "moment_range" if int in kinds else build_table(kind)
        if typing.get_origin(kind) is list:
            return ListOf(_spec(typing.get_args(kind)[0], owner))
        if typing.get_origin(kind) is dict:
            return "metadata"
        if kind in _SCALARS:
            return _SCALARS[kind]
    raise TypeError(f"{owner.__name__}: {hint}")


def _kinds(hint: Any, owner: Any) -> typing.Iterator[Any]:
    """Return the members of a union; words as they are, except the empty one, which unsets."""
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        hint = eval(hint, vars(sys.modules[owner.__module__]))  # noqa: S307  # the SDK's own hint
    if typing.get_origin(hint) in (typing.Union, UnionType, NotRequired):
        for member in typing.get_args(hint):
            yield from _kinds(member, owner)
    elif typing.get_origin(hint) is Literal:
        yield from filter(None, typing.get_args(hint))
    elif hint is not NoneType:
        yield hint


SESSION_CREATE = build_table(stripe.params.checkout.SessionCreateParams)
SESSION_LIST = build_table(stripe.params.checkout.SessionListParams)
LINE_ITEM_LIST = build_table(stripe.params.checkout.SessionListLineItemsParams)
RETRIEVE = build_table(stripe.params.checkout.SessionRetrieveParams)
PAYMENT_INTENT_LIST = build_table(stripe.params.PaymentIntentListParams)
CHARGE_LIST = build_table(stripe.params.ChargeListParams)
REFUND_LIST = build_table(stripe.params.RefundListParams)
REFUND_CREATE = build_table(stripe.params.RefundCreateParams)
REFUND_CANCEL = build_table(stripe.params.RefundCancelParams)
DISPUTE_LIST = build_table(stripe.params.DisputeListParams)
EARLY_FRAUD_WARNING_LIST = build_table(stripe.params.radar.EarlyFraudWarningListParams)
EVENT_LIST = build_table(stripe.params.EventListParams)
