"""URLs of the user's own account."""

from django.urls import path

from subscriptions.access import views

urlpatterns = [
    path("account/", views.profile, name="profile"),
]
