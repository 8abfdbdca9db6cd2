"""Addresses of buying and of what was bought."""

from django.urls import path

from billing.checkout.views import add_licenses, renewal, subscribe
from billing.documents.views import downloads, history
from billing.events import views

app_name = "billing"

urlpatterns = [
    path("o/<slug:slug>/licenses/add/", add_licenses.add_licenses, name="add_licenses"),
    path("o/<slug:slug>/licenses/return/", add_licenses.return_page, name="return"),
    path("o/<slug:slug>/renewal/", renewal.renewal, name="renewal"),
    path("o/<slug:slug>/renewal/end/", renewal.end_renewal, name="end_renewal"),
    path("o/<slug:slug>/purchases/", history.purchases, name="purchases"),
    path("o/<slug:slug>/purchases.csv", history.purchases_csv, name="purchases_csv"),
    path("o/<slug:slug>/purchases/<uuid:pk>/", history.purchase, name="purchase"),
    path("o/<slug:slug>/purchases/<uuid:pk>/receipt.pdf", downloads.receipt, name="receipt_pdf"),
    path("o/<slug:slug>/renewal/quote.pdf", downloads.quote, name="quote_pdf"),
    path("o/<slug:slug>/terms/<slug:starts_on>.pdf", downloads.sheet, name="sheet_pdf"),
    path("o/<slug:slug>/terms/<slug:starts_on>.csv", downloads.sheet_csv, name="sheet_csv"),
    path("pricing/", subscribe.pricing, name="pricing"),
    path("purchase/", subscribe.subscribe, name="subscribe"),
    path("purchase/return/", subscribe.subscribed, name="subscribed"),
    path("stripe/webhook/", views.stripe_webhook, name="webhook"),
]
