"""System checks for the settings that real payments need.

IDs are stable, because docs/configuration.md lists them.
"""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register, run_checks
from django.core.exceptions import ImproperlyConfigured

TAG = "licensing"


class Misconfigured(ImproperlyConfigured):
    """The server must not run with these settings."""


@register(TAG)
def check_secret_key(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    try:
        weak = len(settings.SECRET_KEY) < 32 and not settings.DEBUG
    except ImproperlyConfigured:
        weak = True
    if not weak:
        return []
    return [
        Error(
            "SECRET_KEY is missing or shorter than 32 characters.",
            hint="Set SECRET_KEY to at least 50 random characters and keep it secret.",
            id="licensing.E001",
        )
    ]


@register(TAG)
def check_hosts(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    if not settings.ALLOWED_HOSTS:
        errors.append(
            Error(
                "ALLOWED_HOSTS is empty.",
                hint="Set ALLOWED_HOSTS to this site's host names, separated by commas.",
                id="licensing.E002",
            )
        )
    if not settings.SITE_URL.startswith(("http://", "https://")):
        errors.append(
            Error(
                "SITE_URL is missing or not an http(s) URL.",
                hint="Set SITE_URL to the site's public URL, such as https://licenses.example.",
                id="licensing.E003",
            )
        )
    elif settings.STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")) and not (
        settings.SITE_URL.startswith("https://")
    ):
        errors.append(
            Error(
                "A live processor key is set, but SITE_URL is not https.",
                hint="Serve the site over https before taking real payments.",
                id="licensing.E004",
            )
        )
    return errors


@register(TAG)
def check_processor(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    key = settings.STRIPE_SECRET_KEY
    if not key.startswith(("sk_", "rk_")) and not settings.DEBUG:
        errors.append(
            Error(
                "STRIPE_SECRET_KEY is missing or not a secret key.",
                hint="Set STRIPE_SECRET_KEY to the key from the processor's dashboard (sk_…).",
                id="licensing.E005",
            )
        )
    secrets = settings.STRIPE_WEBHOOK_SECRETS
    if (not secrets and not settings.DEBUG) or not all(s.startswith("whsec_") for s in secrets):
        errors.append(
            Error(
                "STRIPE_WEBHOOK_SECRET is missing or not a signing secret.",
                hint="Set STRIPE_WEBHOOK_SECRET to the endpoint's signing secret (whsec_…).",
                id="licensing.E006",
            )
        )
    if settings.STRIPE_API_BASE and not key.startswith("sk_test_"):
        errors.append(
            Error(
                "STRIPE_API_BASE is set, but STRIPE_SECRET_KEY is not a test key.",
                hint="Only keys that begin with sk_test_ may be sent to a server other than the "
                "processor's. Unset STRIPE_API_BASE, or use a test key.",
                id="licensing.E007",
            )
        )
    return errors


@register(TAG)
def check_demo(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    if settings.DEMO and not (
        settings.STRIPE_SECRET_KEY.startswith("sk_test_") and settings.STRIPE_API_BASE
    ):
        return [
            Error(
                "DEMO is on without the local payment sandbox.",
                hint="The demo has well-known passwords. Unset DEMO, or start it with `make demo`.",
                id="licensing.E008",
            )
        ]
    return []


@register(TAG)
def check_admin_networks(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    try:
        for network in settings.ADMIN_NETWORKS:
            ip_network(network)
    except ValueError as error:
        return [
            Error(
                f"ADMIN_NETWORKS contains an invalid network: {error}.",
                hint="Use the form 192.0.2.0/24 or 2001:db8::/32, separated by commas.",
                id="licensing.E010",
            )
        ]
    return []


@register(TAG)
def check_proxy(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    is_behind_proxy = bool(settings.SECURE_PROXY_SSL_HEADER)
    if not is_behind_proxy or settings.ALLAUTH_TRUSTED_PROXY_COUNT > 0:
        return []
    return [
        Error(
            "BEHIND_TLS_PROXY is on, but TRUSTED_PROXY_COUNT is 0.",
            hint="All visitors would share the proxy's IP address, so a few wrong passwords would "
            "lock everyone out. Set it to the number of proxies in front, usually 1.",
            id="licensing.E011",
        )
    ]


def refuse_to_start_if_misconfigured() -> None:
    """Raise Misconfigured with all findings; web servers do not run system checks themselves."""
    findings = [message for message in run_checks(tags=[TAG]) if message.is_serious()]
    if findings:
        by_id = sorted(findings, key=lambda message: message.id or "")
        raise Misconfigured("\n".join(str(message) for message in by_id))
