"""Addresses of organizations and people. The organization stands in the address."""

from django.urls import path

from subscriptions.access import views as profile
from subscriptions.members.views import dormant, invitations, join_requests, users
from subscriptions.messenger import views as messenger
from subscriptions.organizations.views import activity, home, settings
from subscriptions.roster_import import views as rosters
from subscriptions.text import views

app_name = "subscriptions"

urlpatterns = [
    path("", home.my_organizations, name="my_organizations"),
    path("help/", views.help, name="help"),
    path("account/", profile.profile, name="profile"),
    path("language/", views.choose_language, name="choose_language"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("o/<slug:slug>/", home.home, name="home"),
    path("messages/", messenger.messages, name="messages"),
    path("messages/sent/", messenger.sent, name="message_sent"),
    path("messages/news/", messenger.news, name="message_news"),
    path("o/<slug:slug>/messages/", messenger.thread, name="thread"),
    path("o/<slug:slug>/messages/news/", messenger.thread_news, name="thread_news"),
    path("o/<slug:slug>/messages/removal/", messenger.ask_for_removal, name="ask_for_removal"),
    path("o/<slug:slug>/settings/", settings.settings, name="settings"),
    path("o/<slug:slug>/settings/subscription/", settings.subscription, name="subscription"),
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
    path("join/", join_requests.join, name="join"),
    path("join/asked/", join_requests.asked, name="join_asked"),
    path("o/<slug:slug>/users/requests/", join_requests.requests, name="join_requests"),
    path(
        "o/<slug:slug>/users/requests/<uuid:key>/approve/",
        join_requests.approve,
        name="approve_request",
    ),
    path("o/<slug:slug>/users/requests/<uuid:key>/deny/", join_requests.deny, name="deny_request"),
    path("o/<slug:slug>/users/dormant/", dormant.dormant, name="dormant_users"),
    path("o/<slug:slug>/users/remove/", dormant.remove_many, name="remove_users"),
    path("o/<slug:slug>/users/removed/", dormant.removed, name="removed_users"),
    path("o/<slug:slug>/users/removed/<uuid:key>/", dormant.restore, name="restore_user"),
    path("o/<slug:slug>/users/", users.users, name="users"),
    path("o/<slug:slug>/users/add/", users.add, name="add_user"),
    path("o/<slug:slug>/users/add/keep/", users.keep_draft, name="keep_draft"),
    path("o/<slug:slug>/users.csv", rosters.users_csv, name="users_csv"),
    path("o/<slug:slug>/users/import/", rosters.import_users, name="import_users"),
    path("o/<slug:slug>/users/import/roster.csv", rosters.roster_template, name="roster_template"),
    path(
        "o/<slug:slug>/users/import/<uuid:roster>/", rosters.imported_roster, name="imported_roster"
    ),
    path("o/<slug:slug>/users/import/<uuid:roster>/add/", rosters.add_roster, name="add_roster"),
    path(
        "o/<slug:slug>/users/import/<uuid:roster>/discard/",
        rosters.discard_roster,
        name="discard_roster",
    ),
    path("o/<slug:slug>/users/<uuid:key>/", users.user, name="user"),
    path("o/<slug:slug>/users/<uuid:key>/remove/", users.remove, name="remove_user"),
    path("o/<slug:slug>/users/<uuid:key>/resend/", users.resend, name="resend_invitation"),
]
