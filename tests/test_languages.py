"""There are no translations yet: whatever a browser asks for, words and amounts are English."""

from http import HTTPStatus

import pytest
from django.utils import translation

from subscriptions import formats
from tests.pages import text_of
from tests.world import TERM_END, World

LANGUAGES = ["de", "de-DE,de;q=0.9", "udm", "en-GB", "fr-CA", "zh-hant", "x", ""]


@pytest.mark.parametrize("language", LANGUAGES)
def test_prices_are_in_one_language(world: World, language: str) -> None:
    world.term.package.unit_amount = 125_000
    world.term.package.save()

    response = world.client(world.assignor).get("/pricing/", HTTP_ACCEPT_LANGUAGE=language)

    assert response.status_code == HTTPStatus.OK
    assert "$1,250.00" in text_of(response)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["", "settings/subscription/", "users/", "licenses/add/"])
def test_so_is_an_organization(world: World, path: str, language: str) -> None:
    client = world.client(world.assignor)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    response = client.get(f"/o/lakeside/{path}")

    assert response.status_code == HTTPStatus.OK
    assert 'lang="en"' in response.content.decode()
    if path.endswith("subscription/"):
        assert "Wednesday, December 31, 2031" in text_of(response)


@pytest.mark.parametrize("language", ["udm", "xx", "en-us", "de"])
def test_formats_know_a_way_in_every_language(language: str) -> None:
    with translation.override(language):
        assert "2031" in formats.full_date(TERM_END)
        assert "5" in formats.money(500, "usd")
