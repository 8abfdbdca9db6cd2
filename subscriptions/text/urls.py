"""URLs of the help and the choice of language."""

from django.urls import path

from subscriptions.text import views

urlpatterns = [
    path("help/", views.help, name="help"),
    path("language/", views.choose_language, name="choose_language"),
]
