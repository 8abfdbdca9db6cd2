"""How many licenses support may take off a renewal (R27)."""

from subscriptions.policy.decisions import ALLOWED, Allowed, Reason, Refusal


def most_removable(*, licenses: int, removed: int, in_use: int) -> int:
    """Licenses of the term that are neither removed already nor in use."""
    return max(0, licenses - removed - in_use)


def may_remove(quantity: int, *, licenses: int, removed: int, in_use: int) -> Allowed | Refusal:
    """Whether ``quantity`` licenses may be taken off the renewal, never below members in use.

    ``licenses``: of the term being renewed; ``removed``: removals standing.
    """
    most = most_removable(licenses=licenses, removed=removed, in_use=in_use)
    if quantity < 1:
        return Refusal(Reason.REMOVAL_TOO_FEW, {"most": most})
    if quantity > most:
        facts = {
            "quantity": quantity,
            "most": most,
            "left": licenses - removed,
            "in_use": in_use,
            "users_to_remove": quantity - most if licenses - removed >= quantity else None,
        }
        return Refusal(Reason.REMOVAL_BELOW_MEMBERS, facts)
    return ALLOWED
