"""URLs of buying: pricing, Add Licenses, renewal, original purchase."""

from django.urls import path

from billing.checkout.views import add_licenses, pricing, renewal, return_page, subscribe

urlpatterns = [
    path("o/<slug:slug>/licenses/add/", add_licenses.add_licenses, name="add_licenses"),
    path("o/<slug:slug>/licenses/return/", return_page.return_page, name="return"),
    path("o/<slug:slug>/renewal/", renewal.renewal, name="renewal"),
    path("o/<slug:slug>/renewal/end/", renewal.cancel_renewal, name="cancel_renewal"),
    path("pricing/", pricing.pricing, name="pricing"),
    path("purchase/", subscribe.subscribe, name="subscribe"),
    path("purchase/return/", return_page.subscribed, name="subscribed"),
]
