"""The demo's clock: a bar on every page moves it forward, along with the local Stripe's clock.

Used only in the demo. Sign-in sessions, password links and webhook signatures use real time.
"""

import logging
from datetime import date, datetime, timedelta
from pathlib import Path

import requests
from django.conf import settings
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from subscriptions import clock
from subscriptions.models import Membership, Term
from subscriptions.policy import calendar

logger = logging.getLogger(__name__)

# Only the demo has this URL, so templates cannot reverse it by name.
PATH = "demo/clock/"
STEPS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
# The sandbox's documented token; it only listens on this machine.
SANDBOX_TOKEN = "sandbox-control"  # noqa: S105


def bar(request: HttpRequest) -> dict[str, object]:
    """Return the template context: the demo's date, and dates to jump to."""
    return {
        "demo_today": clock.today(),
        "demo_jumps": _jumps(request),
        "demo_clock": f"/{PATH}",
    }


@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Move the clock forward, then run the daily job for the new day."""
    target = _target(request.POST.get("to", ""))
    if target is not None and target > clock.now():
        _set_clock(target)
        _move_sandbox_clock()
        call_command("daily", verbosity=0)
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    return redirect(back)


def _jumps(request: HttpRequest) -> dict[str, date]:
    """Return the upcoming dates that matter to the page's organization."""
    membership = getattr(request, "membership", None)
    if not isinstance(membership, Membership):
        return {}
    term = Term.objects.filter(organization=membership.organization, canceled_at=None).last()
    if term is None:
        return {}
    dates = {
        "window": calendar.renewal_opens_on(term.expires_on),
        "last_day": term.expires_on,
        "expired": term.expires_on + timedelta(days=1),
        "closed": term.expires_on + timedelta(days=1 + settings.CLOSE_AFTER_DAYS),
    }
    return {name: day for name, day in dates.items() if day > clock.today()}


def _target(to: str) -> datetime | None:
    """Return the time after a step, or the first minute of a date."""
    if to in STEPS:
        return clock.now() + STEPS[to]
    try:
        day = date.fromisoformat(to)
    except ValueError:
        return None
    return calendar.midnight(day, clock.zone()) + timedelta(minutes=1)


def _set_clock(target: datetime) -> None:
    ahead = clock.demo_offset() + (target - clock.now())
    Path(settings.DEMO_CLOCK_FILE).write_text(str(int(ahead.total_seconds())))


def _move_sandbox_clock() -> None:
    try:
        requests.post(
            f"{settings.STRIPE_API_BASE}/_sandbox/clock",
            json={"now": int(clock.now().timestamp()), "frozen": False},
            headers={"Authorization": f"Bearer {SANDBOX_TOKEN}"},
            timeout=5,
        ).raise_for_status()
    except requests.RequestException:
        logger.exception("the clock of the local Stripe could not be moved")
