"""Require a recent sign-in before purchases and role changes.

This uses real time, because sessions do not follow the clock of tests and the demo.
"""

import time
from datetime import timedelta

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ReauthenticationRequired
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from subscriptions.models import User
from subscriptions.policy import members
from subscriptions.policy.members import Capability


def sign_in(request: HttpRequest, user: User) -> None:
    """Sign in someone who has just set a password, as if they had entered it to sign in."""
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    record_authentication(request, user, method="password")
    # Otherwise "sign out everywhere" would miss this session.
    UserSession.objects.create_from_request(request)


def require_for_role(request: HttpRequest, role: str) -> None:
    """Require a recent sign-in before assigning a role that may buy.

    Raises ReauthenticationRequired.
    """
    if members.can(role, Capability.BUY_LICENSES):
        require(request, timedelta(seconds=settings.REAUTHENTICATE_BEFORE_ROLES))


def is_recent(request: HttpRequest, within: timedelta) -> bool:
    """Whether the user has signed in or reauthenticated within this time."""
    records = get_authentication_records(request, request.user)
    newest = max((record["at"] for record in records), default=0.0)
    return bool(time.time() - newest < within.total_seconds())


def require(request: HttpRequest, within: timedelta) -> None:
    """Require a recent sign-in.

    Raises ReauthenticationRequired: django-allauth asks for the password or second factor, and then
    repeats the request with everything the user entered.
    """
    if not is_recent(request, within):
        raise ReauthenticationRequired
