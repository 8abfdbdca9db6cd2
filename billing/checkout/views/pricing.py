"""The public pricing page (R9)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from subscriptions.models import Package


@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """Show the offered packages, and how licenses are priced and paid for (R9)."""
    packages = Package.objects.filter(is_offered=True)
    return render(request, "billing/pricing.html", {"packages": packages})
