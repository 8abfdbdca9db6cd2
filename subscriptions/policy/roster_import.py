"""Roster import: what each row would do, and how many licenses it takes (R3-R5, R8, R10).

Nothing here reveals whether an address has an account; anyone who is not a member is invited.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from subscriptions.policy import add_ons, members, prices
from subscriptions.policy.licenses import LicenseCount, Limit
from subscriptions.policy.refusal import Allowed, Reason, Refusal

# Limits of a name and of an address, in characters.
MAX_NAME_LENGTH = 120
MAX_EMAIL_LENGTH = 254
# Limits of one file.
MAX_ROWS = 5_000
MAX_BYTES = 5 * 1024 * 1024
# How many rosters one person may keep in an organization.
MAX_STORED = 20

# Suffixes after a comma that do not mean "family name, given name".
_SUFFIXES = frozenset(
    "jr sr ii iii iv esq md phd dds do dvm rn cpa jd mba usaf usn usmc ret inc llc ltd".split()
)
_WORD = re.compile(r"\w+")
_CONTROL_CHARACTERS = dict.fromkeys(
    code for code in range(160) if unicodedata.category(chr(code)) == "Cc"
)
# White space is replaced by a single space instead.
_INVISIBLE = {code: None for code in _CONTROL_CHARACTERS if not chr(code).isspace()}


class RowState(StrEnum):
    """What adding the roster would do, or has done, with a row."""

    INVITED = "invited"
    INVALID = "invalid"
    REPEATED = "repeated"
    MEMBER = "member"
    LEFT_OUT = "left_out"
    ADDED = "added"


@dataclass(frozen=True)
class Row:
    """A row of a roster, cleaned; ``role`` is empty if the roster names none.

    ``status``: what the roster says about someone who looks inactive. ``is_left_out``: the user's
    decision, or None.
    """

    position: int
    name: str
    email: str
    has_valid_email: bool
    role: str
    is_left_out: bool | None = None
    is_added: bool = False
    is_hidden: bool = False
    status: str = ""


@dataclass(frozen=True)
class KnownPerson:
    """A current or former member of the organization."""

    name: str
    role: str
    is_member: bool


@dataclass(frozen=True)
class RowResult:
    """What a row would do, and the reason if it would do nothing."""

    state: RowState
    role: members.Role = members.Role.GENERAL_MEMBER
    reason: Refusal | None = None


def one_line(text: str) -> str:
    """Return a name or address on one line, without control characters or repeated spaces."""
    return " ".join(text.translate(_INVISIBLE).split())


def reorder_name(name: str) -> str:
    """Turn "Lee, Ann" into "Ann Lee" for greetings; leave unclear names alone."""
    parts = [part.strip() for part in name.strip(" ,").split(",")]
    suffix = f" {parts.pop()}" if _is_suffix(parts[-1]) else ""
    if len(parts) != 2 or not all(parts) or _is_suffix(parts[1]):
        return name.strip(" ,")
    family, *given = parts
    words = given[0].split()
    if _is_suffix(words[-1]):
        suffix = f" {words.pop()}"
    return f"{' '.join(words)} {family}{suffix}"


def _is_suffix(word: str) -> bool:
    return word.lower().replace(".", "") in _SUFFIXES


def is_same_person(name: str, other: str) -> bool:
    """Whether two names may be the same person: the words of one are all in the other."""
    one, two = (set(_WORD.findall(text.casefold())) for text in (name, other))
    return one <= two or two <= one


def check(
    rows: Iterable[Row],
    *,
    known: Mapping[str, KnownPerson],
    roles: Mapping[str, members.Role],
    actor_role: str,
    includes_hidden: bool = False,
    includes_inactive: bool = False,
) -> Iterator[RowResult]:
    """Yield what each row would do if a member with ``actor_role`` added the roster (R3).

    Hidden rows and people whom the file calls inactive are left out, unless they are included or
    the user has decided about that row (R8).

    ``known``: the organization's people by lowercase address; ``roles``: roles by the text that the
    roster uses for them. A member's row never changes anything.
    """
    invited: dict[str, Row] = {}
    for row in rows:
        left_out_reason = why_left_out(
            row, includes_hidden=includes_hidden, includes_inactive=includes_inactive
        )
        result = _check(row, known.get(row.email.lower()), roles, actor_role, left_out_reason)
        if result.state == RowState.INVITED:
            first = invited.setdefault(row.email.lower(), row)
            if first is not row:
                result = RowResult(RowState.REPEATED, result.role, _why_repeated(row, first))
        yield result


def why_left_out(
    row: Row, *, includes_hidden: bool = False, includes_inactive: bool = False
) -> Refusal | None:
    """Return why a row is left out by default; None if it is not, or if the user decided (R8)."""
    if row.is_left_out is None and row.is_hidden and not includes_hidden:
        return Refusal(Reason.ROW_HIDDEN)
    if row.is_left_out is None and row.status and not includes_inactive:
        return Refusal(Reason.ROW_INACTIVE, {"status": row.status})
    return None


def _why_repeated(row: Row, first: Row) -> Refusal:
    if is_same_person(row.name, first.name):
        return Refusal(Reason.ROW_REPEATED, {"row": first.position})
    return Refusal(Reason.ROW_SHARES_EMAIL, {"row": first.position, "name": first.name})


def _check(
    row: Row,
    known: KnownPerson | None,
    roles: Mapping[str, members.Role],
    actor_role: str,
    left_out_reason: Refusal | None,
) -> RowResult:
    role = roles.get(row.role)
    shown_role = role or members.Role.GENERAL_MEMBER
    if row.is_added:
        return RowResult(RowState.ADDED, shown_role)
    if row.is_left_out or left_out_reason:
        return RowResult(RowState.LEFT_OUT, shown_role, left_out_reason)
    if known is not None and known.is_member:
        is_same = is_same_person(row.name, known.name)
        reason = Reason.ALREADY_A_MEMBER if is_same else Reason.MEMBER_SHARES_EMAIL
        already = Refusal(reason, {"name": known.name})
        return RowResult(RowState.MEMBER, members.Role(known.role), already)
    problem = _find_problem(row)
    if problem is None and role is None:
        problem = Refusal(Reason.ROLE_NOT_KNOWN, {"role": row.role})
    if problem is None and isinstance(members.may_grant(actor_role, shown_role), Refusal):
        problem = Refusal(Reason.ROLE_ABOVE_OWN)
    if problem is None and known is not None:
        # Only an Administrator may bring back a former Administrator.
        decision = members.may_change(actor_role, known.role)
        problem = decision if isinstance(decision, Refusal) else None
    if problem is not None:
        return RowResult(RowState.INVALID, shown_role, problem)
    return RowResult(RowState.INVITED, shown_role)


def _find_problem(row: Row) -> Refusal | None:
    if not row.email:
        return Refusal(Reason.EMAIL_MISSING)
    if len(row.email) > MAX_EMAIL_LENGTH:
        return Refusal(Reason.EMAIL_TOO_LONG, {"most": MAX_EMAIL_LENGTH, "length": len(row.email)})
    if not row.has_valid_email:
        return Refusal(_why_email_fails(row.email))
    if not row.name:
        return Refusal(Reason.NAME_MISSING)
    if len(row.name) > MAX_NAME_LENGTH:
        return Refusal(Reason.NAME_TOO_LONG, {"most": MAX_NAME_LENGTH, "length": len(row.name)})
    return None


def _why_email_fails(email: str) -> Reason:
    if email.startswith("="):
        return Reason.EMAIL_IS_A_FORMULA
    return Reason.EMAIL_SEVERAL if email.count("@") > 1 else Reason.EMAIL_NOT_AN_ADDRESS


def count_by_state(results: Iterable[RowResult]) -> dict[RowState, int]:
    """Count the rows in each state, including states without rows."""
    counted = Counter(result.state for result in results)
    return {state: counted[state] for state in RowState}


# Licenses ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """The smallest purchase that is enough; amounts in minor units of ``currency``."""

    quantity: int
    unit_amount: int
    currency: str

    @property
    def groups(self) -> int:
        """The number of add-on groups (R10)."""
        return self.quantity // add_ons.GROUP_SIZE

    @property
    def total(self) -> int:
        """The price, at the locked price per license (R11)."""
        return prices.add_on_total(quantity=self.quantity, unit_amount=self.unit_amount)


@dataclass(frozen=True)
class Need:
    """The licenses that new users need, and what to do if there are not enough (R5).

    ``refusals``: why the users cannot be added now; empty if they can, or if buying the ``offer``
    is enough. ``limited_by_checkout``: the limit is an open renewal payment, so closing it helps.
    """

    new: int
    free: int
    refusals: tuple[Refusal, ...] = ()
    offer: Offer | None = None
    limited_by_checkout: bool = False

    @property
    def missing(self) -> int:
        """How many more licenses are needed."""
        return max(0, self.new - self.free)

    @property
    def can_be_added(self) -> bool:
        """Whether all of them can be added now."""
        return self.new > 0 and not self.refusals and self.offer is None


def smallest_purchase(missing: int, *, unit_amount: int, currency: str) -> Offer:
    """Return the smallest purchase that covers ``missing`` licenses: whole groups (R10)."""
    return Offer(add_ons.round_up_to_groups(missing), unit_amount, currency)


def compute_need(
    new: int,
    licenses: LicenseCount,
    *,
    may_take: Allowed | Refusal,
    may_add_licenses: Allowed | Refusal,
    unit_amount: int,
    currency: str,
) -> Need:
    """Return what it takes to add ``new`` users.

    ``may_take``: the decision for that number of licenses; ``may_add_licenses``: whether add-ons
    are sold; ``unit_amount``: their locked price in minor units.
    """
    if isinstance(may_take, Allowed):
        return Need(new, licenses.free)
    if isinstance(may_add_licenses, Refusal):
        # After expiration both refusals have the same reason, which is shown once.
        refusals = {one.reason: one for one in (may_take, may_add_licenses)}
        is_limited = licenses.limit == Limit.RENEWAL_CHECKOUT
        return Need(new, licenses.free, tuple(refusals.values()), limited_by_checkout=is_limited)
    if licenses.limit == Limit.RENEWAL_CHECKOUT:
        # More licenses do not help while a renewal for fewer is being paid.
        return Need(new, licenses.free, (may_take,), limited_by_checkout=True)
    missing = new - licenses.free
    offer = smallest_purchase(missing, unit_amount=unit_amount, currency=currency)
    decision = add_ons.check_quantity(offer.quantity, unit_amount=unit_amount, currency=currency)
    if isinstance(decision, Refusal):
        # Offer the first of several purchases.
        most = Offer(add_ons.max_per_purchase(unit_amount), unit_amount, currency)
        return Need(new, licenses.free, (may_take, decision), most)
    return Need(new, licenses.free, offer=offer)
