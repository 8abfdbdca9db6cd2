"""Restrict the Django admin to the networks in ``ADMIN_NETWORKS``, if set."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse


class AdminNetworks:
    """Return 404 to all other clients, as if there were no admin."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.ADMIN_NETWORKS:
            raise MiddlewareNotUsed
        self.get_response = get_response
        self.networks = [ip_network(network) for network in settings.ADMIN_NETWORKS]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(reverse("admin:index")) and not self._is_inside(request):
            raise Http404
        return self.get_response(request)

    def _is_inside(self, request: HttpRequest) -> bool:
        # The client behind TRUSTED_PROXY_COUNT proxies, as for rate limits.
        address = ip_address(get_adapter().get_client_ip(request))
        return any(address in network for network in self.networks)
