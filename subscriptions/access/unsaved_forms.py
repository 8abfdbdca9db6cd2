"""Restore forms that were submitted after the session ended, for their author only.

A form with ``{% comes_back %}`` carries the signed ID of the user it was shown to. Its values stay
in the browser's session for 30 minutes, until that user signs in again; if another user signs in,
they are dropped. Nothing is submitted automatically. The CSRF token is checked before any view
runs, so no other site can fill in a form here.
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

# In real time, like sessions.
RETENTION_PERIOD = int(timedelta(minutes=30).total_seconds())
MAX_CHARACTERS = 20_000
FIELD = "shown_to"
_KEY = "unsaved_form"
_EXCLUDED_FIELDS = re.compile(rf"^{FIELD}$|passw|secret|token|card|cvc|cvv", re.IGNORECASE)


def mark(user: User) -> str:
    """Return the signed ID of the user a form is shown to."""
    return _signer().sign(str(user.pk))


def author(request: HttpRequest) -> str:
    """Return the ID of the user the submitted form was shown to; empty if missing or invalid."""
    try:
        return _signer().unsign(request.POST.get(FIELD, ""))
    except BadSignature:
        return ""


def sign_in_again(request: HttpRequest, page: str = "") -> HttpResponseBase:
    """Redirect to sign-in and then to ``page`` (by default this one); keep the submitted form."""
    page = page or request.get_full_path()
    response = redirect_to_login(page)
    if request.method != "POST":
        return response
    if _keep(request, page):
        text = _(
            "You were signed out before this was saved. Sign in within 30 minutes to get back "
            "what you typed."
        )
    else:
        text = _("You were signed out, so nothing was saved. Sign in and try again.")
    messages.info(request, text)
    if request.htmx:  # type: ignore[attr-defined]  # set by django-htmx
        return HttpResponseClientRedirect(response.url)
    return response


def bound_data(request: HttpRequest) -> MultiValueDict[str, str] | None:
    """Return the data for a page's form: the submitted data, or an unsaved form, or None.

    An unsaved form is returned only once, and only to a full page.
    """
    if request.method == "POST":
        return request.POST
    if not hasattr(request, "unsaved_form"):
        request.unsaved_form = _take(request)  # type: ignore[attr-defined]
    data: MultiValueDict[str, str] | None = request.unsaved_form  # type: ignore[attr-defined]
    return data


def drop_form_of_other_user(request: HttpRequest, user: User, **_signal: Any) -> None:
    """Drop an unsaved form if another user signs in; receives ``user_logged_in``."""
    saved = request.session.get(_KEY)
    if saved is None:
        return
    if request.session.get_expiry_age() == RETENTION_PERIOD:
        request.session.set_expiry(None)
    if not _is_valid(saved, user):
        del request.session[_KEY]


def _keep(request: HttpRequest, page: str) -> bool:
    entered = {
        name: values for name, values in request.POST.lists() if not _EXCLUDED_FIELDS.search(name)
    }
    size = sum(len(text) for name, values in entered.items() for text in (name, *values))
    user = author(request)
    if not user or size > MAX_CHARACTERS:
        return False
    path = page.partition("?")[0]
    request.session[_KEY] = {"user": user, "path": path, "at": time.time(), "typed": entered}
    # Until someone signs in, the session need not outlive the form.
    request.session.set_expiry(RETENTION_PERIOD)
    return True


def _take(request: HttpRequest) -> MultiValueDict[str, str] | None:
    saved = request.session.get(_KEY)
    is_part = request.htmx  # type: ignore[attr-defined]  # set by django-htmx
    if saved is None or saved["path"] != request.path or is_part:
        return None
    del request.session[_KEY]
    if not _is_valid(saved, request.user):
        return None
    text = _(
        "Nothing has been saved, sent, or charged yet. Check what you typed, then press the "
        "button again."
    )
    messages.warning(request, text)
    return MultiValueDict(saved["typed"])


def _is_valid(saved: dict[str, Any], user: Any) -> bool:
    return bool(saved["user"] == str(user.pk) and time.time() - saved["at"] < RETENTION_PERIOD)


def _signer() -> Signer:
    return Signer(salt="subscriptions.access.unsaved_forms")
