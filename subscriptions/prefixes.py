"""Asking how a text begins, so that an ordinary index answers on both databases."""

from django.db import connection
from django.db.models import Q

# Above every letter there is, for databases that compare by code point.
_LAST = "\U0010ffff"


def begins(field: str, text: str) -> Q:
    """``field`` begins with ``text``, for what is kept in lower case under a unique index."""
    text = text.lower()
    if connection.vendor == "sqlite":
        # Its LIKE ignores case, and such an index does not.
        return Q(**{f"{field}__gte": text, f"{field}__lt": text + _LAST})
    return Q(**{f"{field}__startswith": text})
