"""URLs of the help and of the language choice."""

from django.urls import path

from subscriptions.text import views

urlpatterns = [
    path("help/", views.help, name="help"),
    path("language/", views.choose_language, name="choose_language"),
]
