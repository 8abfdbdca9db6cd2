"""Rate limits by IP address, user, organization or mailbox.

django-allauth counts them in the cache, in real time; the rates are in the settings
(``ACCOUNT_RATE_LIMITS``). Limits that depend on declined cards are a rule
(``policy.card_testing``).
"""

from collections.abc import Sequence

from allauth.core import ratelimit
from django.http import HttpRequest

from subscriptions.models import Membership

# In a roster of up to this many people, each address counts toward the limit.
SMALL_ROSTER = 100


def allows_message_without_account(request: HttpRequest) -> bool:
    """Whether a visitor may write to support (R28)."""
    return _count(request, "message_without_account")


def allows_joining(request: HttpRequest) -> bool:
    """Whether a join code may be tried; limited so that codes cannot be guessed."""
    return _count(request, "join")


def allows_invitation(request: HttpRequest, email: str) -> bool:
    """Whether ``email`` may be sent an invitation; limited so that no mailbox is flooded (R4)."""
    return _count(request, "invite") and _count(request, "invite_address", key=email.lower())


def allows_roster_invitations(request: HttpRequest, emails: Sequence[str]) -> bool:
    """Whether a roster's invitations may be sent.

    A large roster floods no mailbox. A small one could be added over and over, so its people count
    as if they were added one by one.
    """
    if len(emails) > SMALL_ROSTER:
        return True
    counted = [_count(request, "invite_address", key=email.lower()) for email in emails]
    return all(counted)


def allows_import(request: HttpRequest) -> bool:
    """Whether a roster may be read; limited because reading one takes a lot of work."""
    return _count(request, "import")


def allows_checkout(request: HttpRequest, member: Membership) -> bool:
    """Whether a payment page may be opened for an organization."""
    return _count(request, "checkout", key=str(member.organization.pk))


def allows_subscribing(request: HttpRequest) -> bool:
    """Whether a visitor may open a payment page; limited to hinder testing stolen cards."""
    return _count(request, "subscribe")


def _count(request: HttpRequest, action: str, *, key: str | None = None) -> bool:
    user = request.user if request.user.is_authenticated else None
    return bool(ratelimit.consume(request, action=action, key=key, user=user))
