"""Access checks for pages (R2), all in one place, for GET and POST alike."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from subscriptions import clock
from subscriptions.access import second_factor, unsaved_forms
from subscriptions.licenses.status import get_status
from subscriptions.models import Membership, Term
from subscriptions.models.members import MembershipState
from subscriptions.models.messenger import unread_in_thread
from subscriptions.notifications import recipients
from subscriptions.policy import members
from subscriptions.policy.expiration import Phase
from subscriptions.policy.members import Capability

P = ParamSpec("P")
MemberView = Callable[Concatenate[HttpRequest, Membership, P], HttpResponseBase]
View = Callable[..., HttpResponseBase]


def members_only(
    capability: Capability, *, open_when_closed: bool = False, form_at: str = ""
) -> Callable[[MemberView[P]], View]:
    """Open a page under ``/o/<slug>/`` to members whose role includes ``capability``.

    ``open_when_closed``: stays open long after expiration, when other pages are closed (R22).
    ``form_at``: the URL name of the form's page, if this URL only receives the form.

    The view gets the member's own membership, with user and organization loaded, instead of the
    slug. Visitors are sent to sign in, whether the organization exists or not. Non-members,
    including support staff, get 404; members without the capability get 403.
    """

    def decorate(view: MemberView[P]) -> View:
        @wraps(view)
        def wrapper(
            request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not request.user.is_authenticated:
                page = reverse(form_at, args=[slug]) if form_at else ""
                return unsaved_forms.sign_in_again(request, page)
            membership = membership_in(request, slug)
            if not members.can(membership.role, capability):
                raise PermissionDenied(membership)
            if second_factor.is_missing(request, membership, capability):
                return _second_factor_page(request, membership)
            if not open_when_closed and _is_closed(membership):
                return _closed_page(request, membership)
            response = view(request, membership, *args, **kwargs)
            keep_private(request, response)
            return response

        return wrapper

    return decorate


def signed_in_only(view: View) -> View:
    """Open a page about the user's own account; visitors are sent to sign in."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return unsaved_forms.sign_in_again(request)
        return view(request, *args, **kwargs)

    return wrapper


def membership_in(request: HttpRequest, slug: str) -> Membership:
    """Return the user's active membership in the organization ``slug``, or raise Http404.

    Stores it and the user's other memberships on the request, for the navigation.
    """
    unexpired = Term.objects.filter(
        organization=OuterRef("organization"), canceled_at=None, expires_on__gte=clock.today()
    )
    mine = active_memberships(request.user.pk).annotate(has_unexpired_term=Exists(unexpired))
    membership = next((one for one in mine if one.organization.slug == slug), None)
    if membership is None:
        raise Http404
    membership.user = request.user  # type: ignore[assignment]  # the same row, already loaded
    request.membership = membership  # type: ignore[attr-defined]
    request.other_memberships = [one for one in mine if one != membership]  # type: ignore[attr-defined]
    return membership


def active_memberships(person: int | None) -> QuerySet[Membership]:
    """Return a user's active memberships, by organization name; empty for None.

    Each has ``unread_messages``: the unread replies in its thread with support (R28).
    """
    return (
        Membership.objects.select_related("organization")
        .annotate(unread_messages=unread_in_thread("user", "organization"))
        .filter(user=person, state=MembershipState.ACTIVE)
        .order_by("organization__name")
    )


def _is_closed(membership: Membership) -> bool:
    # Runs on nearly every page, so the whole status is computed only if all terms are over.
    if membership.has_unexpired_term:  # type: ignore[attr-defined]
        return False
    return get_status(membership.organization, clock.now()).phase == Phase.CLOSED


def _closed_page(request: HttpRequest, membership: Membership) -> HttpResponse:
    context = {
        "subscription": get_status(membership.organization, clock.now()),
        "buyers": recipients.people_who_may_buy(membership.organization)[:20],
    }
    response = render(request, "organizations/closed.html", context, status=HTTPStatus.FORBIDDEN)
    keep_private(request, response)
    return response


def _second_factor_page(request: HttpRequest, membership: Membership) -> HttpResponse:
    context = {"has_one": second_factor.has_second_factor(membership.user)}
    response = render(request, "access/second_factor.html", context, status=HTTPStatus.FORBIDDEN)
    keep_private(request, response)
    return response


def keep_private(request: HttpRequest, response: HttpResponseBase) -> None:
    """Keep an organization's page out of shared caches, and out of the browser's after leaving it.

    Browsers may keep responses to forms, because otherwise going back to one would ask whether to
    submit the form again.
    """
    if isinstance(response, HttpResponse) and not response.has_header("Cache-Control"):
        is_answer = request.method == "POST"
        response["Cache-Control"] = "private, no-cache" if is_answer else "private, no-store"
