"""URLs of an organization: its pages and System Settings."""

from django.urls import path

from subscriptions.organizations.views import activity, home, settings, subscription

urlpatterns = [
    path("", home.my_organizations, name="my_organizations"),
    path("o/<slug:slug>/", home.home, name="home"),
    path("o/<slug:slug>/settings/", settings.settings, name="settings"),
    path("o/<slug:slug>/settings/subscription/", subscription.subscription, name="subscription"),
    path(
        "o/<slug:slug>/settings/organization/",
        settings.organization,
        name="settings_organization",
    ),
    path(
        "o/<slug:slug>/settings/notifications/",
        settings.notifications,
        name="settings_notifications",
    ),
    path("o/<slug:slug>/settings/security/", settings.security, name="settings_security"),
    path("o/<slug:slug>/settings/people/", settings.people, name="settings_people"),
    path("o/<slug:slug>/settings/activity/", activity.activity, name="activity"),
    path("o/<slug:slug>/settings/activity.csv", activity.activity_csv, name="activity_csv"),
]
