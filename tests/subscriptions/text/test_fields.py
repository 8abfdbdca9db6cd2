"""Cleaning of pasted names."""

import pytest

from subscriptions.text.fields import NameField


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("Ann\tLee", "Ann Lee"),
        (" Ann \u00a0 Lee\n", "Ann Lee"),
        ("Ann\x00 L\x07ee\x85", "Ann Lee"),
    ],
)
def test_pasted_name_becomes_one_line(pasted: str, name: str) -> None:
    assert NameField().to_python(pasted) == name
