"""Form fields that several subjects share."""

from typing import Any

from django import forms

from subscriptions.text.addresses import clean_address

# Line breaks and other control characters have no place in a name, a mail subject or a header.
_CONTROL = dict.fromkeys(range(32)) | {127: None}


class EmailField(forms.EmailField):
    """An address as it was pasted: "Eve <eve@…>", a link, or with characters nobody sees."""

    def to_python(self, value: Any) -> str:
        """The address alone, in small letters."""
        return clean_address(super().to_python(value) or "")


class NameField(forms.CharField):
    """A person's name on one line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=120, strip=True, **kwargs)

    def to_python(self, value: Any) -> str:
        """The text without control characters and doubled spaces."""
        text = super().to_python(value) or ""
        return " ".join(text.translate(_CONTROL).split())
