"""The sentences for what support is refused: removals, refunds, payments to look at.

``subscriptions/text/refusals/sentences.py`` is where they are asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.policy.decisions import Reason
from subscriptions.text import formats

Facts = Mapping[str, Any]


def _removal_too_few(facts: Facts) -> str:
    if not facts["most"]:
        return _("Every license is in use, so none can be removed. Users must be removed first.")
    return _("Remove at least 1 and at most %(most)s licenses.") % {
        "most": formats.number(facts["most"])
    }


def _removal_below_members(facts: Facts) -> str:
    most = ngettext(
        "At most %(most)s license can be removed:",
        "At most %(most)s licenses can be removed:",
        facts["most"],
    ) % {"most": formats.number(facts["most"])}
    of = _("the renewal stands at %(left)s, and %(in_use)s are in use.") % {
        "left": formats.number(facts["left"]),
        "in_use": formats.number(facts["in_use"]),
    }
    users = facts["users_to_remove"]
    if users is None:
        return f"{most} {of}"
    way_out = ngettext(
        "For %(quantity)s the organization has to remove %(users)s user first.",
        "For %(quantity)s the organization has to remove %(users)s users first.",
        users,
    ) % {"quantity": formats.number(facts["quantity"]), "users": formats.number(users)}
    return f"{most} {of} {way_out}"


def _removal_taken_back(facts: Facts) -> str:
    return _("This removal has been taken back already.")


def _renewal_paid(facts: Facts) -> str:
    return _(
        "The subscription has just been renewed, so nothing was removed. Licenses can be removed "
        "again from %(opens)s."
    ) % {"opens": formats.full_date(facts["renewal_opens_on"])}


def _renewal_being_paid(facts: Facts) -> str:
    return _(
        "Somebody is starting to pay the renewal at this very moment, again and again. Nothing was "
        "changed; try again in a minute."
    )


def _refunded_already(facts: Facts) -> str:
    return _("All of this payment has been given back already.")


def _refund_on_its_way(facts: Facts) -> str:
    return _("A refund of this payment is on its way. Wait until the processor has answered it.")


def _amount_differs(facts: Facts) -> str:
    return _(
        "What came is not what was to be paid, so a receipt for it would be wrong. Give it back; "
        "the organization can pay again."
    )


def _refund_not_in_groups(facts: Facts) -> str:
    return _("Refund licenses in groups of 5, at most %(most)s.") % {
        "most": formats.number(facts["most"])
    }


def _nothing_was_paid(facts: Facts) -> str:
    return _("Nothing was paid for this purchase, so there is nothing to give back.")


def _not_paid(facts: Facts) -> str:
    return _("This purchase is not paid and granted, so there is nothing to refund here.")


def _later_term_is_paid(facts: Facts) -> str:
    return _(
        "The term that starts on %(starts)s is paid as well. Refund that one first: the last paid "
        "term goes first."
    ) % {"starts": formats.full_date(facts["starts_on"])}


def _payment_is_disputed(facts: Facts) -> str:
    return _(
        "The cardholder disputes this payment, and the processor refunds nothing meanwhile. "
        "Answer the dispute, or accept it, in the processor's dashboard."
    )


def _problem_is_solved(facts: Facts) -> str:
    return _("Somebody has dealt with this payment already.")


def _cannot_be_granted(facts: Facts) -> str:
    return _("This payment can no longer be granted. It can be refunded.")


def _must_be_granted_or_refunded(facts: Facts) -> str:
    return _("Money was received, so it is either granted or given back.")


SENTENCES: dict[Reason, Callable[[Facts], str]] = {
    Reason.REMOVAL_TOO_FEW: _removal_too_few,
    Reason.REMOVAL_BELOW_MEMBERS: _removal_below_members,
    Reason.REMOVAL_TAKEN_BACK: _removal_taken_back,
    Reason.RENEWAL_PAID: _renewal_paid,
    Reason.RENEWAL_BEING_PAID: _renewal_being_paid,
    Reason.REFUNDED_ALREADY: _refunded_already,
    Reason.REFUND_ON_ITS_WAY: _refund_on_its_way,
    Reason.AMOUNT_DIFFERS: _amount_differs,
    Reason.REFUND_NOT_IN_GROUPS: _refund_not_in_groups,
    Reason.NOTHING_WAS_PAID: _nothing_was_paid,
    Reason.NOT_PAID: _not_paid,
    Reason.LATER_TERM_IS_PAID: _later_term_is_paid,
    Reason.PAYMENT_IS_DISPUTED: _payment_is_disputed,
    Reason.PROBLEM_IS_SOLVED: _problem_is_solved,
    Reason.CANNOT_BE_GRANTED: _cannot_be_granted,
    Reason.MUST_BE_GRANTED_OR_REFUNDED: _must_be_granted_or_refunded,
}
