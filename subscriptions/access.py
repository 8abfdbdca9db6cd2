"""Who may open what (R2): the one place, for GET and POST alike."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase

from subscriptions.models import Membership
from subscriptions.models.people import MembershipState
from subscriptions.policy import people
from subscriptions.policy.people import Capability

P = ParamSpec("P")
MemberView = Callable[Concatenate[HttpRequest, Membership, P], HttpResponseBase]
View = Callable[..., HttpResponseBase]


def members_only(capability: Capability) -> Callable[[MemberView[P]], View]:
    """Open a page under ``/o/<slug>/`` to members whose role includes ``capability``.

    The view gets the member's own membership, with user and organization loaded, in place of the
    slug. Anonymous: to sign in, whether the organization exists or not. No member, support staff
    too: 404. A member without the right: 403.
    """

    def decorate(view: MemberView[P]) -> View:
        @wraps(view)
        def wrapper(
            request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            membership = membership_in(request, slug)
            if not people.can(membership.role, capability):
                raise PermissionDenied(membership)
            response = view(request, membership, *args, **kwargs)
            keep_private(response)
            return response

        return wrapper

    return decorate


def membership_in(request: HttpRequest, slug: str) -> Membership:
    """The signed-in person's active membership in the organization of the address, or 404."""
    membership = (
        Membership.objects.select_related("organization")
        .filter(organization__slug=slug, user=request.user.pk, state=MembershipState.ACTIVE)
        .first()
    )
    if membership is None:
        raise Http404
    membership.user = request.user  # type: ignore[assignment]  # the same row, already loaded
    request.membership = membership  # type: ignore[attr-defined]  # for the navigation
    return membership


def keep_private(response: HttpResponseBase) -> None:
    """Keep an organization's page out of shared caches and out of the browser's history cache."""
    if isinstance(response, HttpResponse) and not response.has_header("Cache-Control"):
        response["Cache-Control"] = "private, no-store"
