"""The second factor: an authenticator app, a passkey, and recovery codes.

django-allauth implements it; this module encrypts its secrets and decides who needs one.
"""

import base64
from datetime import UTC, datetime

from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter, get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from subscriptions.models import Membership, User
from subscriptions.policy import members
from subscriptions.policy.members import Capability


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # untyped library
    """Hooks of django-allauth: secrets are encrypted with keys derived from ``SECRET_KEY``."""

    def encrypt(self, text: str) -> str:
        """Return a secret encrypted for storage."""
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a stored secret, even if it was encrypted with one of ``SECRET_KEY_FALLBACKS``."""
        try:
            return _keys().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise ValueError(
                "encrypted with an unknown SECRET_KEY; keep old keys in SECRET_KEY_FALLBACKS"
            ) from error


def has_second_factor(user: User) -> bool:
    """Whether a user has an authenticator app or passkey, and so must use it to sign in."""
    return bool(get_adapter().is_mfa_enabled(user))


def was_used(request: HttpRequest, user: User) -> bool:
    """Whether a second factor has been used or set up in this session."""
    records = get_authentication_records(request, user)
    if any(record.get("method") == "mfa" for record in records):
        return True
    signed_in_at = min((record["at"] for record in records), default=None)
    if signed_in_at is None:
        return False
    since = datetime.fromtimestamp(signed_in_at, UTC)
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    set_up = Authenticator.objects.filter(user=user, type__in=kinds, created_at__gte=since)
    return bool(set_up.exists())


def is_missing(request: HttpRequest, membership: Membership, capability: Capability) -> bool:
    """Whether the organization requires a second factor that this session has not used.

    Users who may buy need one for everything except Members Home and the messenger.
    """
    return (
        membership.organization.second_factor_required
        and capability != Capability.VISIT
        and members.can(membership.role, Capability.BUY_LICENSES)
        and not was_used(request, membership.user)
    )


def renew_keys() -> int:
    """Reencrypt all stored secrets with ``SECRET_KEY``, to retire fallbacks; return how many.

    Rows are locked one at a time, so that simultaneous setups of a second factor are not lost.
    """
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    renewed = 0
    for pk in Authenticator.objects.filter(type__in=kinds).values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).first()
            if row is None:
                continue
            for name in _ENCRYPTED & set(row.data):
                row.data[name] = _keys().rotate(row.data[name].encode()).decode()
                renewed += 1
            row.save(update_fields=["data"])
    return renewed


# Fields of django-allauth: the secret of an app, and the seed of recovery codes.
_ENCRYPTED = {"secret", "seed"}


def _keys() -> MultiFernet:
    return MultiFernet(
        [_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"second factor").derive(
        secret.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))
