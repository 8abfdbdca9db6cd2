"""URLs of the purchase history, receipts, quotes and verification sheets."""

from django.urls import path

from billing.documents.views import downloads, history

urlpatterns = [
    path("o/<slug:slug>/purchases/", history.purchases, name="purchases"),
    path("o/<slug:slug>/purchases.csv", history.purchases_csv, name="purchases_csv"),
    path("o/<slug:slug>/purchases/<uuid:pk>/", history.purchase, name="purchase"),
    path("o/<slug:slug>/purchases/<uuid:pk>/receipt.pdf", downloads.receipt, name="receipt_pdf"),
    path("o/<slug:slug>/renewal/quote.pdf", downloads.quote, name="quote_pdf"),
    path("o/<slug:slug>/terms/<slug:starts_on>.pdf", downloads.sheet, name="sheet_pdf"),
    path("o/<slug:slug>/terms/<slug:starts_on>.csv", downloads.sheet_csv, name="sheet_csv"),
]
