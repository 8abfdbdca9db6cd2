"""The Django admin, restricted to certain networks."""

import pytest
from django.test import Client
from pytest_django import Settings

from licensing_site.security.admin_networks import AdminNetworks
from tests.support.world import World


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/billing/purchase/"])
@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [("192.0.2.1", True), ("192.0.2.255", True), ("192.0.3.0", False), ("2001:db8::1", True)],
)
def test_other_networks_get_404_for_the_admin(
    settings: Settings, path: str, address: str, is_allowed: bool
) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24", "2001:db8::/32"]

    response = Client(REMOTE_ADDR=address).get(path)

    assert (response.status_code == 404) == (not is_allowed)


def test_other_pages_are_not_restricted(world: World, settings: Settings) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24"]

    assert world.client(world.assignor).get("/o/lakeside/").status_code == 200


@pytest.mark.django_db
def test_forged_header_gives_no_access(settings: Settings) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24"]
    client = Client(REMOTE_ADDR="198.51.100.7")

    response = client.get("/admin/", headers={"X-Forwarded-For": "192.0.2.1"})

    assert response.status_code == 404


@pytest.mark.django_db
def test_header_of_a_trusted_proxy_is_used(settings: Settings) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24"]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client = Client(REMOTE_ADDR="10.0.0.1")

    # The client's own value comes first; the proxy appends the address it received from.
    forged = client.get("/admin/", headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.7"})
    allowed = client.get("/admin/", headers={"X-Forwarded-For": "198.51.100.7, 192.0.2.1"})

    assert forged.status_code == 404
    assert allowed.status_code == 302


def test_middleware_is_removed_without_a_restriction(settings: Settings) -> None:
    from django.core.exceptions import MiddlewareNotUsed

    settings.ADMIN_NETWORKS = []

    with pytest.raises(MiddlewareNotUsed):
        AdminNetworks(lambda request: None)  # type: ignore[arg-type, return-value]
