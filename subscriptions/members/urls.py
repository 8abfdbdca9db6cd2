"""URLs of users: the list, invitations, join requests, inactive users."""

from django.urls import path

from subscriptions.members.views import inactive, invitations, join_requests, users

urlpatterns = [
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("join/", join_requests.join, name="join"),
    path("join/asked/", join_requests.asked, name="join_asked"),
    path("o/<slug:slug>/users/requests/", join_requests.requests, name="join_requests"),
    path(
        "o/<slug:slug>/users/requests/<uuid:key>/approve/",
        join_requests.approve,
        name="approve_request",
    ),
    path("o/<slug:slug>/users/requests/<uuid:key>/deny/", join_requests.deny, name="deny_request"),
    path("o/<slug:slug>/users/inactive/", inactive.inactive, name="inactive_users"),
    path("o/<slug:slug>/users/remove/", inactive.remove_many, name="remove_users"),
    path("o/<slug:slug>/users/removed/", inactive.removed, name="removed_users"),
    path("o/<slug:slug>/users/removed/<uuid:key>/", inactive.restore, name="restore_user"),
    path("o/<slug:slug>/users/", users.users, name="users"),
    path("o/<slug:slug>/users/add/", users.add, name="add_user"),
    path("o/<slug:slug>/users/add/keep/", users.save_draft, name="save_draft"),
    path("o/<slug:slug>/users/<uuid:key>/", users.user, name="user"),
    path("o/<slug:slug>/users/<uuid:key>/remove/", users.remove, name="remove_user"),
    path("o/<slug:slug>/users/<uuid:key>/resend/", users.resend, name="resend_invitation"),
]
