"""Secrets are changed without anybody being signed out, locked out or left unpaid."""

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

NEW = "the-new-one-the-new-one-the-new-one-the-new-one-the-new-one"


def test_who_is_signed_in_stays_signed_in(world: World, settings: Settings) -> None:
    client = Client()
    sign_in(client, world.assignor.user)
    old = settings.SECRET_KEY

    settings.SECRET_KEY_FALLBACKS = [old]
    settings.SECRET_KEY = NEW
    still = client.get("/o/lakeside/")
    settings.SECRET_KEY_FALLBACKS = []
    after = client.get("/o/lakeside/")

    assert still.status_code == HTTPStatus.OK
    # The session was signed anew on the way.
    assert after.status_code == HTTPStatus.OK


def test_without_the_old_one_everybody_signs_in_again(world: World, settings: Settings) -> None:
    client = world.client(world.assignor)

    settings.SECRET_KEY = NEW

    assert client.get("/o/lakeside/").status_code == HTTPStatus.FOUND


def test_second_factors_outlive_the_key_they_were_encrypted_under(
    world: World, settings: Settings
) -> None:
    user = world.administrator.user
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user).generate_codes()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], NEW

    call_command("renew_second_factor_keys", verbosity=0)
    settings.SECRET_KEY_FALLBACKS = []

    rows = {row.type: row for row in Authenticator.objects.filter(user=user)}
    kept = RecoveryCodes(rows[Authenticator.Type.RECOVERY_CODES]).generate_codes()
    assert kept == codes
    assert decrypt(rows[Authenticator.Type.TOTP].data["secret"]) == secret


def test_without_the_command_the_old_key_has_to_stay(world: World, settings: Settings) -> None:
    TOTP.activate(world.administrator.user, generate_totp_secret())
    settings.SECRET_KEY = NEW

    with pytest.raises(ValueError, match="keep old keys in SECRET_KEY_FALLBACKS"):
        TOTP(Authenticator.objects.get(type=Authenticator.Type.TOTP)).validate_code("123456")


@pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
def test_either_signature_of_the_processor_counts_meanwhile(
    world: World, stripe: SandboxControl, settings: Settings, secret: str
) -> None:
    purchase = world.buy(10)
    world.pay(purchase)
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]

    response = deliver(completed(purchase.session_id), secret=secret)

    assert response.status_code == HTTPStatus.OK
    assert world.held() == 35


def test_the_old_signature_is_refused_afterwards(world: World, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]

    assert deliver(completed("cs_test_a"), secret="whsec_old").status_code == 400
