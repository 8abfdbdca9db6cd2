"""What visitors, search engines and link previews see."""

import re
from http import HTTPStatus

import pytest
from django.test import Client

from subscriptions.models import Package
from tests.journeys.pages import pages_of
from tests.support.world import World

PUBLIC = ["/", "/pricing/", "/purchase/", "/help/"]
NOT_INDEXED = '<meta name="robots" content="noindex">'
DESCRIPTION = re.compile(r'<meta name="description" content="([^"]{50,160})">')


def page(address: str, client: Client | None = None) -> str:
    return (client or Client()).get(address, follow=True).content.decode()


def test_front_page_shows_the_price_and_the_main_links(world: World) -> None:
    package = Package.objects.filter(is_offered=True).earliest("pk")
    hidden = Package.objects.create(
        name="Withdrawn", unit_amount=900, currency="usd", minimum_licenses=10, is_offered=False
    )

    html = page("/")

    assert package.name in html
    assert "$5.00" in html
    assert hidden.name not in html
    for address in ("/purchase/", "/accounts/login/", "/help/", "/pricing/"):
        assert f'href="{address}"' in html


def test_front_page_says_when_no_packages_are_offered(world: World) -> None:
    Package.objects.update(is_offered=False)

    assert "No packages are available" in page("/")


def test_signed_in_user_is_redirected_to_the_organization(world: World) -> None:
    response = world.client(world.assignor).get("/")

    assert (response.status_code, response.headers["Location"]) == (302, "/o/lakeside/")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_page_has_a_description(world: World, address: str) -> None:
    html = page(address)

    assert NOT_INDEXED not in html
    assert DESCRIPTION.search(html)
    for name in ("title", "description", "url", "image"):
        assert f'<meta property="og:{name}" content="' in html
    assert f'<meta property="og:url" content="http://testserver{address}">' in html


def test_descriptions_are_unique(world: World) -> None:
    found = {match.group(1) for match in map(DESCRIPTION.search, map(page, PUBLIC)) if match}

    assert len(found) == len(PUBLIC)


@pytest.mark.usefixtures("stripe")
def test_no_other_page_is_indexed(world: World) -> None:
    client = world.client(world.administrator)
    for address in pages_of(world):
        assert NOT_INDEXED in page(address, client), address
    for address in ("/accounts/login/", "/messages/", "/join/", "/help/?q=seat", "/no-such-page/"):
        assert NOT_INDEXED in page(address), address


@pytest.mark.parametrize(
    ("address", "kind"), [("/favicon.ico", "image/"), ("/robots.txt", "text/plain")]
)
def test_root_files_for_browsers_and_robots_exist(address: str, kind: str) -> None:
    response = Client().get(address)

    assert response.status_code == HTTPStatus.OK
    assert response.headers["Content-Type"].startswith(kind)
    assert b"".join(response)


def test_robots_are_excluded_from_pages_that_require_sign_in() -> None:
    lines = b"".join(Client().get("/robots.txt")).decode().splitlines()

    assert {"Disallow: /admin/", "Disallow: /o/"} <= set(lines)
    assert "Disallow: /" not in lines
