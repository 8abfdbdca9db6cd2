"""Searching texts by the words people use."""

import pytest

from subscriptions.text.search import SHORTEST_WORD, Text, find

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


class TestSearching:
    TEXTS = [
        Text("body", "Other things", "a license, a renewal"),
        Text("title", "License prices", "nothing else"),
        Text("both", "Renewal", "of a license renewal"),
    ]

    def test_a_word_in_the_title_weighs_more(self) -> None:
        assert find("license", self.TEXTS, {})[0] == "title"

    def test_a_word_in_both_weighs_most(self) -> None:
        assert find("renewal", self.TEXTS, {}) == ["both", "body"]

    def test_the_body_counts_beside_the_title(self) -> None:
        texts = [*self.TEXTS, Text("more", "License prices", "of a license")]

        assert find("license", texts, {})[0] == "more"

    @pytest.mark.parametrize("word", ["seat", "seats", "Seat"])
    def test_other_words_lead_there(self, word: str) -> None:
        assert "title" in find(word, self.TEXTS, {"seat": "license"})

    def test_a_plural_of_its_own_wins(self) -> None:
        words = {"spots": "license", "spot": "renewal"}

        assert find("spots", self.TEXTS, words)[0] == "title"

    def test_the_shortest_word_counts(self) -> None:
        short = "x" * SHORTEST_WORD
        texts = [Text("one", short, "")]

        assert find(short, texts, {}) == ["one"]
        assert find(short[1:], texts, {}) == []
