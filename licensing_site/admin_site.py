"""The Django admin of this site: Django's own, with the page of health and the numbers on top."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _


class AdminSite(admin.AdminSite):
    """Where support works. What it offers stands in ``subscriptions.admin`` and ``billing.admin``.

    They register with the one instance of this class, so they are imported later than it is.
    """

    site_header = _("Licensing support")
    site_title = _("Licensing support")
    index_title = _("What waits, and everything there is")

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Ours before Django's, which ends with one that takes every address."""
        from billing.admin import health

        return [*health.urls(self), *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """The start page, with what waits."""
        from billing.admin.figures import figures

        return super().index(request, {"figures": figures(request), **(extra_context or {})})
