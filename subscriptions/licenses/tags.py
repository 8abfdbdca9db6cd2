"""License charts, each with a text alternative."""

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.licenses import charts
from subscriptions.licenses.history import History
from subscriptions.policy.licenses import LicenseCount
from subscriptions.text import formats

register = template.Library()


@register.inclusion_tag("licenses/_meter.html")
def license_meter(licenses: LicenseCount, requested: int = 0) -> dict[str, Any]:
    """``{% license_meter subscription.licenses %}``; ``requested``: licenses not granted yet."""
    meter = charts.build_meter(licenses, requested)
    return {
        "meter": meter,
        "description": _describe_meter(licenses, requested),
        "width": charts.METER_WIDTH,
    }


@register.inclusion_tag("licenses/_history.html")
def license_history(history: History) -> dict[str, Any]:
    """``{% license_history history %}``: licenses held over a term, and in use today."""
    return {
        "chart": charts.build_chart(history),
        "history": history,
        "description": _describe(history),
    }


def _describe_meter(licenses: LicenseCount, requested: int) -> str:
    description = _("%(in_use)s of %(held)s licenses in use, %(free)s available") % {
        "in_use": formats.number(licenses.in_use),
        "held": formats.number(licenses.held),
        "free": formats.number(licenses.free),
    }
    if not requested:
        return description
    return _("%(in_use)s, %(requested)s requested") % {
        "in_use": description,
        "requested": formats.number(requested),
    }


def _describe(history: History) -> str:
    first, last = history.steps[0], history.steps[-1]
    return ngettext(
        "Licenses held from %(starts)s through %(ends)s: %(first)s on the first day, %(last)s on "
        "the last, with %(changes)s change in between. Renewal opens on %(opens)s.",
        "Licenses held from %(starts)s through %(ends)s: %(first)s on the first day, %(last)s on "
        "the last, with %(changes)s changes in between. Renewal opens on %(opens)s.",
        len(history.steps) - 1,
    ) % {
        "starts": formats.long_date(history.starts_on),
        "ends": formats.long_date(history.ends_on),
        "first": formats.number(first.held),
        "last": formats.number(last.held),
        "changes": formats.number(len(history.steps) - 1),
        "opens": formats.long_date(history.window_opens_on),
    }
