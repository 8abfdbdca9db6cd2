"""What the help says: the one place for its questions, its glossary, and what people also say.

Numbers come from the rules and the settings, so that no text can say another one than is true.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.policy.add_ons import GROUP_SIZE
from subscriptions.policy.calendar import RENEWAL_WINDOW_DAYS
from subscriptions.policy.members import INVITATION_LIFE
from subscriptions.text import formats, search


@dataclass(frozen=True)
class Topic:
    """A question, and the paragraphs that answer it."""

    key: str
    question: str
    answer: tuple[str, ...]


@dataclass(frozen=True)
class Word:
    """A word of the screens, what it means, and what people also call it."""

    key: str
    word: str
    meaning: str
    also: tuple[str, ...] = field(default=())


def topics() -> list[Topic]:
    """Every question, in the language of the page."""
    return [*_about_buying(), *_about_the_calendar(), *_about_people()]


def topic(key: str) -> Topic:
    """One question, by the name that links lead to."""
    return next(one for one in topics() if one.key == key)


def find(query: str) -> tuple[list[Topic], list[Word]]:
    """The questions and words that a search finds, best first."""
    all_topics = {one.key: one for one in topics()}
    words = {one.key: one for one in glossary()}
    others = _other_words(words.values())
    found_topics = search.find(query, [_text(one) for one in all_topics.values()], others)
    found_words = search.find(
        query, [search.Text(one.key, one.word, one.meaning) for one in words.values()], others
    )
    # The glossary keeps its order: the most important word comes first.
    return (
        [all_topics[key] for key in found_topics],
        [word for key, word in words.items() if key in found_words],
    )


def _text(one: Topic) -> search.Text:
    return search.Text(one.key, one.question, " ".join(one.answer))


def _other_words(words: Iterable[Word]) -> dict[str, str]:
    """Each single word of what people also say, and the word of the screens it stands for.

    The English ones too: they are said in every language. Short parts ("de") stand for nothing.
    """
    with translation.override("en"):
        english = {one.key: one.also for one in glossary()}
    return {
        part: one.word.casefold()
        for one in words
        for name in (*english[one.key], *one.also)
        for part in name.casefold().split()
        if len(part) >= search.SHORTEST_WORD
    }


def _about_buying() -> list[Topic]:
    group = {
        "group": GROUP_SIZE,
        "second": 2 * GROUP_SIZE,
        "third": 3 * GROUP_SIZE,
        "many": formats.number(5_000),
    }
    return [
        Topic(
            "buying",
            _("How do I buy licenses?"),
            (
                _(
                    "Assignors and Administrators press Add Licenses, the green plus at the top of "
                    "the navigation. It stands on the Subscription tab and on Add User, too."
                ),
                _(
                    "Licenses are sold in groups of %(group)s: %(group)s, %(second)s, %(third)s "
                    "and so on. They can be used as soon as they are paid."
                )
                % group,
            ),
        ),
        Topic(
            "pricing",
            _("How add-on licenses are priced"),
            (
                _(
                    "At the price per license that was locked when your term began: the same for "
                    "%(group)s licenses or %(many)s, on the first day of the term or the last day "
                    "they are sold."
                )
                % group,
                _(
                    "There is no discount on add-on licenses, and the price is not prorated. They "
                    "expire together with the rest of the subscription."
                ),
            ),
        ),
        Topic(
            "paying",
            _("How can I pay?"),
            (
                _(
                    "By credit or debit card, on Stripe's secure page; we never see the card "
                    "number. Prepaid cards, checks, bank debit and invoices are not possible."
                ),
            ),
        ),
    ]


def _about_the_calendar() -> list[Topic]:
    days = {"days": RENEWAL_WINDOW_DAYS, "close": settings.CLOSE_AFTER_DAYS}
    return [
        Topic(
            "when-to-add",
            _("When can I add licenses?"),
            (
                _(
                    "From the first day of the term until renewal opens, which it does for the "
                    "last %(days)s days of the term, its last day included. From then on the "
                    "subscription is renewed first, so that the same licenses are not paid for "
                    "twice."
                )
                % days,
                _(
                    "Once it is renewed, licenses can be added again at once. They last to the end "
                    "of the renewed term."
                ),
            ),
        ),
        Topic(
            "expiration",
            _("When do licenses expire?"),
            (
                _(
                    "All licenses of a term expire together, at the end of its last day: "
                    "%(time)s. The date stands on the Subscription tab."
                )
                % {"time": formats.last_minute()},
                _(
                    "Members can still sign in and read after that, but nobody can be added. "
                    "%(close)s days later the organization’s pages close until it is renewed. "
                    "Nothing is deleted."
                )
                % days,
            ),
        ),
        Topic(
            "renewal",
            _("How does renewal work?"),
            (
                _(
                    "Renewal is open in the last %(days)s days of the term, its last day included, "
                    "and after that until it is paid. You choose among the packages offered then, "
                    "at their prices then."
                )
                % days,
                _(
                    "All licenses of the term are renewed, add-ons too, unless support has removed "
                    "some: never fewer than members use, nor than the package’s minimum."
                ),
            ),
        ),
        Topic(
            "removing",
            _("When can I remove licenses?"),
            (
                _(
                    "While renewal is open: from the last %(days)s days of the term on, until it "
                    "is renewed. Ask our support with the Messages button. It lowers the renewal, "
                    "not the current term."
                )
                % days,
                _(
                    "First remove users who no longer need a license: a renewal cannot be for "
                    "fewer licenses than are in use."
                ),
            ),
        ),
    ]


def _about_people() -> list[Topic]:
    life = INVITATION_LIFE.days
    return [
        Topic(
            "who-uses",
            _("Who uses a license?"),
            (
                _(
                    "Every member uses exactly one, whatever the role, from the invitation on. "
                    "Removing a member frees it at once."
                ),
                ngettext(
                    "The link in an invitation works for %(days)s day. Then send it again, or "
                    "remove the user.",
                    "The link in an invitation works for %(days)s days. Then send it again, or "
                    "remove the user.",
                    life,
                )
                % {"days": life},
            ),
        ),
        Topic(
            "who-may",
            _("Who may buy licenses and add users?"),
            (
                _(
                    "Assignors and Administrators. Their names stand on Members Home. Observers "
                    "and general members can do neither."
                ),
            ),
        ),
        Topic(
            "support",
            _("How do I reach support?"),
            (
                _(
                    "With the Messages button at the bottom right of every page. The answer comes "
                    "there, and by e-mail."
                ),
            ),
        ),
    ]


def glossary() -> list[Word]:
    """The words of the screens, the most important one first."""
    return [
        Word(
            "license",
            _("License"),
            _("What one member uses."),
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
                "A license bought during a term, at the price per license that was locked when the "
                "term began. It expires together with the rest of the subscription."
            ),
        ),
        Word("term", _("Term"), _("One paid period of the subscription.")),
        Word(
            "package",
            _("Package"),
            _(
                "An entry of the price list: price per license, length of the term, smallest "
                "number of licenses."
            ),
        ),
        Word("held", _("Held"), _("The licenses the organization has at a moment.")),
        Word("in-use", _("In use"), _("Licenses of members who have joined or are invited.")),
        Word(
            "window",
            _("Renewal window"),
            _("The last %(days)s days of a term, in which it is renewed.")
            % {"days": RENEWAL_WINDOW_DAYS},
        ),
    ]
