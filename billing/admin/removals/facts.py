"""Text for a removal and its renewal (R27)."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.checkout.renewals import find_open_renewal_checkout
from billing.support import removals
from billing.support.removals import RemovalPlan
from subscriptions import clock
from subscriptions.admin.parts import display
from subscriptions.admin.parts.actions import ActionResult
from subscriptions.admin.parts.display import Fact
from subscriptions.licenses.status import get_status
from subscriptions.models import LicenseRemoval, Organization, User
from subscriptions.policy.refusal import ALLOWED, Allowed, Refusal, Refused
from subscriptions.text.formats import number


def may_remove(organization: Organization) -> Allowed | Refusal:
    """Whether licenses can be removed from the renewal now."""
    try:
        removals.plan_removal(get_status(organization, clock.now()), 0)
    except Refused as refused:
        return refused.refusal
    return ALLOWED


def name_and_email(user: User | None) -> str:
    """Return a person's name and e-mail address."""
    return f"{user.name} <{user.email}>" if user else ""


def before_after(before: object, after: object) -> str:
    """Return the old and new value."""
    return f"{before} → {after}"


def renewal_basis(plan: RemovalPlan) -> list[Fact]:
    """Return the numbers that the renewal is based on."""
    return [
        (_("Licenses of the term"), number(plan.need.licenses)),
        (_("In use"), number(plan.need.in_use)),
        (_("Already removed"), number(plan.need.removed)),
    ]


def renewal_summary(plan: RemovalPlan) -> str:
    """Return the quantity and total of the renewal as of now."""
    return _("%(quantity)s licenses, %(total)s with %(package)s today") % {
        "quantity": number(plan.renewal_before),
        "total": display.money(plan.total_before, plan.currency),
        "package": plan.package.name,
    }


def open_payment_warnings(organization: Organization) -> list[str]:
    """Warn that the open payment page of the renewal will be closed."""
    purchase = find_open_renewal_checkout(organization)
    if purchase is None:
        return []
    text = _(
        "%(buyer)s is paying for the renewal right now. That payment page will be closed first. "
        "If it has already been paid, nothing will be changed."
    )
    return [text % {"buyer": purchase.buyer_name or purchase.buyer_email}]


def removal_result(removal: LicenseRemoval) -> ActionResult:
    """Return the result of a removal."""
    return ActionResult(
        ngettext(
            "%(quantity)s license has been removed from the renewal. This can be undone until "
            "the renewal is paid.",
            "%(quantity)s licenses have been removed from the renewal. This can be undone "
            "until the renewal is paid.",
            removal.quantity,
        )
        % {"quantity": number(removal.quantity)}
    )


def undo_result(removal: LicenseRemoval) -> ActionResult:
    """Return the result of undoing a removal."""
    return ActionResult(
        ngettext(
            "The removal of %(quantity)s license has been undone.",
            "The removal of %(quantity)s licenses has been undone.",
            removal.quantity,
        )
        % {"quantity": number(removal.quantity)}
    )
