"""Form fields used by several packages."""

from typing import Any

from django import forms

from subscriptions.policy.roster_import import one_line
from subscriptions.text.addresses import clean_address


class EmailField(forms.EmailField):
    """An address that may be pasted as "Eve <eve@…>", as a link, or with invisible characters."""

    def to_python(self, value: Any) -> str:
        """Return the bare address in lower case."""
        return clean_address(super().to_python(value) or "")


class NameField(forms.CharField):
    """A person's name on one line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=120, strip=True, **kwargs)

    def to_python(self, value: Any) -> str:
        """Keep line breaks and control characters out of names, mail subjects and headers."""
        return one_line(super().to_python(value) or "")
