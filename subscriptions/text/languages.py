"""The user's language: chosen on this device, or else for the account, or else by the browser.

The choice is stored in a cookie and with the account. Django's LocaleMiddleware handles the cookie
and the browser.
"""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.functional import Promise

from subscriptions.models import User

Response = TypeVar("Response", bound=HttpResponseBase)


class AccountLanguage:
    """Middleware that uses the account's language on devices where none was chosen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the language; pages of users load the account anyway, so this adds no query."""
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            use(getattr(request.user, "language", ""))
        return self.get_response(request)


def is_known(language: str) -> bool:
    """Whether the language is offered."""
    return language in dict(settings.LANGUAGES)


def untranslated(label: str | Promise) -> str:
    """Return one of our lazy texts untranslated, for ``translate`` in a template."""
    with translation.override(None):
        return str(label)


def current_language() -> str:
    """Return the active language: "en", "es" or "fr"."""
    language = (translation.get_language() or settings.LANGUAGE_CODE).partition("-")[0]
    return language if is_known(language) else "en"


def use(language: str) -> None:
    """Activate ``language`` for the rest of the request, if it is offered."""
    if is_known(language):
        translation.activate(language)


def choose(user: User, language: str) -> None:
    """Store the choice with the account; e-mails use it too."""
    User.objects.filter(pk=user.pk).update(language=language)


def remember(response: Response, language: str) -> Response:
    """Store the choice on this device; an empty one means the browser's language."""
    if not is_known(language):
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return response
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response
