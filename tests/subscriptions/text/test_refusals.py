"""Refusal texts: every reason has one, and facts are formatted by type."""

from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest
from django.utils import translation

from subscriptions.policy.refusal import Money, Reason, Refusal
from subscriptions.text.refusals import TEXTS, refusal_text

pytestmark = pytest.mark.one_database

EXPECTED_TEXTS = [
    (
        Refusal(Reason.ABOVE_MAXIMUM, {"most": 199_995, "maximum": Money(99_999_999, "usd")}),
        "at most $999,999.99, which is 199,995 licenses",
    ),
    (
        Refusal(Reason.NOT_IN_GROUPS, {"quantity": 1007, "nearest": (1005, 1010)}),
        "instead of 1,007",
    ),
    (Refusal(Reason.NOT_IN_GROUPS, {"quantity": 1007, "nearest": (1005, 1010)}), "1,005 or 1,010"),
    (Refusal(Reason.DISCOUNT_OVER, {"valid_until": date(2031, 6, 15)}), "Sunday, June 15, 2031"),
    (
        Refusal(Reason.TOO_MANY_DECLINES, {"until": datetime(2031, 6, 15, 16, tzinfo=UTC)}),
        "after June 15, 2031 at 12:00",
    ),
    (Refusal(Reason.NOT_A_MEMBER, {"name": "Nora %s"}), "Nora %s is no longer"),
    (
        Refusal(Reason.NO_LICENSE_FREE, {"held": 1200, "in_use": 1200, "missing": 1}),
        "1,200 of 1,200. 1 more license is needed.",
    ),
    (
        Refusal(Reason.NO_LICENSE_FREE, {"held": 5, "in_use": 5, "missing": 1100}),
        "5 of 5. 1,100 more licenses are needed.",
    ),
]


def test_every_reason_has_a_text() -> None:
    assert set(TEXTS) == set(Reason)


@pytest.mark.parametrize(("refusal", "text"), EXPECTED_TEXTS)
def test_fact_is_formatted_by_type(refusal: Refusal, text: str) -> None:
    assert text in refusal_text(Refusal(refusal.reason, MappingProxyType(dict(refusal.facts))))


def test_text_uses_the_language_active_on_access() -> None:
    refusal = Refusal(Reason.NO_LICENSE_FREE, {"held": 1200, "in_use": 1200, "missing": 1})

    with translation.override("fr"):
        french = refusal_text(refusal)

    assert "1\xa0200" in french
    assert french != refusal_text(refusal)
