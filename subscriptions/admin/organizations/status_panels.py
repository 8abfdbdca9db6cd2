"""An organization's subscription status, at the top of its page in the Django admin."""

from collections.abc import Callable

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.admin.organizations.filters import PHASES
from subscriptions.admin.parts.display import Fact, Panel, day, highlight, link, local_day, money
from subscriptions.licenses import renewals
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.models import Package, Term
from subscriptions.policy.refusal import Refusal
from subscriptions.text import formats
from subscriptions.text.refusals import refusal_text
from subscriptions.text.registry import RESERVED, Registry

# Shown at the end of the renewal panel.
RENEWAL_FACTS: Registry[Callable[[SubscriptionStatus], Fact]] = Registry(paid_by=RESERVED)


def alerts(request: HttpRequest, subscription: SubscriptionStatus) -> list[str]:
    """Return warnings about the licenses."""
    count = subscription.licenses
    if not count.over or subscription.is_late:
        return []
    return [
        ngettext(
            "%(over)s more user than licenses: no one can be added until licenses are bought "
            "or users removed.",
            "%(over)s more users than licenses: no one can be added until licenses are bought "
            "or users removed.",
            count.over,
        )
        % {"over": formats.number(count.over)}
    ]


def who(request: HttpRequest, subscription: SubscriptionStatus) -> Panel:
    """Show the organization's contact and address on the site."""
    organization = subscription.organization
    return Panel(
        _("Organization"),
        "who",
        facts=[
            (_("Name"), organization.name),
            (_("Address on the site"), f"/o/{organization.slug}/"),
            (_("Billing contact"), organization.billing_name or "–"),
            (_("Billing e-mail"), organization.billing_email or "–"),
            (_("Billing address"), organization.billing_address or "–"),
            (_("Customer since"), local_day(organization.created_at)),
        ],
    )


def current_term(request: HttpRequest, subscription: SubscriptionStatus) -> Panel:
    """Show the running term, or the last one, at its locked price."""
    phase = str(PHASES[subscription.phase])
    facts: list[Fact] = [
        (_("Phase"), highlight(phase) if subscription.renewal_is_open else highlight(phase, "good"))
    ]
    term = subscription.term or subscription.latest
    if term is None:
        return Panel(_("Subscription"), "subscription", facts=facts)
    facts += [
        (_("Package"), term.package_name),
        (_("Locked price per license"), money(term.unit_amount, term.currency)),
        (_("Term"), link(term, f"{day(term.starts_on)} – {day(term.expires_on)}")),
    ]
    if subscription.canceled_on:
        facts.append((_("Canceled"), highlight(day(subscription.canceled_on))))
    if subscription.days_remaining is not None and subscription.days_remaining >= 0:
        facts.append((_("Days remaining"), formats.number(subscription.days_remaining)))
    elif subscription.days_remaining is not None:
        facts.append((_("Days since it ended"), formats.number(-subscription.days_remaining)))
    if subscription.next_term is not None:
        upcoming = subscription.next_term
        text = _("from %(start)s, %(price)s per license") % {
            "start": day(upcoming.starts_on),
            "price": money(upcoming.unit_amount, upcoming.currency),
        }
        facts.append((_("Renewed"), link(upcoming, text)))
    return Panel(_("Subscription"), "subscription", facts=facts)


def licenses(request: HttpRequest, subscription: SubscriptionStatus) -> Panel:
    """Show how many licenses are held, in use and free, and whether add-ons are sold."""
    count = subscription.licenses
    facts: list[Fact] = [
        (_("Held"), formats.number(count.held)),
        (_("In use"), formats.number(count.in_use)),
        (_("Available"), formats.number(count.free)),
    ]
    if count.over:
        facts.append((_("Over"), highlight(formats.number(count.over))))
    if count.usable < count.held:
        text = _("%(usable)s can be used: %(why)s") % {
            "usable": formats.number(count.usable),
            "why": (
                _("the next term has only this many")
                if count.limited_from
                else _("a renewal for this many is being paid for")
            ),
        }
        facts.append((_("Limit"), text))
    sold = subscription.may_add_licenses
    why_not = refusal_text(sold) if isinstance(sold, Refusal) else ""
    facts.append(
        (_("Add-ons available"), _("yes") if subscription.sells_add_ons else highlight(_("no")))
    )
    return Panel(_("Licenses"), "licenses", facts=facts, note=why_not)


def renewal(request: HttpRequest, subscription: SubscriptionStatus) -> Panel | None:
    """Show when the window opens, and what a renewal would be for."""
    term = subscription.latest
    if term is None:
        return None
    decision = subscription.may_renew
    facts: list[Fact] = [
        (_("Open"), highlight(_("yes")) if subscription.renewal_is_open else _("no")),
        (
            _("Window opened") if subscription.renewal_is_open else _("Window opens"),
            day(subscription.renewal_opens_on),
        ),
        (_("Last day to add licenses"), day(subscription.last_day_to_add)),
    ]
    facts += quantity_facts(term, subscription) if subscription.renewal_is_open else []
    facts += [build(subscription) for build in RENEWAL_FACTS]
    note = refusal_text(decision) if isinstance(decision, Refusal) else ""
    return Panel(_("Renewal"), "renewal", facts=facts, note=note)


def quantity_facts(term: Term, subscription: SubscriptionStatus) -> list[Fact]:
    """Return what the renewal is for, at today's price of the current package (R25, R27)."""
    need = renewals.get_need(term, in_use=subscription.licenses.in_use)
    package = Package.objects.get(pk=term.package_id)
    quantity = need.quantity(package).quantity
    text = _("%(quantity)s licenses, %(total)s with %(package)s today") % {
        "quantity": formats.number(quantity),
        "total": money(quantity * package.unit_amount, package.currency),
        "package": package.name,
    }
    return [
        (_("Current renewal"), text),
        (
            _("Removed from the renewal"),
            formats.number(need.removed) if need.removed else _("none"),
        ),
    ]
