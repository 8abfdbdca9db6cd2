"""Forms sent after the sign-in had ended: they come back filled in, for their author only.

A form with ``{% comes_back %}`` carries, signed, whom it was shown to. What was typed is kept in
the browser's session for 30 minutes, until that person signs in again; anybody else who signs in
drops it. Nothing is submitted again without them. The CSRF token is checked before any view, so no
other site can fill in a form here.
"""

import re
import time
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from subscriptions.models import User

# In real time, like the sessions themselves.
KEPT_FOR = int(timedelta(minutes=30).total_seconds())
MOST_CHARACTERS = 20_000
FIELD = "shown_to"
_KEY = "unsaved_form"
_NEVER_KEPT = re.compile(rf"^{FIELD}$|passw|secret|token|card|cvc|cvv", re.IGNORECASE)


def mark(user: User) -> str:
    """Whom a form is shown to, signed."""
    return _signer().sign(str(user.pk))


def author(request: HttpRequest) -> str:
    """The key of the user whom the posted form was shown to; empty where it does not say."""
    try:
        return _signer().unsign(request.POST.get(FIELD, ""))
    except BadSignature:
        return ""


def sign_in_again(request: HttpRequest, page: str = "") -> HttpResponseBase:
    """Send to sign in and then to ``page``, by default this one; keep the form that was sent."""
    page = page or request.get_full_path()
    response = redirect_to_login(page)
    if request.method != "POST":
        return response
    if _keep(request, page):
        words = _(
            "You were signed out before this was saved. Sign in within 30 minutes to get back "
            "what you typed."
        )
    else:
        words = _("You were signed out, so nothing was saved. Sign in and try again.")
    messages.info(request, words)
    if request.htmx:  # type: ignore[attr-defined]  # set by django-htmx
        return HttpResponseClientRedirect(response.url)
    return response


def data_of(request: HttpRequest) -> MultiValueDict[str, str] | None:
    """What to bind the form of a page to: what was posted, or what comes back, or nothing.

    What comes back does so once, on the whole page.
    """
    if request.method == "POST":
        return request.POST
    if not hasattr(request, "unsaved_form"):
        request.unsaved_form = _take(request)  # type: ignore[attr-defined]
    data: MultiValueDict[str, str] | None = request.unsaved_form  # type: ignore[attr-defined]
    return data


def drop_what_is_not_theirs(request: HttpRequest, user: User, **_signal: Any) -> None:
    """Keep an unsaved form across signing in for its author only. Receives ``user_logged_in``."""
    kept = request.session.get(_KEY)
    if kept is None:
        return
    if request.session.get_expiry_age() == KEPT_FOR:
        request.session.set_expiry(None)
    if not _is_due(kept, user):
        del request.session[_KEY]


def _keep(request: HttpRequest, page: str) -> bool:
    typed = {name: values for name, values in request.POST.lists() if not _NEVER_KEPT.search(name)}
    size = sum(len(text) for name, values in typed.items() for text in (name, *values))
    user = author(request)
    if not user or size > MOST_CHARACTERS:
        return False
    path = page.partition("?")[0]
    request.session[_KEY] = {"user": user, "path": path, "at": time.time(), "typed": typed}
    # Until somebody signs in, nothing in the session is needed for longer.
    request.session.set_expiry(KEPT_FOR)
    return True


def _take(request: HttpRequest) -> MultiValueDict[str, str] | None:
    kept = request.session.get(_KEY)
    is_part = request.htmx  # type: ignore[attr-defined]  # set by django-htmx
    if kept is None or kept["path"] != request.path or is_part:
        return None
    del request.session[_KEY]
    if not _is_due(kept, request.user):
        return None
    words = _(
        "Nothing has been saved, sent, or charged yet. Check what you typed, then press the "
        "button again."
    )
    messages.warning(request, words)
    return MultiValueDict(kept["typed"])


def _is_due(kept: dict[str, Any], user: Any) -> bool:
    return bool(kept["user"] == str(user.pk) and time.time() - kept["at"] < KEPT_FOR)


def _signer() -> Signer:
    return Signer(salt="subscriptions.access.unsaved_forms")
