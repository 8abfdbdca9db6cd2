"""Security headers of every page, checked by the rules of common scanners.

A page that follows all rules is rated A+.
"""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.support.factories import UserFactory
from tests.support.urls import named_urls
from tests.support.world import World

pytestmark = pytest.mark.one_database

HALF_A_YEAR = 15_768_000


def policy_of(headers: dict[str, str]) -> dict[str, list[str]]:
    directives = [part.split() for part in headers.get("content-security-policy", "").split(";")]
    return {words[0]: words[1:] for words in directives if words}


def has_strict_policy(headers: dict[str, str]) -> bool:
    policy = policy_of(headers)
    sources = [source for words in policy.values() for source in words]
    required = {
        "default-src": ["'none'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
    }
    unrestricted = {"'unsafe-inline'", "'unsafe-eval'", "*", "http:", "https:"} & set(sources)
    return not unrestricted and required.items() <= policy.items() and "form-action" in policy


def enforces_https(headers: dict[str, str]) -> bool:
    words = headers.get("strict-transport-security", "").replace(" ", "").split(";")
    age = next((word.removeprefix("max-age=") for word in words if "max-age=" in word), "0")
    return int(age) >= HALF_A_YEAR


RULES: dict[str, Callable[[dict[str, str]], bool]] = {
    "content security policy forbids inline code": has_strict_policy,
    "strict transport security lasts half a year or more": enforces_https,
    "content type is not guessed": lambda h: h.get("x-content-type-options") == "nosniff",
    "page cannot be framed": lambda h: h.get("x-frame-options") == "DENY",
    "referrer is not sent to other sites": lambda h: (
        h.get("referrer-policy") in {"same-origin", "no-referrer", "strict-origin"}
    ),
    "device features are disabled": lambda h: "camera=()" in h.get("permissions-policy", ""),
    "opener is isolated": lambda h: h.get("cross-origin-opener-policy") == "same-origin",
    "framework is not named": lambda h: "x-powered-by" not in h,
}


def broken_rules(response: object) -> list[str]:
    headers = {name.lower(): value for name, value in response.headers.items()}  # type: ignore[attr-defined]
    return [name for name, holds in RULES.items() if not holds(headers)]


def every_page(world: World) -> Iterator[str]:
    """Return every URL outside the admin whose arguments are known."""
    known = {"slug": "lakeside", "key": world.observer.key}
    for one in named_urls():
        if one.is_route and not one.name.startswith("admin:") and {*one.arguments} <= {*known}:
            yield reverse(one.name, kwargs={name: known[name] for name in one.arguments})


@pytest.fixture
def production_settings(settings: Settings) -> Settings:
    """Apply the production settings for HTTPS."""
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_SSL_REDIRECT = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    return settings


def test_every_page_follows_all_rules(world: World, production_settings: Settings) -> None:
    superuser = UserFactory.create(is_staff=True, is_superuser=True)
    pages = set(every_page(world)) | {"/admin/", "/admin/billing/purchase/", "/nothing/"}
    assert len(pages) > 40
    clients = (Client(), world.client(world.administrator), world.client(superuser))
    violations = {}
    for path in sorted(pages):
        for client in clients:
            response = client.get(path, secure=True)
            if found := broken_rules(response):
                violations[path] = found

    assert violations == {}


@pytest.mark.parametrize("path", ["/", "/pricing/", "/accounts/login/", "/admin/", "/nothing/"])
def test_http_redirects_to_https(client: Client, production_settings: Settings, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 301
    assert response.headers["Location"] == f"https://testserver{path}"


def test_cookies_are_protected_from_scripts_other_sites_and_http(
    world: World, production_settings: Settings
) -> None:
    client = world.client(world.assignor)
    client.get("/o/lakeside/licenses/add/", secure=True)
    client.get("/accounts/login/", secure=True)
    response = client.get("/o/lakeside/licenses/add/", secure=True)

    for cookie in response.cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
    assert response.cookies


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({"STRIPE_API_BASE": ""}, "https://checkout.stripe.com"),
        (
            {"STRIPE_API_BASE": "", "CHECKOUT_ORIGIN": "https://pay.licenses.example"},
            "https://pay.licenses.example",
        ),
        ({"STRIPE_API_BASE": "http://127.0.0.1:12111/x"}, "http://127.0.0.1:12111"),
    ],
)
def test_forms_submit_only_to_our_site_and_the_payment_page(
    client: Client, settings: Settings, changes: dict[str, str], origin: str, db: None
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)

    response = client.get("/pricing/")

    headers = {name.lower(): value for name, value in response.headers.items()}
    assert policy_of(headers)["form-action"] == ["'self'", origin]


def test_urls_include_all_apps() -> None:
    namespaces = {one.name.partition(":")[0] for one in named_urls()}

    assert {"admin", "billing", "subscriptions"} <= namespaces
