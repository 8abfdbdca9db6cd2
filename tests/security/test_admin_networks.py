"""The Django admin for some networks only."""

import pytest
from django.test import Client
from pytest_django import Settings

from licensing_site.security.admin_networks import AdminNetworks
from tests.support.world import World


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/billing/purchase/"])
@pytest.mark.parametrize(
    ("address", "is_let_in"),
    [("192.0.2.1", True), ("192.0.2.255", True), ("192.0.3.0", False), ("2001:db8::1", True)],
)
def test_others_find_no_admin(settings: Settings, path: str, address: str, is_let_in: bool) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24", "2001:db8::/32"]

    response = Client(REMOTE_ADDR=address).get(path)

    assert (response.status_code == 404) == (not is_let_in)


def test_everything_else_is_for_everybody(world: World, settings: Settings) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24"]

    assert world.client(world.assignor).get("/o/lakeside/").status_code == 200


@pytest.mark.django_db
def test_a_header_moves_nobody_inside(settings: Settings) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24"]
    client = Client(REMOTE_ADDR="198.51.100.7")

    response = client.get("/admin/", headers={"X-Forwarded-For": "192.0.2.1"})

    assert response.status_code == 404


@pytest.mark.django_db
def test_behind_a_trusted_proxy_its_word_counts(settings: Settings) -> None:
    settings.ADMIN_NETWORKS = ["192.0.2.0/24"]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client = Client(REMOTE_ADDR="10.0.0.1")

    # What the visitor sent stands first; the proxy has added whom it saw.
    forged = client.get("/admin/", headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.7"})
    inside = client.get("/admin/", headers={"X-Forwarded-For": "198.51.100.7, 192.0.2.1"})

    assert forged.status_code == 404
    assert inside.status_code == 302


def test_it_costs_nothing_where_it_is_not_used(settings: Settings) -> None:
    from django.core.exceptions import MiddlewareNotUsed

    settings.ADMIN_NETWORKS = []

    with pytest.raises(MiddlewareNotUsed):
        AdminNetworks(lambda request: None)  # type: ignore[arg-type, return-value]
