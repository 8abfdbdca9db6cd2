"""The sentences for what is wrong with a roster that is imported: its file, or one of its rows.

``subscriptions/text/refusals/sentences.py`` is where they are asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from subscriptions.policy.decisions import Reason
from subscriptions.policy.roster_import import Need, RowState
from subscriptions.text import formats

Facts = Mapping[str, Any]

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


def _email_missing(facts: Facts) -> str:
    return _("The e-mail address is missing.")


def _email_too_long(facts: Facts) -> str:
    return _("An e-mail address has at most %(most)s characters.") % facts


def _email_not_an_address(facts: Facts) -> str:
    return _("This is no e-mail address, such as name@example.org.")


def _name_missing(facts: Facts) -> str:
    return _("The name is missing.")


def _name_too_long(facts: Facts) -> str:
    return _("A name has at most %(most)s characters; this one has %(length)s.") % facts


def _role_not_known(facts: Facts) -> str:
    return _("There is no role “%(role)s”. Choose one.") % facts


def _role_above_own(facts: Facts) -> str:
    return _("Only an Administrator can make somebody Administrator. Choose another role.")


def _row_repeated(facts: Facts) -> str:
    return _("Row %(row)s has the same e-mail address.") % {"row": formats.number(facts["row"])}


def _nobody_to_add(facts: Facts) -> str:
    return _("There is nobody to add in this roster.")


def _too_many_rosters(facts: Facts) -> str:
    return _("You keep %(most)s prepared rosters already. Discard one of them first.") % facts


def _file_too_large(facts: Facts) -> str:
    return _(
        "This is more than %(most)s MB. Leave out what is not needed, such as pictures and other "
        "sheets, or divide the roster."
    ) % {"most": facts["most"] // (1024 * 1024)}


def _file_empty(facts: Facts) -> str:
    return _("The file is empty. Save the roster again, and choose the new file.")


def _file_not_a_table(facts: Facts) -> str:
    return _("This is no table. Save the roster as CSV or XLSX, or paste its rows below.")


def _file_of_another_kind(facts: Facts) -> str:
    return _(
        "Files of this kind cannot be read. Open it in your spreadsheet, save it as XLSX or CSV "
        "without a password, or paste its rows below."
    )


def _file_damaged(facts: Facts) -> str:
    return _("The file is damaged. Open it in your spreadsheet and save it again as XLSX or CSV.")


def _file_too_much_inside(facts: Facts) -> str:
    return _("The file unpacks to far more than a roster. Paste its rows below instead.")


def _file_quote_is_open(facts: Facts) -> str:
    return _(
        'A quotation mark (") that opens in row %(row)s is never closed, so the rows after it '
        "cannot be told apart. Close or remove it."
    ) % {"row": formats.number(facts["row"])}


def _file_without_rows(facts: Facts) -> str:
    return _("There are no rows with names or e-mail addresses in it.")


def _file_without_addresses(facts: Facts) -> str:
    return _(
        "There is no column with e-mail addresses in it. A roster needs one: invitations go there."
    )


def _file_too_many_rows(facts: Facts) -> str:
    return _("These are more than %(most)s rows. Divide the roster.") % {
        "most": formats.number(facts["most"])
    }


SENTENCES: dict[Reason, Callable[[Facts], str]] = {
    Reason.EMAIL_MISSING: _email_missing,
    Reason.EMAIL_TOO_LONG: _email_too_long,
    Reason.EMAIL_NOT_AN_ADDRESS: _email_not_an_address,
    Reason.NAME_MISSING: _name_missing,
    Reason.NAME_TOO_LONG: _name_too_long,
    Reason.ROLE_NOT_KNOWN: _role_not_known,
    Reason.ROLE_ABOVE_OWN: _role_above_own,
    Reason.ROW_REPEATED: _row_repeated,
    Reason.NOBODY_TO_ADD: _nobody_to_add,
    Reason.TOO_MANY_ROSTERS: _too_many_rosters,
    Reason.FILE_TOO_LARGE: _file_too_large,
    Reason.FILE_EMPTY: _file_empty,
    Reason.FILE_NOT_A_TABLE: _file_not_a_table,
    Reason.FILE_OF_ANOTHER_KIND: _file_of_another_kind,
    Reason.FILE_DAMAGED: _file_damaged,
    Reason.FILE_TOO_MUCH_INSIDE: _file_too_much_inside,
    Reason.FILE_QUOTE_IS_OPEN: _file_quote_is_open,
    Reason.FILE_WITHOUT_ROWS: _file_without_rows,
    Reason.FILE_WITHOUT_ADDRESSES: _file_without_addresses,
    Reason.FILE_TOO_MANY_ROWS: _file_too_many_rows,
}
