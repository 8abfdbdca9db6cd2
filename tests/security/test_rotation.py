"""Secret rotation: no one is signed out or locked out, and no payment is lost."""

from http import HTTPStatus

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.utils import decrypt
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from billing.sandbox.control.client import SandboxControl
from tests.billing.deliveries import completed, deliver
from tests.support.world import World, sign_in

NEW = "the-new-key-the-new-key-the-new-key-the-new-key-the-new-key"


def test_signed_in_users_stay_signed_in(world: World, settings: Settings) -> None:
    client = Client()
    sign_in(client, world.assignor.user)
    old = settings.SECRET_KEY

    settings.SECRET_KEY_FALLBACKS = [old]
    settings.SECRET_KEY = NEW
    with_fallback = client.get("/o/lakeside/")
    settings.SECRET_KEY_FALLBACKS = []
    without_fallback = client.get("/o/lakeside/")

    assert with_fallback.status_code == HTTPStatus.OK
    # The first request re-signed the session.
    assert without_fallback.status_code == HTTPStatus.OK


def test_everyone_is_signed_out_without_the_old_key(world: World, settings: Settings) -> None:
    client = world.client(world.assignor)

    settings.SECRET_KEY = NEW

    assert client.get("/o/lakeside/").status_code == HTTPStatus.FOUND


def test_second_factors_survive_key_rotation(world: World, settings: Settings) -> None:
    user = world.administrator.user
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user).generate_codes()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW

    call_command("renew_second_factor_keys", verbosity=0)
    settings.SECRET_KEY_FALLBACKS = []

    rows = {row.type: row for row in Authenticator.objects.filter(user=user)}
    decrypted = RecoveryCodes(rows[Authenticator.Type.RECOVERY_CODES]).generate_codes()
    assert decrypted == codes
    assert decrypt(rows[Authenticator.Type.TOTP].data["secret"]) == secret


def test_old_key_is_required_until_the_command_has_run(world: World, settings: Settings) -> None:
    TOTP.activate(world.administrator.user, generate_totp_secret())
    settings.SECRET_KEY = NEW

    with pytest.raises(ValueError, match="keep old keys in SECRET_KEY_FALLBACKS"):
        TOTP(Authenticator.objects.get(type=Authenticator.Type.TOTP)).validate_code("123456")


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
def test_both_webhook_secrets_are_accepted_during_rotation(
    world: World, stripe: SandboxControl, settings: Settings, secret: str
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]

    response = deliver(completed(purchase.session_id), secret=secret)

    assert response.status_code == HTTPStatus.OK
    assert world.held() == 35


def test_old_webhook_secret_is_refused_afterwards(world: World, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]

    assert deliver(completed("cs_test_a"), secret="whsec_old").status_code == 400
