"""The URL that receives the processor's events."""

from django.urls import path

from billing.events import views

urlpatterns = [
    path("stripe/webhook/", views.stripe_webhook, name="webhook"),
]
