"""The Django admin for some networks only, where ``ADMIN_NETWORKS`` names them."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse


class AdminNetworks:
    """Answer 404 to everybody else, as if there were no admin."""

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
        # Through TRUSTED_PROXY_COUNT proxies, as the limits on failed sign-ins see it.
        address = ip_address(get_adapter().get_client_ip(request))
        return any(address in network for network in self.networks)
