"""The Django admin of this site: Django's own, with the page of health and the numbers on top."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models.base import ModelBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from subscriptions import clock
from subscriptions.access import reauthentication

# Libraries whose pages support must not have: an account's addresses, second factors and sessions
# are its owner's (R3), and a queued mail holds the links of invitations and password resets.
WITHOUT_PAGES = {"account", "mfa", "usersessions", "post_office"}


class AdminSite(admin.AdminSite):
    """Where support works. What it offers stands in ``subscriptions.admin`` and ``billing.admin``.

    They register with the one instance of this class, so they are imported later than it is.
    """

    site_header = _("Licensing support")
    site_title = _("Licensing support")
    index_title = _("Overview")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As Django does, but for what libraries would put here."""
        is_one = isinstance(model_or_iterable, ModelBase)
        models = [model_or_iterable] if is_one else model_or_iterable
        shown = [model for model in models if model._meta.app_label not in WITHOUT_PAGES]
        super().register(shown, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Ours before Django's, which ends with one that takes every address."""
        from billing.admin import health

        return [*health.urls(self), *super().get_urls()]

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """As Django does, with times by the clock that terms are told by (R18).

        And only to staff with a second factor whose sign-in is recent: they see every organization.
        """

        def in_our_zone(request: HttpRequest, *arguments: Any, **names: Any) -> HttpResponse:
            missing = _second_factor_is_missing(request)
            if missing is not None:
                return missing
            within = timedelta(seconds=settings.REAUTHENTICATE_IN_ADMIN)
            reauthentication.require(request, within)
            arguments = (request, *arguments)
            with timezone.override(clock.zone()):
                response: HttpResponse = view(*arguments, **names)
                # Otherwise it would be rendered later, and its times by another clock.
                return response.render() if isinstance(response, TemplateResponse) else response

        return super().admin_view(in_our_zone, cacheable)

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """The start page, with what waits."""
        from billing.admin.overview import figures

        return super().index(request, {"figures": figures(request), **(extra_context or {})})


def _second_factor_is_missing(request: HttpRequest) -> HttpResponse | None:
    from subscriptions.access.second_factor import has_second_factor, was_used
    from subscriptions.models import User

    user = request.user
    if not settings.STAFF_SECOND_FACTOR or not isinstance(user, User) or was_used(request, user):
        return None
    if has_second_factor(user):
        query = urlencode({"next": request.get_full_path()})
        return redirect(f"{reverse('mfa_reauthenticate')}?{query}")
    messages.warning(request, _("Support staff need a second factor. Set one up first."))
    return redirect("mfa_index")
