"""The result of a rule: ``ALLOWED``, or a ``Refusal`` with its reason and facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Reason(StrEnum):
    """Why something is refused; ``subscriptions/text/refusals.py`` has the text of each."""

    NOT_A_NUMBER = "not_a_number"
    TOO_FEW = "too_few"
    NOT_IN_GROUPS = "not_in_groups"
    ABOVE_MAXIMUM = "above_maximum"
    NO_TERM = "no_term"
    TOO_MANY_CHECKOUTS = "too_many_checkouts"
    TOO_MANY_DECLINES = "too_many_declines"
    RENEWAL_OPEN = "renewal_open"
    EXPIRED = "expired"
    CANCELED = "canceled"
    NO_LICENSE_FREE = "no_license_free"
    LIMITED_BY_NEXT_TERM = "limited_by_next_term"
    LIMITED_BY_RENEWAL_CHECKOUT = "limited_by_renewal_checkout"
    ABOVE_OWN_ROLE = "above_own_role"
    LAST_ADMINISTRATOR = "last_administrator"
    ALREADY_A_MEMBER = "already_a_member"
    NOT_A_MEMBER = "not_a_member"
    NOT_INVITED = "not_invited"
    INVITATION_OVER = "invitation_over"
    RENEWAL_NOT_OPEN = "renewal_not_open"
    PACKAGE_NOT_OFFERED = "package_not_offered"
    BELOW_MINIMUM = "below_minimum"
    TOTAL_ABOVE_MAXIMUM = "total_above_maximum"
    TOO_MANY = "too_many"
    RENEWAL_WITH_SUPPORT = "renewal_with_support"
    TOO_MANY_REQUESTS_TO_JOIN = "too_many_requests_to_join"
    NO_LICENSE_TO_REMOVE = "no_license_to_remove"
    REMOVAL_TOO_FEW = "removal_too_few"
    REMOVAL_ABOVE_RENEWAL = "removal_above_renewal"
    REMOVAL_BELOW_MEMBERS = "removal_below_members"
    REMOVAL_UNDONE = "removal_undone"
    RENEWAL_PAID = "renewal_paid"
    RENEWAL_BEING_PAID = "renewal_being_paid"
    REFUNDED_ALREADY = "refunded_already"
    REFUND_PENDING = "refund_pending"
    AMOUNT_DIFFERS = "amount_differs"
    REFUND_NOT_IN_GROUPS = "refund_not_in_groups"
    NOTHING_WAS_PAID = "nothing_was_paid"
    NOT_PAID = "not_paid"
    LATER_TERM_IS_PAID = "later_term_is_paid"
    PAYMENT_IS_DISPUTED = "payment_is_disputed"
    PROBLEM_IS_RESOLVED = "problem_is_solved"
    CANNOT_BE_FULFILLED = "cannot_be_fulfilled"
    MUST_BE_FULFILLED_OR_REFUNDED = "must_be_fulfilled_or_refunded"
    DISCOUNT_UNKNOWN = "discount_unknown"
    DISCOUNT_NOT_YET = "discount_not_yet"
    DISCOUNT_OVER = "discount_over"
    DISCOUNT_USED_UP = "discount_used_up"
    MESSAGE_EMPTY = "message_empty"
    MESSAGE_TOO_LONG = "message_too_long"
    TOO_MANY_MESSAGES = "too_many_messages"
    REMOVAL_NOT_OPEN = "removal_not_open"
    ALREADY_REPLIED = "already_replied"
    NEW_MESSAGE = "new_message"
    EMAIL_MISSING = "email_missing"
    EMAIL_TOO_LONG = "email_too_long"
    EMAIL_NOT_AN_ADDRESS = "email_not_an_address"
    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"
    ROLE_NOT_KNOWN = "role_not_known"
    ROLE_ABOVE_OWN = "role_above_own"
    EMAIL_SEVERAL = "email_several"
    EMAIL_IS_A_FORMULA = "email_is_a_formula"
    ROW_REPEATED = "row_repeated"
    ROW_SHARES_EMAIL = "row_shares_email"
    MEMBER_SHARES_EMAIL = "member_shares_email"
    ROW_HIDDEN = "row_hidden"
    ROW_INACTIVE = "row_inactive"
    NO_ONE_TO_ADD = "no_one_to_add"
    TOO_MANY_ROSTERS = "too_many_rosters"
    FILE_TOO_LARGE = "file_too_large"
    FILE_EMPTY = "file_empty"
    FILE_NOT_A_TABLE = "file_not_a_table"
    FILE_IS_OLD_EXCEL = "file_is_old_excel"
    FILE_IS_PROTECTED = "file_is_protected"
    FILE_IS_OPENDOCUMENT = "file_is_opendocument"
    FILE_IS_NUMBERS = "file_is_numbers"
    FILE_IS_PDF = "file_is_pdf"
    FILE_IS_PICTURE = "file_is_picture"
    FILE_IS_DOCUMENT = "file_is_document"
    FILE_IS_ARCHIVE = "file_is_archive"
    FILE_IS_WEB_PAGE = "file_is_web_page"
    FILE_IS_CONTACTS = "file_is_contacts"
    FILE_DAMAGED = "file_damaged"
    FILE_TOO_LARGE_UNPACKED = "file_too_large_unpacked"
    FILE_UNCLOSED_QUOTE = "file_unclosed_quote"
    FILE_WITHOUT_ROWS = "file_without_rows"
    FILE_WITHOUT_ADDRESSES = "file_without_addresses"
    FILE_ADDRESSES_HIDDEN = "file_addresses_hidden"
    FILE_TOO_MANY_ROWS = "file_too_many_rows"


class Money(NamedTuple):
    """An amount in minor units, as a fact of a refusal."""

    amount: int
    currency: str


@dataclass(frozen=True)
class Refusal:
    """A rule's "no".

    ``facts`` are the values its text needs: numbers, money, dates, instants, names.
    """

    reason: Reason
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Allowed:
    """A rule's "yes"."""


ALLOWED: Final = Allowed()


class Refused(Exception):
    """A rule refused the requested action; nothing was changed."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.reason}: {dict(refusal.facts)}")
        self.refusal = refusal


def require(decision: Allowed | Refusal) -> None:
    """Raise Refused unless ``decision`` is ALLOWED."""
    if isinstance(decision, Refusal):
        raise Refused(decision)
