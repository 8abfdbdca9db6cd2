"""The Django admin of this site, with the health page and figures added."""

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

# Libraries whose admin pages are hidden from support: addresses, second factors and sessions belong
# to their owners (R3), and queued e-mails contain links for invitations and password resets.
HIDDEN_APPS = {"account", "mfa", "usersessions", "post_office"}


class AdminSite(admin.AdminSite):
    """The admin where support works, with pages of ``subscriptions.admin`` and ``billing.admin``.

    They register with the only instance of this class, so they are imported after it.
    """

    site_header = _("Licensing support")
    site_title = _("Licensing support")
    index_title = _("Overview")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register models, except those of libraries in HIDDEN_APPS."""
        is_one = isinstance(model_or_iterable, ModelBase)
        models = [model_or_iterable] if is_one else model_or_iterable
        visible = [model for model in models if model._meta.app_label not in HIDDEN_APPS]
        super().register(visible, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Add our URLs before Django's, which end with a catch-all."""
        from billing.admin import health

        return [*health.urls(self), *super().get_urls()]

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Wrap a view to use the subscription time zone (R18).

        Only staff with a second factor and a recent sign-in may open it, because they see every
        organization.
        """

        def checked_view(request: HttpRequest, *arguments: Any, **names: Any) -> HttpResponse:
            missing = _require_second_factor(request)
            if missing is not None:
                return missing
            within = timedelta(seconds=settings.REAUTHENTICATE_IN_ADMIN)
            reauthentication.require(request, within)
            arguments = (request, *arguments)
            with timezone.override(clock.zone()):
                response: HttpResponse = view(*arguments, **names)
                # Render it now, because another time zone would apply later.
                return response.render() if isinstance(response, TemplateResponse) else response

        return super().admin_view(checked_view, cacheable)

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        """Show the start page with its figures."""
        from billing.admin.overview import figures

        return super().index(request, {"figures": figures(request), **(extra_context or {})})


def _require_second_factor(request: HttpRequest) -> HttpResponse | None:
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
