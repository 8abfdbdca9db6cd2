"""Asking for the password again where the sign-in is old: before buying, before role changes.

In real time: the clock that tests and the demo move has nothing to do with sessions.
"""

import time
from datetime import timedelta

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest


def is_recent(request: HttpRequest, within: timedelta) -> bool:
    """Whether the person has signed in, or confirmed it, less than ``within`` ago."""
    records = get_authentication_records(request, request.user)
    newest = max((record["at"] for record in records), default=0.0)
    return bool(time.time() - newest < within.total_seconds())


def require(request: HttpRequest, within: timedelta) -> None:
    """Go on only where the sign-in is recent.

    Raises ReauthenticationRequired: django-allauth asks for the password or the second factor, and
    then does what was asked for, with everything that was typed.
    """
    if not is_recent(request, within):
        raise ReauthenticationRequired
