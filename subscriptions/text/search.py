"""Search texts by their words and synonyms."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Shorter words, such as "do" and "a", are too common to search for.
MIN_WORD_LENGTH = 3


@dataclass(frozen=True)
class Text:
    """A text to search; words in its title count twice."""

    key: str
    title: str
    body: str


def find(query: str, texts: Sequence[Text], synonyms: Mapping[str, str]) -> list[str]:
    """Return the keys of the texts with at least half of the query's words, best first.

    ``synonyms`` maps other words to the word that the texts use ("seat" to "license"). Words match
    by their beginning, so that "price" finds "prices".
    """
    query_words = set(_words(query, synonyms))
    scores = {text.key: _score(query_words, text, synonyms) for text in texts}
    found = [
        key
        for key, (matched, _) in scores.items()
        if query_words and 2 * matched >= len(query_words)
    ]
    # The sort is stable, so ties keep the order of the texts.
    return sorted(found, key=lambda key: scores[key], reverse=True)


def _score(query_words: set[str], text: Text, synonyms: Mapping[str, str]) -> tuple[int, int]:
    title, body = (set(_words(part, synonyms)) for part in (text.title, text.body))
    in_title = {word for word in query_words if _begins(word, title)}
    in_body = {word for word in query_words if _begins(word, body)}
    return len(in_title | in_body), 2 * len(in_title) + len(in_body)


def _begins(word: str, words: set[str]) -> bool:
    return any(one.startswith(word) or word == f"{one}s" for one in words)


def _words(text: str, synonyms: Mapping[str, str]) -> list[str]:
    words = re.findall(r"\w+", _without_accents(text.casefold()))
    others = {_without_accents(word): _without_accents(one) for word, one in synonyms.items()}
    canonical = [_canonical(word, others) for word in words]
    return [word for word in canonical if len(word) >= MIN_WORD_LENGTH]


def _canonical(word: str, others: Mapping[str, str]) -> str:
    singulars = (word, word.removesuffix("s"), word.removesuffix("es"))
    return next((others[one] for one in singulars if one in others), word)


def _without_accents(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    return "".join(one for one in parts if not unicodedata.combining(one))
