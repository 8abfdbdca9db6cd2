"""URLs of the messenger."""

from django.urls import path

from subscriptions.messenger import views

urlpatterns = [
    path("messages/", views.messages, name="messages"),
    path("messages/sent/", views.message_sent, name="message_sent"),
    path("messages/news/", views.message_updates, name="message_updates"),
    path("o/<slug:slug>/messages/", views.thread, name="thread"),
    path("o/<slug:slug>/messages/news/", views.thread_updates, name="thread_updates"),
    path("o/<slug:slug>/messages/removal/", views.request_removal, name="request_removal"),
]
