"""All URLs of the site, except those of probes (``monitoring.probes``)."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path

from licensing_site.demo import clock
from subscriptions.access import identity

demo = [path(clock.PATH, clock.move, name="demo_clock")] if settings.DEMO else []

# Support uses the normal sign-in page, so that its rate limits apply.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    *demo,
    path("admin/", admin.site.urls),
    # Before django-allauth's own pages at the same URLs.
    re_path(
        r"^accounts/confirm-email/(?P<key>[-:\w]+)/$",
        identity.ConfirmEmail.as_view(),
        name="account_confirm_email",
    ),
    re_path(
        r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        identity.ResetPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/second-factor/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("", include("billing.urls")),
    path("", include("subscriptions.urls")),
]

handler400 = "licensing_site.errors.bad_request"
handler500 = "licensing_site.errors.server_error"
