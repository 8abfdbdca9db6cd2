"""Parsing numbers and UUIDs from requests."""

from uuid import UUID

import pytest

from subscriptions.text.ids import read_number, read_uuid

pytestmark = pytest.mark.one_database

KEY = UUID("9f1b0c1e-3c55-4b1e-9f0a-3a6f0e1d2c3b")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0", 0), ("007", 7), ("9" * 18, 10**18 - 1), ("9" * 19, None)],
        *[("", None), (" 7", None), ("-1", None), ("+1", None), ("1.0", None), ("1e3", None)],
        *[("²", None), ("１", None), ("\u0665", None), ("7\x00", None)],
    ],
)
def test_only_short_ascii_numbers_are_accepted(text: str, number: int | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("text", "key"),
    [
        *[(str(KEY), KEY), (KEY.hex, KEY), (KEY.urn, KEY), (f"{{{KEY}}}", KEY)],
        *[("", None), ("nonsense", None), (str(KEY)[:-1], None), (f"{KEY}0", None)],
    ],
)
def test_uuid_is_accepted_in_any_format(text: str, key: UUID | None) -> None:
    assert read_uuid(text) == key
