"""The figures at the top of the Django admin."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.admin.refunds.model_admin import NEEDS_RESPONSE
from billing.models import Dispute, PaymentProblem
from subscriptions.admin.organizations.filters import exceeds_licenses
from subscriptions.admin.parts import display
from subscriptions.licenses.terms import in_phase
from subscriptions.messenger.replies import count_waiting
from subscriptions.models import Organization, Thread
from subscriptions.models.messenger import ThreadState
from subscriptions.policy.expiration import Phase
from subscriptions.text import formats


@dataclass(frozen=True)
class Figure:
    """A number, what it counts, and the URL of its list."""

    label: str
    number: str
    address: str
    is_urgent: bool


def figures(request: HttpRequest) -> list[Figure]:
    """Return the figures this user may see, with one query each."""
    found = []
    if display.may_see(request, PaymentProblem):
        count = PaymentProblem.objects.filter(needs_support=True).count()
        address = display.list_url(PaymentProblem, waiting="yes")
        found.append(_figure(_("Payments to review"), count, address, is_urgent=count > 0))
    if display.may_see(request, Dispute):
        count = Dispute.objects.filter(status__in=NEEDS_RESPONSE).count()
        address = display.list_url(Dispute, respond="yes")
        found.append(
            _figure(_("Disputes that need a response"), count, address, is_urgent=count > 0)
        )
    if display.may_see(request, Thread):
        address = display.list_url(Thread, state__exact=ThreadState.WAITING.value)
        count = count_waiting()
        found.append(_figure(_("Threads waiting"), count, address, is_urgent=count > 0))
    if display.may_see(request, Organization):
        found += _organization_figures()
    if request.user.has_perm("billing.view_processorevent"):
        address = reverse("admin:billing_health")
        found.append(Figure(_("Webhooks, refunds, e-mails"), _("Health"), address, is_urgent=False))
    return found


def _organization_figures() -> list[Figure]:
    window = Organization.objects.filter(in_phase(Phase.WINDOW)).count()
    over = Organization.objects.filter(exceeds_licenses()).count()
    return [
        _figure(
            _("In the renewal window, not renewed"),
            window,
            display.list_url(Organization, phase=Phase.WINDOW.value),
        ),
        _figure(
            _("More users than licenses"),
            over,
            display.list_url(Organization, over="yes"),
            is_urgent=over > 0,
        ),
    ]


def _figure(label: str, count: int, address: str, *, is_urgent: bool = False) -> Figure:
    return Figure(label, formats.number(count), address, is_urgent)
