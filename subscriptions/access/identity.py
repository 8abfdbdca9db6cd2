"""Pages for one person say whose they are, and ask before another user continues (R3)."""

from http import HTTPStatus
from typing import Any

from allauth.account.views import ConfirmEmailView, PasswordResetFromKeyView
from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from subscriptions.models import User

PAGE = "access/whose_page.html"


def ask_first(
    request: HttpRequest, owner: User, page_is_for: str, *, owner_label: str, address: str = ""
) -> HttpResponse | None:
    """Return a question if someone other than ``owner`` is signed in, else None.

    ``owner_label``: the owner's name or e-mail, whichever the page shows anyway. ``address``: the
    URL to open after signing out; this one by default.
    """
    if not request.user.is_authenticated or request.user.pk == owner.pk:
        return None
    context = {
        "page_is_for": page_is_for,
        "called": owner_label,
        "address": address or request.get_full_path(),
    }
    status = HTTPStatus.OK if request.method == "GET" else HTTPStatus.CONFLICT
    response = render(request, PAGE, context, status=status)
    add_never_cache_headers(response)
    return response


class ConfirmEmail(ConfirmEmailView):  # type: ignore[misc]  # untyped library
    """django-allauth's page, which otherwise would sign out another user without asking."""

    def logout_other_user(self, confirmation: Any) -> None:
        """Ask instead of signing out."""
        user = confirmation.email_address.user
        question = ask_first(
            self.request, user, self._describe_page(confirmation), owner_label=str(user)
        )
        if question is not None:
            raise ImmediateHttpResponse(question)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Ask before the address is confirmed, not afterward."""
        self.logout_other_user(self.get_object())
        response: HttpResponse = super().post(*args, **kwargs)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whose page it is."""
        page_is_for = self._describe_page(self.object) if self.object else ""
        return {**super().get_context_data(**kwargs), "page_is_for": page_is_for}

    def _describe_page(self, confirmation: Any) -> str:
        address = confirmation.email_address
        facts = {"email": address.email, "name": address.user}
        return _("This page confirms %(email)s for %(name)s’s account.") % facts


class ResetPassword(PasswordResetFromKeyView):  # type: ignore[misc]  # untyped library
    """django-allauth's page, which otherwise would sign out another user without asking."""

    def logout(self) -> None:
        """Ask instead; signing out loses the key, so the link starts over from the e-mail."""
        link = reverse("account_reset_password_from_key", args=[self.kwargs["uidb36"], self.key])
        user = self.reset_user
        question = ask_first(
            self.request, user, self._describe_page(), owner_label=user.email, address=link
        )
        if question is not None:
            raise ImmediateHttpResponse(question)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whose page it is."""
        page_is_for = self._describe_page() if self.reset_user else ""
        return {**super().get_context_data(**kwargs), "page_is_for": page_is_for}

    def _describe_page(self) -> str:
        return _("This page sets a new password for %(email)s.") % {"email": self.reset_user.email}
