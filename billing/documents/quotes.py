"""Quotes for renewing today, for a board to decide on (R25)."""

from django.utils.translation import gettext as _

from billing.checkout.renewals import RenewalPlan
from billing.documents.typesetting import Document, Table, get_footer, typeset
from billing.models.purchases import seller_now
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.models import Organization
from subscriptions.policy.renewals import Bound
from subscriptions.text import formats


def quote_pdf(subscription: SubscriptionStatus, plan: RenewalPlan) -> bytes:
    """Return the PDF of ``plan``, dated ``subscription.now``."""
    document = Document(
        title=_("Quote for renewing the subscription"),
        seller=seller_now(),
        recipient=_recipient(subscription.organization),
        facts=_facts(subscription, plan),
        tables=[_need(plan), _amounts(plan)],
        notes=_notes(plan),
        footer=get_footer(seller_now()),
    )
    return typeset(document, made_at=subscription.now)


def _recipient(organization: Organization) -> str:
    lines = (organization.name, organization.billing_name, organization.billing_address)
    return "\n".join(line for line in lines if line)


def _facts(subscription: SubscriptionStatus, plan: RenewalPlan) -> list[tuple[str, str]]:
    facts = [(_("As of"), formats.moment(subscription.now)), (_("Package"), plan.package.name)]
    if plan.starts_on and plan.expires_on:
        return [*facts, (_("New term"), formats.validity(plan.starts_on, plan.expires_on))]
    return [*facts, (_("New term"), _("starts on the day of payment"))]


def _need(plan: RenewalPlan) -> Table:
    rows = [(_("Licenses this term"), formats.number(plan.need.licenses))]
    if plan.need.removed:
        rows.append((_("Removed by support"), f"−{formats.number(plan.need.removed)}"))
    if plan.renewal_quantity.bound == Bound.MEMBERS:
        rows.append((_("Minimum: licenses in use"), formats.number(plan.need.in_use)))
    if plan.renewal_quantity.bound == Bound.MINIMUM:
        minimum = formats.number(plan.package.minimum_licenses)
        rows.append((_("Minimum for this package"), minimum))
    total = (_("Licenses to renew"), formats.number(plan.renewal_quantity.quantity))
    return Table(
        title=_("Number of licenses"),
        headings=(_("Description"), _("Licenses")),
        rows=rows,
        numbers=(1,),
        sums=[total],
    )


def _amounts(plan: RenewalPlan) -> Table:
    price = plan.price

    def money(amount: int) -> str:
        return formats.money(amount, plan.currency)

    sums = []
    if price.discount_amount and plan.discount:
        sums.append((plan.discount.name, f"−{money(price.discount_amount)}"))
    if price.fee_amount:
        sums.append((_("Late fee"), money(price.fee_amount)))
    sums.append((_("Total"), f"{money(price.total)} {plan.currency.upper()}"))
    row = (
        plan.package.name,
        formats.number(price.quantity),
        money(price.unit_amount),
        money(price.subtotal),
    )
    return Table(
        title=_("Cost"),
        headings=(_("Package"), _("Licenses"), _("Price per license"), _("Amount")),
        rows=[row],
        numbers=(1, 2, 3),
        sums=sums,
    )


def _notes(plan: RenewalPlan) -> list[str]:
    return [
        _(
            "This is a quote, not an invoice. Prices and the number of licenses may change until "
            "the renewal is paid. You will be charged the total shown on the payment page."
        ),
        _("Payment by credit or debit card only."),
    ]
