"""Parse keys and numbers from URLs, forms and the payment processor."""

from uuid import UUID

# Any number of 18 digits fits into a 64-bit key.
_MAX_DIGITS = 18


def read_number(text: str) -> int | None:
    """Return a whole number of at most 18 digits 0 to 9; None for anything else."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_number else None


def read_uuid(text: str) -> UUID | None:
    """Return a UUID in any notation; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None
