"""The help: its questions, its glossary, and synonyms for its search.

An answer is a template, ``templates/text/help/<key>.html``. Its numbers come from rules and
settings, so they are always right.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subscriptions.policy.add_ons import GROUP_SIZE
from subscriptions.policy.calendar import RENEWAL_WINDOW_DAYS
from subscriptions.policy.members import INVITATION_LIFE
from subscriptions.text import formats, search

# Links use the keys; the page shows the questions in this order.
QUESTIONS = {
    "buying": gettext_lazy("How do I buy licenses?"),
    "pricing": gettext_lazy("How are add-on licenses priced?"),
    "paying": gettext_lazy("How can I pay?"),
    "when-to-add": gettext_lazy("When can I add licenses?"),
    "expiration": gettext_lazy("When do licenses expire?"),
    "renewal": gettext_lazy("How does renewal work?"),
    "removing": gettext_lazy("When can I remove licenses?"),
    "who-uses": gettext_lazy("Who uses a license?"),
    "who-may": gettext_lazy("Who can buy licenses and add users?"),
    "support": gettext_lazy("How do I reach support?"),
}


@dataclass(frozen=True)
class Topic:
    """A question and its answer."""

    key: str
    question: str
    answer: SafeString


@dataclass(frozen=True)
class Word:
    """A term of the glossary, its meaning, and its synonyms."""

    key: str
    word: str
    meaning: str
    also: tuple[str, ...] = field(default=())


def topics() -> list[Topic]:
    """Return all questions, in the page's language."""
    return [topic(key) for key in QUESTIONS]


def topic(key: str) -> Topic:
    """Return a question with its answer."""
    numbers = {
        "group": GROUP_SIZE,
        "second": 2 * GROUP_SIZE,
        "third": 3 * GROUP_SIZE,
        "many": formats.number(5_000),
        "days": RENEWAL_WINDOW_DAYS,
        "close": settings.CLOSE_AFTER_DAYS,
        "time": formats.last_minute(),
        "invitation_days": INVITATION_LIFE.days,
    }
    return Topic(key, str(QUESTIONS[key]), render_to_string(f"text/help/{key}.html", numbers))


def find(query: str) -> tuple[list[Topic], list[Word]]:
    """Return the questions and terms that match a search, best first."""
    all_topics = {one.key: one for one in topics()}
    words = {one.key: one for one in glossary()}
    others = _synonyms(words.values())
    found_topics = search.find(query, [_text(one) for one in all_topics.values()], others)
    found_words = search.find(
        query, [search.Text(one.key, one.word, one.meaning) for one in words.values()], others
    )
    # The terms found keep the order of the glossary, most important first.
    return (
        [all_topics[key] for key in found_topics],
        [word for key, word in words.items() if key in found_words],
    )


def _text(one: Topic) -> search.Text:
    return search.Text(one.key, one.question, strip_tags(one.answer))


def _synonyms(words: Iterable[Word]) -> dict[str, str]:
    """Map each word in a synonym to the term that the screens use.

    English synonyms are included in all languages, because people use them. Short words ("de") are
    skipped.
    """
    with translation.override("en"):
        english = {one.key: one.also for one in glossary()}
    return {
        part: one.word.casefold()
        for one in words
        for name in (*english[one.key], *one.also)
        for part in name.casefold().split()
        if len(part) >= search.MIN_WORD_LENGTH
    }


def glossary() -> list[Word]:
    """Return the glossary, most important term first."""
    return [
        Word(
            "license",
            _("License"),
            _("Each user needs one."),
            (
                _("license spot"),
                _("license slot"),
                _("slot"),
                _("license seat"),
                _("seat"),
            ),
        ),
        Word(
            "add-on",
            _("Add-on license"),
            _(
                "A license bought during a term, at the price per license that was locked in when "
                "the term began. It expires together with the rest of the subscription."
            ),
        ),
        Word("term", _("Term"), _("One paid period of the subscription.")),
        Word(
            "package",
            _("Package"),
            _(
                "An entry on the price list: price per license, length of the term, and minimum "
                "number of licenses."
            ),
        ),
        Word("held", _("Held"), _("The licenses the organization has at a given time.")),
        Word("in-use", _("In use"), _("Licenses of users who have joined or been invited.")),
        Word(
            "window",
            _("Renewal window"),
            _("The last %(days)s days of a term, when it can be renewed.")
            % {"days": RENEWAL_WINDOW_DAYS},
        ),
    ]
