"""Full-text search with synonyms."""

import pytest

from subscriptions.text.search import MIN_WORD_LENGTH, Text, find

pytestmark = pytest.mark.one_database

TEXTS = [
    Text("pricing", "How licenses are priced", "At the price of the term."),
    Text("removing", "When can I remove licenses?", "While renewal is open."),
    Text("support", "Reaching support", "With the button."),
]
SYNONYMS = {"seat": "license"}


def test_prefix_of_a_word_matches() -> None:
    assert find("pric", TEXTS, SYNONYMS) == ["pricing"]


def test_synonyms_match_in_any_number_and_case() -> None:
    for query in ("seat", "Seats", "license", "licenses"):
        assert find(query, TEXTS, SYNONYMS) == ["pricing", "removing"]


def test_half_of_the_words_must_match_and_more_rank_higher() -> None:
    assert find("remove seat", TEXTS, SYNONYMS) == ["removing", "pricing"]
    assert find("remove zebra", TEXTS, SYNONYMS) == ["removing"]
    assert find("zebra stripes remove", TEXTS, SYNONYMS) == []


def test_empty_query_finds_nothing() -> None:
    for query in ("", "  ", "a I", "?!"):
        assert find(query, TEXTS, SYNONYMS) == []


def test_accents_are_optional() -> None:
    texts = [Text("term", "Período", "Un plazo pagado."), Text("other", "Otra", "cosa")]

    assert find("periodo", texts, {}) == find("PERÍODO", texts, {}) == ["term"]
    assert find("siège", [Text("a", "Licence", "")], {"siege": "licence"}) == ["a"]


class TestRanking:
    TEXTS = [
        Text("body", "Other things", "a license, a renewal"),
        Text("title", "License prices", "nothing else"),
        Text("both", "Renewal", "of a license renewal"),
    ]

    def test_word_in_the_title_ranks_higher(self) -> None:
        assert find("license", self.TEXTS, {})[0] == "title"

    def test_word_in_title_and_body_ranks_highest(self) -> None:
        assert find("renewal", self.TEXTS, {}) == ["both", "body"]

    def test_body_counts_in_addition_to_the_title(self) -> None:
        texts = [*self.TEXTS, Text("more", "License prices", "of a license")]

        assert find("license", texts, {})[0] == "more"

    @pytest.mark.parametrize("word", ["seat", "seats", "Seat"])
    def test_synonyms_match(self, word: str) -> None:
        assert "title" in find(word, self.TEXTS, {"seat": "license"})

    def test_irregular_plural_takes_precedence(self) -> None:
        synonyms = {"spots": "license", "spot": "renewal"}

        assert find("spots", self.TEXTS, synonyms)[0] == "title"

    def test_only_shorter_words_are_ignored(self) -> None:
        short = "x" * MIN_WORD_LENGTH
        texts = [Text("one", short, "")]

        assert find(short, texts, {}) == ["one"]
        assert find(short[1:], texts, {}) == []
