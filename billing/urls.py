"""Addresses of buying and of what was bought, room by room."""

from django.urls import include, path

app_name = "billing"

urlpatterns = [
    path("", include("billing.checkout.urls")),
    path("", include("billing.documents.urls")),
    path("", include("billing.events.urls")),
]
