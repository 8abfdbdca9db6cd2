"""The URL to which the processor delivers events."""

from django.urls import path

from billing.events import views

urlpatterns = [
    path("stripe/webhook/", views.stripe_webhook, name="webhook"),
]
