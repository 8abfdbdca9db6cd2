"""URLs of organizations and people, package by package."""

from django.urls import include, path

app_name = "subscriptions"

urlpatterns = [
    path("", include("subscriptions.organizations.urls")),
    path("", include("subscriptions.members.urls")),
    path("", include("subscriptions.roster_import.urls")),
    path("", include("subscriptions.messenger.urls")),
    path("", include("subscriptions.access.urls")),
    path("", include("subscriptions.text.urls")),
]
