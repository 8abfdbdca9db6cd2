"""Searching texts by the words people use."""

import pytest

from subscriptions.text.search import Text, find

pytestmark = pytest.mark.one_database

TEXTS = [
    Text("pricing", "How licenses are priced", "At the price of the term."),
    Text("removing", "When can I remove licenses?", "While renewal is open."),
    Text("support", "Reaching support", "With the button."),
]
ALSO = {"seat": "license"}


def test_a_word_is_found_by_its_beginning() -> None:
    assert find("pric", TEXTS, ALSO) == ["pricing"]


def test_other_words_stand_for_the_usual_one_in_any_number_and_case() -> None:
    for query in ("seat", "Seats", "license", "licenses"):
        assert find(query, TEXTS, ALSO) == ["pricing", "removing"]


def test_half_of_the_words_are_enough_and_more_come_first() -> None:
    assert find("remove seat", TEXTS, ALSO) == ["removing", "pricing"]
    assert find("remove zebra", TEXTS, ALSO) == ["removing"]
    assert find("zebra stripes remove", TEXTS, ALSO) == []


def test_nothing_to_look_for_finds_nothing() -> None:
    for query in ("", "  ", "a I", "?!"):
        assert find(query, TEXTS, ALSO) == []


def test_accents_need_not_be_typed() -> None:
    texts = [Text("term", "Período", "Un plazo pagado."), Text("other", "Otra", "cosa")]

    assert find("periodo", texts, {}) == find("PERÍODO", texts, {}) == ["term"]
    assert find("siège", [Text("a", "Licence", "")], {"siege": "licence"}) == ["a"]
