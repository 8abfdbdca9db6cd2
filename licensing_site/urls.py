"""Every address of the site, but for those that machines ask (``monitoring.probes``)."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from licensing_site.demo import clock

demo = [path(clock.PATH, clock.move, name="demo_clock")] if settings.DEMO else []

# Support signs in where everybody does, so that the limits on failed sign-ins count for it too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    *demo,
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/second-factor/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("", include("billing.urls")),
    path("", include("subscriptions.urls")),
]

handler400 = "licensing_site.errors.bad_request"
handler500 = "licensing_site.errors.server_error"
