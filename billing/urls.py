"""URLs of buying, and of purchases and their documents."""

from django.urls import include, path

app_name = "billing"

urlpatterns = [
    path("", include("billing.checkout.urls")),
    path("", include("billing.documents.urls")),
    path("", include("billing.events.urls")),
]
