"""In which language a person reads: what was chosen on this device, else on another, else what the
browser asks for.

The choice is kept in a cookie, and with the account of whoever has one. Django's LocaleMiddleware
knows the cookie and the browser.
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


class LanguageOfThePerson:
    """Middleware: the language of the account, on a device where none was chosen."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pages of a person read the account anyway: this asks the database for nothing more."""
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            use(getattr(request.user, "language", ""))
        return self.get_response(request)


def is_known(language: str) -> bool:
    """Whether it is one of those that can be chosen."""
    return language in dict(settings.LANGUAGES)


def untranslated(label: str | Promise) -> str:
    """A lazily translated text of ours as a template's ``translate`` looks it up."""
    with translation.override(None):
        return str(label)


def in_force() -> str:
    """The one in which is spoken just now: "en", "es", "fr"."""
    language = (translation.get_language() or settings.LANGUAGE_CODE).partition("-")[0]
    return language if is_known(language) else "en"


def use(language: str) -> None:
    """Go on in ``language``, if it is one; for the rest of the request."""
    if is_known(language):
        translation.activate(language)


def choose(user: User, language: str) -> None:
    """Keep the choice with the account; mails are written in it."""
    User.objects.filter(pk=user.pk).update(language=language)


def remember(response: Response, language: str) -> Response:
    """Keep the choice on this device; empty: forget it, and follow the browser again."""
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
