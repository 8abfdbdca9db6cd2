"""The text of each refusal, the same on every page and form and in every e-mail."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from subscriptions.policy.refusal import Money, Reason, Refusal
from subscriptions.text import formats


def refusal_text(refusal: Refusal) -> str:
    """Return one or two sentences with the reason and what to do."""
    text = TEXTS[refusal.reason]
    facts = {name: _format_fact(fact) for name, fact in refusal.facts.items()}
    return " ".join(str(part % facts) for part in (text if isinstance(text, tuple) else (text,)))


class _Number(int):
    """A number that selects plural forms, and is formatted for display."""

    def __str__(self) -> str:
        return formats.number(int(self))


def _format_fact(fact: object) -> object:
    match fact:
        case Money():
            return formats.money(fact.amount, fact.currency)
        case int():
            return _Number(fact)
        case datetime():
            return formats.moment(fact)
        case date():
            return formats.full_date(fact)
        case (int(below), int(above)):
            numbers = {"below": formats.number(below), "above": formats.number(above)}
            return gettext("%(below)s or %(above)s") % numbers
        case _:
            return fact


# For rate limits (``subscriptions.access.limits``).
TOO_MANY_PAYMENTS = _(
    "Too many payments were started within the last hour. Nothing was charged. Try again later, or "
    "contact support."
)
TOO_MANY_INVITATIONS = _(
    "Too many invitations were sent within the last hour, to this address or by you. Nothing "
    "was changed. Try again later. To add many people at once, import a roster."
)

_MISSING = ngettext_lazy(
    "%(missing)s more license is needed.", "%(missing)s more licenses are needed.", "missing"
)
_AT_MOST_REMOVED = (
    ngettext_lazy(
        "At most %(most)s license can be removed:",
        "At most %(most)s licenses can be removed:",
        "most",
    ),
    _("the renewal is for %(left)s, and %(in_use)s are in use."),
)

# A tuple is a sequence of sentences. Placeholders are named after the refusal's facts.
TEXTS: Mapping[Reason, Any] = {
    # Adding licenses
    Reason.NOT_A_NUMBER: _(
        "Enter the number of licenses using only the digits 0 to 9, such as 10."
    ),
    Reason.TOO_FEW: _("Licenses are sold in groups of 5, so the smallest purchase is %(least)s."),
    Reason.NOT_IN_GROUPS: _(
        "Licenses are sold in groups of 5. Enter %(nearest)s instead of %(quantity)s."
    ),
    Reason.ABOVE_MAXIMUM: _(
        "One card payment can be at most %(maximum)s, which is %(most)s licenses. Buy the rest in "
        "a second purchase."
    ),
    Reason.NO_TERM: _("This organization has no subscription to add licenses to."),
    Reason.TOO_MANY_CHECKOUTS: _(
        "%(most)s payments are already in progress. Finish one of them on the Purchases page, or "
        "wait until one expires."
    ),
    Reason.TOO_MANY_DECLINES: _(
        "Cards were declined several times. You can try again after %(until)s. Nothing was "
        "charged. The bank that issued the card can tell you why."
    ),
    Reason.RENEWAL_OPEN: _(
        "The last day to add licenses was %(last_day_to_add)s. Renewal opened on "
        "%(renewal_opens_on)s: renew first, so that you do not pay twice for the same licenses."
    ),
    Reason.EXPIRED: _(
        "The subscription expired on %(expires_on)s. Licenses can be added again once it is "
        "renewed."
    ),
    Reason.CANCELED: _(
        "The payment for this subscription was refunded, so it ended on %(canceled_on)s. "
        "Licenses can be added again once it is renewed."
    ),
    # Members
    Reason.NO_LICENSE_FREE: (
        _("All licenses are in use: %(in_use)s of %(held)s."),
        _MISSING,
    ),
    Reason.LIMITED_BY_NEXT_TERM: (
        _(
            "The term that starts on %(limited_from)s has %(usable)s licenses, and %(in_use)s "
            "are already in use."
        ),
        _MISSING,
    ),
    Reason.LIMITED_BY_RENEWAL_CHECKOUT: (
        _(
            "A payment for a renewal with %(usable)s licenses is in progress, and %(in_use)s are "
            "already in use. Finish or cancel that payment first."
        ),
        _MISSING,
    ),
    Reason.ABOVE_OWN_ROLE: _(
        "Only Administrators can make changes to an Administrator. Ask one of them."
    ),
    Reason.LAST_ADMINISTRATOR: _(
        "This is the only Administrator who has signed in. Make someone else an Administrator "
        "first, and have them sign in once."
    ),
    Reason.ALREADY_A_MEMBER: _("This person is already a user (%(name)s)."),
    Reason.NOT_A_MEMBER: _("%(name)s is no longer a user."),
    Reason.NOT_INVITED: _("%(name)s has already joined, so there is no invitation to resend."),
    Reason.INVITATION_OVER: _(
        "This invitation link no longer works: it was used, replaced by a newer one, or is older "
        "than 14 days. Ask your organization to send it again."
    ),
    Reason.TOO_MANY_REQUESTS_TO_JOIN: _(
        "Many people are already waiting to join this organization. Ask someone there to add "
        "you, or try again later."
    ),
    # Subscribing and renewing
    Reason.RENEWAL_NOT_OPEN: _(
        "Renewal opens on %(renewal_opens_on)s. Until then you can add licenses, and the "
        "package and price stay the same."
    ),
    Reason.PACKAGE_NOT_OFFERED: _("This package is no longer offered. Choose another one."),
    Reason.BELOW_MINIMUM: _("This package requires at least %(minimum)s licenses."),
    Reason.TOTAL_ABOVE_MAXIMUM: _(
        "The total of %(total)s is over the limit for one card payment (%(maximum)s). Choose a "
        "package with a lower price, remove users who do not need a license, or write to "
        "support."
    ),
    Reason.TOO_MANY: _("At this price a subscription can have at most %(most)s licenses."),
    Reason.RENEWAL_WITH_SUPPORT: _(
        "We received a payment for this renewal, but it does not match what was due. Support "
        "is reviewing it and will finish the renewal or refund the payment."
    ),
    Reason.DISCOUNT_UNKNOWN: _("This discount code isn’t valid. Check it, or continue without it."),
    Reason.DISCOUNT_NOT_YET: _("This discount begins on %(valid_from)s."),
    Reason.DISCOUNT_OVER: _("This discount ended on %(valid_until)s."),
    Reason.DISCOUNT_USED_UP: _("This discount has reached its usage limit."),
    # Removing licenses
    Reason.REMOVAL_NOT_OPEN: _(
        "Licenses can be removed while renewal is open, starting %(renewal_opens_on)s. The term "
        "keeps all its licenses until it expires on %(expires_on)s."
    ),
    Reason.NO_LICENSE_TO_REMOVE: _(
        "Every license is in use, so none can be removed. Remove users first."
    ),
    Reason.REMOVAL_TOO_FEW: _("Enter a number from 1 to %(most)s."),
    Reason.REMOVAL_ABOVE_RENEWAL: _AT_MOST_REMOVED,
    Reason.REMOVAL_BELOW_MEMBERS: (
        *_AT_MOST_REMOVED,
        ngettext_lazy(
            "To remove %(quantity)s, the organization must first remove %(users_to_remove)s user.",
            "To remove %(quantity)s, the organization must first remove %(users_to_remove)s users.",
            "users_to_remove",
        ),
    ),
    Reason.REMOVAL_UNDONE: _("This removal has already been undone."),
    Reason.RENEWAL_PAID: _(
        "The subscription has just been renewed, so nothing was removed. Licenses can be removed "
        "again starting %(renewal_opens_on)s."
    ),
    Reason.RENEWAL_BEING_PAID: _(
        "Someone keeps starting payments for the renewal. Nothing was changed. Try again in a "
        "minute."
    ),
    # Refunds, and payments to review
    Reason.REFUNDED_ALREADY: _("This payment has already been refunded in full."),
    Reason.REFUND_PENDING: _(
        "A refund of this payment is in progress. Wait until the processor has responded."
    ),
    Reason.AMOUNT_DIFFERS: _(
        "This payment does not match what was due, so its receipt would be wrong. Refund it; the "
        "organization can pay again."
    ),
    Reason.REFUND_NOT_IN_GROUPS: _("Refund licenses in groups of 5, at most %(most)s."),
    Reason.NOTHING_WAS_PAID: _(
        "Nothing was paid for this purchase, so there is nothing to refund."
    ),
    Reason.NOT_PAID: _(
        "This purchase has not been paid and fulfilled, so there is nothing to refund here."
    ),
    Reason.LATER_TERM_IS_PAID: _(
        "The term that starts on %(starts_on)s has also been paid for. Refund that one first: "
        "the most recent term must be refunded first."
    ),
    Reason.PAYMENT_IS_DISPUTED: _(
        "The cardholder has disputed this payment, so it cannot be refunded here. Respond to the "
        "dispute, or accept it, in the processor's dashboard."
    ),
    Reason.PROBLEM_IS_RESOLVED: _("Someone has already handled this payment."),
    Reason.CANNOT_BE_FULFILLED: _("This payment can no longer be fulfilled. It can be refunded."),
    Reason.MUST_BE_FULFILLED_OR_REFUNDED: _(
        "Money was received, so fulfill or refund the payment."
    ),
    # Messages
    Reason.MESSAGE_EMPTY: _("Write your message first."),
    Reason.MESSAGE_TOO_LONG: _(
        "A message can have at most %(longest)s characters, and this one has %(length)s. "
        "Shorten it, or send it in parts."
    ),
    Reason.TOO_MANY_MESSAGES: ngettext_lazy(
        "You can send at most %(most)s messages in %(minutes)s minute. Wait a moment, then "
        "send it again. Your text is still here.",
        "You can send at most %(most)s messages in %(minutes)s minutes. Wait a moment, then "
        "send it again. Your text is still here.",
        "minutes",
    ),
    Reason.ALREADY_REPLIED: _(
        "A colleague has already replied, so nothing was sent. Read that reply, then send "
        "yours if it is still needed."
    ),
    Reason.NEW_MESSAGE: _("There is a new message, so the thread stays open. Read it first."),
    # A row of a roster
    Reason.EMAIL_MISSING: _("Enter an e-mail address."),
    Reason.EMAIL_TOO_LONG: _("An e-mail address can have at most %(most)s characters."),
    Reason.EMAIL_NOT_AN_ADDRESS: _("Enter a valid e-mail address, such as name@example.org."),
    Reason.EMAIL_SEVERAL: _(
        "This is more than one e-mail address. Keep the one that this person signs in with; for "
        "two people, use a row for each."
    ),
    Reason.EMAIL_IS_A_FORMULA: _(
        "This is a formula, and the file does not include its result. Type the address here, or "
        "open the file in Excel, save it, and import it again."
    ),
    Reason.NAME_MISSING: _("Enter a name."),
    Reason.NAME_TOO_LONG: _(
        "A name can have at most %(most)s characters; this one has %(length)s."
    ),
    Reason.ROLE_NOT_KNOWN: _("There is no role “%(role)s”. Choose one."),
    Reason.ROLE_ABOVE_OWN: _(
        "Only an Administrator can make someone an Administrator. Choose another role."
    ),
    Reason.ROW_REPEATED: _("Row %(row)s has the same e-mail address."),
    Reason.ROW_SHARES_EMAIL: _(
        "%(name)s in row %(row)s has the same e-mail address. Each person needs their own "
        "address to be invited and to sign in. Type a different address for one of them, or leave "
        "this row out."
    ),
    Reason.MEMBER_SHARES_EMAIL: _(
        "%(name)s is already a user with this e-mail address. If this is someone else, type "
        "a different address: each person signs in with their own."
    ),
    Reason.ROW_HIDDEN: _("This row is hidden in the file."),
    Reason.ROW_INACTIVE: _("Looks inactive (%(status)s)."),
    # A roster
    Reason.NO_ONE_TO_ADD: _("This roster has no one to add."),
    Reason.TOO_MANY_ROSTERS: _(
        "You already have %(most)s saved rosters. Discard one of them first."
    ),
    Reason.FILE_TOO_LARGE: _(
        "The file is larger than %(megabytes)s MB. Leave out what you do not need, such as "
        "pictures and other sheets, or split the roster."
    ),
    Reason.FILE_EMPTY: _("The file is empty. Save the roster again, and choose the new file."),
    Reason.FILE_NOT_A_TABLE: _(
        "This is not a table. Save the roster as CSV or XLSX, or paste its rows below."
    ),
    Reason.FILE_IS_OLD_EXCEL: _(
        "This is a workbook in an old Excel format. Open it in Excel and save it as .xlsx, or "
        "paste its rows below."
    ),
    Reason.FILE_IS_PROTECTED: _(
        "This workbook is protected with a password. Open it in Excel and save it as .xlsx without "
        "a password, or paste its rows below."
    ),
    Reason.FILE_IS_OPENDOCUMENT: _(
        "This is an OpenDocument spreadsheet (.ods). Open it in LibreOffice or Excel and save it "
        "as .xlsx, or paste its rows below."
    ),
    Reason.FILE_IS_NUMBERS: _(
        "This is an Apple Numbers file. Open it in Numbers, choose File > Export To > Excel, "
        "and choose the exported file here."
    ),
    Reason.FILE_IS_PDF: _(
        "This is a PDF. Ask for the spreadsheet it was made from, or copy the rows from it and "
        "paste them below."
    ),
    Reason.FILE_IS_PICTURE: _(
        "This is a picture. Ask for the spreadsheet that it shows, or type the rows below."
    ),
    Reason.FILE_IS_DOCUMENT: _(
        "This is a text document or a presentation. Copy the rows from it and paste them below."
    ),
    Reason.FILE_IS_ARCHIVE: _(
        "This is a compressed archive. Open it, and choose the spreadsheet inside."
    ),
    Reason.FILE_IS_WEB_PAGE: _(
        "This is a web page without a table that we can read. Open it in Excel and save it as "
        ".xlsx, or paste its rows below."
    ),
    Reason.FILE_IS_CONTACTS: _(
        "These are contact cards (.vcf). Export the contacts as CSV instead, or paste their rows "
        "below."
    ),
    Reason.FILE_DAMAGED: _(
        "The file is damaged. Open it in your spreadsheet program and save it again as XLSX or CSV."
    ),
    Reason.FILE_TOO_LARGE_UNPACKED: _(
        "The file is too large when unpacked. Paste its rows below instead."
    ),
    Reason.FILE_UNCLOSED_QUOTE: _(
        'A quotation mark (") in row %(row)s is never closed, so we cannot read the rows after '
        "it. Close or remove it."
    ),
    Reason.FILE_WITHOUT_ROWS: _(
        "There are no rows with names or e-mail addresses. Check the roster, and choose or paste "
        "it again."
    ),
    Reason.FILE_WITHOUT_ADDRESSES: _(
        "There is no column with e-mail addresses. Add one: invitations are sent to these "
        "addresses."
    ),
    Reason.FILE_ADDRESSES_HIDDEN: _(
        "The e-mail addresses are in a hidden column (%(column)s). Hidden columns are not "
        "imported. Unhide the column, save the file, and choose it again."
    ),
    Reason.FILE_TOO_MANY_ROWS: _(
        "The roster has more than %(most)s rows. Split it into smaller rosters."
    ),
}
