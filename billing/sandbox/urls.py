"""URLs of the sandbox: the API, the hosted pages, the control API."""

from __future__ import annotations

from django.urls import path, re_path

from billing.sandbox.api.frame import unknown_address
from billing.sandbox.api.routes import VIEWS
from billing.sandbox.control import views
from billing.sandbox.pages import checkout, dashboard

urlpatterns = [
    path("", checkout.home),
    *(path(f"v1/{address}", view) for address, view in VIEWS.items()),
    re_path(r"^v[12]/", unknown_address),
    path("c/pay/<str:id>", checkout.pay),
    path("3ds/<str:id>", checkout.three_d_secure),
    path("receipts/<str:id>", checkout.receipt),
    path("sandbox.css", checkout.style),
    path(dashboard.ADDRESS.removeprefix("/"), dashboard.dashboard),
    *(path(f"_sandbox/{address}", view) for address, view in views.VIEWS.items()),
]
