"""The test cards, and what each of them does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Challenge: TypeAlias = Literal["none", "required", "lookup_fails"]
# What happens after a payment with the card succeeds.
FollowUp: TypeAlias = Literal[
    "none",
    "disputed_as_fraudulent",
    "disputed_as_not_received",
    "inquiry",
    "fraud_warning",
    "refund_pending",
    "refund_fails",
]


@dataclass(frozen=True)
class Decline:
    """Why the bank declines, in Stripe's codes, with the message and field for the page."""

    code: str
    decline_code: str | None
    message: str
    field: str = "number"


DECLINED = Decline("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Decline(
    "card_declined",
    "insufficient_funds",
    "Your card has insufficient funds. Try a different card.",
)
LOST = Decline("card_declined", "lost_card", DECLINED.message)
STOLEN = Decline("card_declined", "stolen_card", DECLINED.message)
EXPIRED = Decline("expired_card", None, "Your card has expired. Try a different card.", "exp")
WRONG_CVC = Decline("incorrect_cvc", None, "Your card's security code is incorrect.", "cvc")
PROCESSING = Decline(
    "processing_error",
    None,
    "An error occurred while processing your card. Try again in a little bit.",
)
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Choose a different payment method and"
    " try again.",
)
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. This is a test page: use one of the test cards listed below.",
)


@dataclass(frozen=True)
class Card:
    """A test card. No number outside this table is ever accepted or stored."""

    number: str
    brand: str
    funding: str
    outcome: str
    decline: Decline | None = None
    challenge: Challenge = "none"
    follow_up: FollowUp = "none"

    @property
    def last4(self) -> str:
        """Return the part of the number that may be shown."""
        return self.number[-4:]


def _follow_up_card(number: str, outcome: str, follow_up: FollowUp) -> Card:
    return Card(number, "visa", "credit", outcome, follow_up=follow_up)


_TABLE = (
    Card("4242424242424242", "visa", "credit", "Succeeds"),
    Card("5555555555554444", "mastercard", "credit", "Succeeds"),
    Card("378282246310005", "amex", "credit", "Succeeds (4-digit CVC)"),
    Card("6011111111111117", "discover", "credit", "Succeeds"),
    Card("4000056655665556", "visa", "debit", "Succeeds, debit card"),
    Card("5200828282828210", "mastercard", "debit", "Succeeds, debit card"),
    Card("5105105105105100", "mastercard", "prepaid", "Prepaid: refused where prepaid is blocked"),
    Card("4000000000000002", "visa", "credit", "Declined", DECLINED),
    Card("4000000000009995", "visa", "credit", "Declined: insufficient funds", NO_FUNDS),
    Card("4000000000009987", "visa", "credit", "Declined: lost card", LOST),
    Card("4000000000009979", "visa", "credit", "Declined: stolen card", STOLEN),
    Card("4000000000000069", "visa", "credit", "Declined: expired card", EXPIRED),
    Card("4000000000000127", "visa", "credit", "Declined: incorrect CVC", WRONG_CVC),
    Card("4000000000000119", "visa", "credit", "Declined: processing error", PROCESSING),
    Card("4000000000003220", "visa", "credit", "3D Secure, then succeeds", None, "required"),
    Card("4000002760003184", "visa", "credit", "3D Secure each time", None, "required"),
    Card("4000002500003155", "visa", "credit", "3D Secure unless set up", None, "required"),
    Card("4000008400001629", "visa", "credit", "3D Secure, then declined", DECLINED, "required"),
    Card(
        "4000008260003178",
        "visa",
        "credit",
        "3D Secure, then insufficient funds",
        NO_FUNDS,
        "required",
    ),
    Card("4000008400001280", "visa", "credit", "3D Secure fails", PROCESSING, "lookup_fails"),
    _follow_up_card("4000000000000259", "Succeeds, then disputed: fraud", "disputed_as_fraudulent"),
    _follow_up_card(
        "4000000000002685", "Succeeds, then disputed: not received", "disputed_as_not_received"
    ),
    _follow_up_card("4000000000001976", "Succeeds, then an inquiry", "inquiry"),
    _follow_up_card("4000000000005423", "Succeeds, then an early fraud warning", "fraud_warning"),
    _follow_up_card("4000000000007726", "Succeeds; refunds are pending at first", "refund_pending"),
    _follow_up_card("4000000000005126", "Succeeds; refunds fail later", "refund_fails"),
)

CARDS = {card.number: card for card in _TABLE}

# The names in a session's `brands_blocked` for the short names used in charges.
BLOCKABLE_BRANDS = {
    "visa": "visa",
    "mastercard": "mastercard",
    "amex": "american_express",
    "discover": "discover_global_network",
}


def digits(text: str) -> str:
    """Remove the spaces and dashes that people enter in a card number."""
    return "".join(character for character in text if character not in " -\u00a0")


def passes_luhn(number: str) -> bool:
    """Whether the last digit of a card number matches the others."""
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
