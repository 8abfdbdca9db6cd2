"""Addresses of the sandbox: the API, the hosted pages, the control API."""

from __future__ import annotations

from django.urls import path, re_path

from billing.sandbox import control, dashboard, pages
from billing.sandbox.api import unknown_address
from billing.sandbox.endpoints import VIEWS

urlpatterns = [
    path("", pages.home),
    *(path(f"v1/{address}", view) for address, view in VIEWS.items()),
    re_path(r"^v[12]/", unknown_address),
    path("c/pay/<str:id>", pages.pay),
    path("3ds/<str:id>", pages.three_d_secure),
    path("receipts/<str:id>", pages.receipt),
    path("sandbox.css", pages.style),
    path(dashboard.ADDRESS.removeprefix("/"), dashboard.dashboard),
    *(path(f"_sandbox/{address}", view) for address, view in control.VIEWS.items()),
]
