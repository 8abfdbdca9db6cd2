"""Addresses of buying and of what was bought."""

from django.urls import path

from billing.documents.views import downloads, history
from billing.views import buying, renewing, subscribing, webhook

app_name = "billing"

urlpatterns = [
    path("o/<slug:slug>/licenses/add/", buying.add_licenses, name="add_licenses"),
    path("o/<slug:slug>/licenses/return/", buying.return_page, name="return"),
    path("o/<slug:slug>/renewal/", renewing.renewal, name="renewal"),
    path("o/<slug:slug>/renewal/end/", renewing.end_renewal, name="end_renewal"),
    path("o/<slug:slug>/purchases/", history.purchases, name="purchases"),
    path("o/<slug:slug>/purchases.csv", history.purchases_csv, name="purchases_csv"),
    path("o/<slug:slug>/purchases/<uuid:pk>/", history.purchase, name="purchase"),
    path("o/<slug:slug>/purchases/<uuid:pk>/receipt.pdf", downloads.receipt, name="receipt_pdf"),
    path("o/<slug:slug>/renewal/quote.pdf", downloads.quote, name="quote_pdf"),
    path("o/<slug:slug>/terms/<slug:starts_on>.pdf", downloads.sheet, name="sheet_pdf"),
    path("o/<slug:slug>/terms/<slug:starts_on>.csv", downloads.sheet_csv, name="sheet_csv"),
    path("pricing/", subscribing.pricing, name="pricing"),
    path("purchase/", subscribing.subscribe, name="subscribe"),
    path("purchase/return/", subscribing.subscribed, name="subscribed"),
    path("stripe/webhook/", webhook.stripe_webhook, name="webhook"),
]
