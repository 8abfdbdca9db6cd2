"""What the preview of a roster says of its rows, and of the licenses it needs (R8)."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions.policy.roster_import import Need, RowState
from subscriptions.text import formats

# The words for a row. Whoever is no member reads the same, with an account elsewhere or without.
STATES = {
    RowState.INVITED: gettext_lazy("Will be invited"),
    RowState.WRONG: gettext_lazy("Wrong"),
    RowState.REPEATED: gettext_lazy("Repeated"),
    RowState.MEMBER: gettext_lazy("Already a member"),
    RowState.LEFT_OUT: gettext_lazy("Left out"),
    RowState.ADDED: gettext_lazy("Added"),
}


def need_in_words(need: Need) -> str:
    """How many users, how many licenses, and what that means: one sentence."""
    if not need.new:
        return _("There is nobody to add in this roster.")
    new = ngettext("%(new)s new user", "%(new)s new users", need.new) % {
        "new": formats.number(need.new)
    }
    free = ngettext("%(free)s license free", "%(free)s licenses free", need.free) % {
        "free": formats.number(need.free)
    }
    if need.offer is None or need.refusals:
        return _("%(new)s, %(free)s.") % {"new": new, "free": free}
    offer = need.offer
    groups = ngettext("%(groups)s group of 5", "%(groups)s groups of 5", offer.groups) % {
        "groups": formats.number(offer.groups)
    }
    return _("%(new)s, %(free)s: buy %(quantity)s more (%(groups)s, %(total)s).") % {
        "new": new,
        "free": free,
        "quantity": formats.number(offer.quantity),
        "groups": groups,
        "total": formats.money(offer.total, offer.currency),
    }
