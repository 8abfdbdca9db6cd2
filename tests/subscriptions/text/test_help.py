"""The help matches the rules, and is found by the words that users use."""

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from subscriptions.text import help as texts
from tests.support.pages import text_of
from tests.support.world import World

pytestmark = pytest.mark.django_db


def page(query: str = "") -> str:
    return text_of(Client().get("/help/", {"q": query} if query else {}))


def test_help_is_public() -> None:
    found = page()
    assert "How are add-on licenses priced?" in found
    assert "When can I remove licenses?" in found
    assert "Also called license spot, license slot, slot, license seat, seat." in found


def test_numbers_match_the_rules(settings: Settings) -> None:
    """R4, R10, R19, R22"""
    settings.CLOSE_AFTER_DAYS = 17
    found = page()
    assert "5, 10, 15, and so on" in found
    assert "the last 30 days of the term, including its last day" in found
    assert "in the last 30 days of the term, and after that until it is renewed" in found
    assert "5 licenses or 5,000" in found
    assert "11:59 PM Eastern Time" in found
    assert "17 days later" in found
    assert "is valid for 14 days" in found


ENGLISH = ["seat", "slots", "spot", "License seats", "SLOT", "license"]
SEARCHES = {
    "en": ENGLISH,
    "es": [*ENGLISH, "puesto", "plazas", "lugar", "lugares", "puesto de licencia"],
    "fr": [*ENGLISH, "place", "postes", "siège", "sieges", "place de licence"],
}


@pytest.mark.parametrize(
    ("language", "query"),
    [(language, query) for language in SEARCHES for query in SEARCHES[language]],
)
def test_common_words_find_licenses(language: str, query: str) -> None:
    with translation.override(language):
        topics, words = texts.find(query)

    assert "who-uses" in [one.key for one in topics]
    assert words[0].key == "license"


@pytest.mark.parametrize(
    ("language", "query"), [("es", "de"), ("fr", "de"), ("es", "de zebra"), ("fr", "de zebra")]
)
def test_stop_words_find_nothing(language: str, query: str) -> None:
    with translation.override(language):
        assert texts.find(query) == ([], [])


def test_whole_question_finds_its_answer() -> None:
    topics, _ = texts.find("how do I buy more seats?")
    assert topics[0].key == "buying"
    topics, _ = texts.find("remove a seat")
    assert topics[0].key == "removing"


@pytest.mark.parametrize("query", ["zebra", "<script>", "%", "x" * 5_000, "\x00"])
def test_search_without_results_shows_the_query(query: str) -> None:
    response = Client().get("/help/", {"q": query})

    assert response.status_code == 200
    assert "No results for" in text_of(response)
    assert "<script>" not in response.content.decode().split("<main")[1].split("</main")[0]


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("/o/lakeside/licenses/add/", ["pricing", "removing", "when-to-add"]),
        ("/o/lakeside/settings/subscription/", ["pricing", "removing", "renewal", "expiration"]),
        ("/o/lakeside/users/", ["who-uses", "who-may"]),
        ("/o/lakeside/users/add/", ["who-uses"]),
        ("/pricing/", ["pricing", "buying", "paying", "removing"]),
    ],
)
def test_pages_link_to_related_answers(world: World, path: str, keys: list[str]) -> None:
    text = text_of(world.client(world.assignor).get(path))

    for key in keys:
        assert texts.topic(key).question in text
