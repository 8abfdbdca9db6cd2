"""The sentence for each refusal: the same words on every page, form and mail."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.policy.decisions import Reason, Refusal
from subscriptions.text import formats
from subscriptions.text.refusals import roster_import, support
from subscriptions.text.refusals.messenger import SENTENCES as ABOUT_MESSAGES

Facts = Mapping[str, Any]


def sentence(refusal: Refusal) -> str:
    """Why not, in one or two sentences that name the way out."""
    return _SENTENCES[refusal.reason](refusal.facts)


def too_many_payments() -> str:
    """For the limits that count requests (``subscriptions.access.limits``)."""
    return _(
        "Too many payments were started within the last hour. Nothing was charged. Try again "
        "later, or write to support."
    )


def too_many_invitations() -> str:
    """For the limits that count mails (``subscriptions.access.limits``)."""
    return _(
        "Too many invitations were sent within the last hour, to this address or by you. Nothing "
        "was changed. Try again later; many people at once are added by importing a roster."
    )


def _not_a_number(facts: Facts) -> str:
    return _("Type the number of licenses with the digits 0 to 9 only, such as 10.")


def _too_few(facts: Facts) -> str:
    return _("Licenses are sold in groups of 5, so the smallest purchase is %(least)s.") % {
        "least": facts["least"]
    }


def _not_in_groups(facts: Facts) -> str:
    numbers = [formats.number(number) for number in facts["nearest"]]
    choice = _("%(below)s or %(above)s") % {"below": numbers[0], "above": numbers[-1]}
    return _(
        "Licenses are sold in groups of 5. Instead of %(quantity)s you can buy %(choice)s."
    ) % {
        "quantity": formats.number(facts["quantity"]),
        "choice": choice if len(numbers) > 1 else numbers[0],
    }


def _above_ceiling(facts: Facts) -> str:
    return _(
        "One card payment can be at most %(ceiling)s, which is %(most)s licenses. "
        "Buy the rest in a second purchase."
    ) % {
        "ceiling": formats.money(facts["ceiling"], facts["currency"]),
        "most": formats.number(facts["most"]),
    }


def _no_term(facts: Facts) -> str:
    return _("This organization has no subscription to add licenses to.")


def _too_many_checkouts(facts: Facts) -> str:
    return _(
        "%(most)s payments are open at this moment. Finish one of them, which Purchases leads to, "
        "or wait until one ends by itself."
    ) % {"most": facts["most"]}


def _too_many_declines(facts: Facts) -> str:
    return _(
        "Cards were declined several times, so the next payment can be started from %(until)s. "
        "Nothing was charged. The bank of the card can say why it was declined."
    ) % {"until": formats.moment(facts["until"])}


def _renewal_open(facts: Facts) -> str:
    return _(
        "Licenses could be added until %(last)s. Since %(opens)s the subscription must be renewed "
        "first, so that the same licenses are not paid for twice."
    ) % {
        "last": formats.full_date(facts["last_day_to_add"]),
        "opens": formats.full_date(facts["renewal_opens_on"]),
    }


def _expired(facts: Facts) -> str:
    return _(
        "The subscription expired on %(expired)s. Licenses can be added again once it is renewed."
    ) % {"expired": formats.full_date(facts["expires_on"])}


def _canceled(facts: Facts) -> str:
    return _(
        "The payment of this subscription was given back, so it ended on %(canceled)s. Licenses "
        "can be added again once it is renewed."
    ) % {"canceled": formats.full_date(facts["canceled_on"])}


def _missing(facts: Facts) -> str:
    return ngettext(
        "%(missing)s license is missing.", "%(missing)s licenses are missing.", facts["missing"]
    ) % {"missing": formats.number(facts["missing"])}


def _no_license_free(facts: Facts) -> str:
    return (
        _("All licenses are taken: %(in_use)s of %(held)s are in use.") % _numbers(facts)
        + " "
        + _missing(facts)
    )


def _held_back_by_next_term(facts: Facts) -> str:
    return (
        _(
            "The term that starts on %(start)s has %(usable)s licenses, and %(in_use)s members "
            "use one already."
        )
        % (_numbers(facts) | {"start": formats.full_date(facts["limited_from"])})
        + " "
        + _missing(facts)
    )


def _held_back_by_renewal_checkout(facts: Facts) -> str:
    return (
        _(
            "A renewal for %(usable)s licenses is being paid at this moment, and %(in_use)s "
            "members use one already. Finish or end that payment first."
        )
        % _numbers(facts)
        + " "
        + _missing(facts)
    )


def _numbers(facts: Facts) -> dict[str, str]:
    return {name: formats.number(facts[name]) for name in ("held", "in_use", "usable")}


def _above_own_role(facts: Facts) -> str:
    return _("Only an Administrator can change another Administrator. Ask one of them.")


def _last_administrator(facts: Facts) -> str:
    return _(
        "This is the last Administrator who has signed in. Make somebody else Administrator "
        "first, and let them sign in once."
    )


def _already_a_member(facts: Facts) -> str:
    return _("This person is already a member, as %(name)s.") % facts


def _not_a_member(facts: Facts) -> str:
    return _("%(name)s is no longer a member.") % facts


def _not_invited(facts: Facts) -> str:
    return _("%(name)s has joined already, so there is no invitation to send again.") % facts


def _invitation_over(facts: Facts) -> str:
    return _(
        "This invitation link no longer works: it was used, replaced by a newer one, or "
        "is older than 14 days. Ask your organization to send it again."
    )


def _renewal_not_open(facts: Facts) -> str:
    return _(
        "Renewal opens on %(opens)s. Until then licenses can be added, and package and price stay "
        "as they are."
    ) % {"opens": formats.full_date(facts["renewal_opens_on"])}


def _package_not_offered(facts: Facts) -> str:
    return _("This package is no longer offered. Choose another one.")


def _below_minimum(facts: Facts) -> str:
    return _("This package has at least %(minimum)s licenses.") % {
        "minimum": formats.number(facts["minimum"])
    }


def _total_above_ceiling(facts: Facts) -> str:
    return _(
        "The total of %(total)s is more than one card payment can be (%(ceiling)s). Choose a "
        "package with a lower price, remove users who need no license, or write to support."
    ) % {
        "total": formats.money(facts["total"], facts["currency"]),
        "ceiling": formats.money(facts["ceiling"], facts["currency"]),
    }


def _too_many(facts: Facts) -> str:
    return _("At this price a subscription has at most %(most)s licenses.") % {
        "most": formats.number(facts["most"])
    }


def _renewal_with_support(facts: Facts) -> str:
    return _(
        "A payment of this renewal was received and is with our support, because it does not match "
        "what was to be paid. They will finish the renewal or give the money back."
    )


def _discount_unknown(facts: Facts) -> str:
    return _("There is no discount with this code. Check it, or go on without it.")


def _discount_not_yet(facts: Facts) -> str:
    return _("This discount begins on %(day)s.") % {"day": formats.full_date(facts["valid_from"])}


def _discount_over(facts: Facts) -> str:
    return _("This discount ended on %(day)s.") % {"day": formats.full_date(facts["valid_until"])}


def _discount_used_up(facts: Facts) -> str:
    return _("This discount has been used as often as it may be.")


def _too_many_requests_to_join(facts: Facts) -> str:
    return _(
        "Many people are already waiting for an answer from this organization. Ask somebody there "
        "to add you, or try again later."
    )


_SENTENCES: dict[Reason, Callable[[Facts], str]] = {
    Reason.NOT_A_NUMBER: _not_a_number,
    Reason.TOO_MANY_REQUESTS_TO_JOIN: _too_many_requests_to_join,
    Reason.TOO_FEW: _too_few,
    Reason.NOT_IN_GROUPS: _not_in_groups,
    Reason.ABOVE_CEILING: _above_ceiling,
    Reason.NO_TERM: _no_term,
    Reason.TOO_MANY_CHECKOUTS: _too_many_checkouts,
    Reason.TOO_MANY_DECLINES: _too_many_declines,
    Reason.RENEWAL_OPEN: _renewal_open,
    Reason.EXPIRED: _expired,
    Reason.CANCELED: _canceled,
    Reason.NO_LICENSE_FREE: _no_license_free,
    Reason.HELD_BACK_BY_NEXT_TERM: _held_back_by_next_term,
    Reason.HELD_BACK_BY_RENEWAL_CHECKOUT: _held_back_by_renewal_checkout,
    Reason.ABOVE_OWN_ROLE: _above_own_role,
    Reason.LAST_ADMINISTRATOR: _last_administrator,
    Reason.ALREADY_A_MEMBER: _already_a_member,
    Reason.NOT_A_MEMBER: _not_a_member,
    Reason.NOT_INVITED: _not_invited,
    Reason.INVITATION_OVER: _invitation_over,
    Reason.RENEWAL_NOT_OPEN: _renewal_not_open,
    Reason.PACKAGE_NOT_OFFERED: _package_not_offered,
    Reason.BELOW_MINIMUM: _below_minimum,
    Reason.TOTAL_ABOVE_CEILING: _total_above_ceiling,
    Reason.TOO_MANY: _too_many,
    Reason.RENEWAL_WITH_SUPPORT: _renewal_with_support,
    Reason.DISCOUNT_UNKNOWN: _discount_unknown,
    Reason.DISCOUNT_NOT_YET: _discount_not_yet,
    Reason.DISCOUNT_OVER: _discount_over,
    Reason.DISCOUNT_USED_UP: _discount_used_up,
    **ABOUT_MESSAGES,
    **support.SENTENCES,
    **roster_import.SENTENCES,
}
