"""How often things may be done from one address, by one person, for one organization or mailbox.

Counted by django-allauth in the cache, in real time; the rates stand in the settings
(``ACCOUNT_RATE_LIMITS``). What depends on how payments went is a rule of its own
(``policy.card_testing``).
"""

from collections.abc import Sequence

from allauth.core import ratelimit
from django.http import HttpRequest

from subscriptions.models import Membership

# People of a roster up to which each of their addresses is counted.
SMALL_ROSTER = 100


def allows_message_without_account(request: HttpRequest) -> bool:
    """A stranger writes to support (R28)."""
    return _count(request, "message_without_account")


def allows_joining(request: HttpRequest) -> bool:
    """Somebody asks to join by a code, which could be guessed at."""
    return _count(request, "join")


def allows_invitation(request: HttpRequest, email: str) -> bool:
    """An invitation is to go to ``email``: nobody's mailbox is filled by adding them again (R4)."""
    return _count(request, "invite") and _count(request, "invite_address", key=email.lower())


def allows_invitations_of(request: HttpRequest, emails: Sequence[str]) -> bool:
    """The same for a roster that is added. One of many people fills nobody's mailbox by itself;
    small ones, which could be sent again and again, count like people added one by one.
    """
    if len(emails) > SMALL_ROSTER:
        return True
    counted = [_count(request, "invite_address", key=email.lower()) for email in emails]
    return all(counted)


def allows_import(request: HttpRequest) -> bool:
    """A roster is read in, which is work for the server."""
    return _count(request, "import")


def allows_checkout(request: HttpRequest, member: Membership) -> bool:
    """A payment page is to be made for an organization."""
    return _count(request, "checkout", key=str(member.organization.pk))


def allows_subscribing(request: HttpRequest) -> bool:
    """A payment page is to be made for a stranger, as somebody would who tries out stolen cards."""
    return _count(request, "subscribe")


def _count(request: HttpRequest, action: str, *, key: str | None = None) -> bool:
    user = request.user if request.user.is_authenticated else None
    return bool(ratelimit.consume(request, action=action, key=key, user=user))
