"""Keys and numbers as they come from outside: in addresses, forms, and what the processor says."""

from uuid import UUID

# All numbers of so many digits fit into the 64 bits of a key.
_MOST_DIGITS = 18


def read_number(text: str) -> int | None:
    """A whole number of at most 18 digits 0 to 9; None for anything else."""
    is_one = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if is_one else None


def read_uuid(text: str) -> UUID | None:
    """A UUID in any of its spellings; else None."""
    try:
        return UUID(text)
    except ValueError:
        return None
