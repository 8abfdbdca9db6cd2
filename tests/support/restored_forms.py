"""Forms submitted after the session ended, as a browser sends them, and links in mails."""

import re
from html import unescape
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.test import Client
from django.urls import reverse

from subscriptions.access import unsaved_forms
from subscriptions.models import Membership, User
from tests.support.factories import PASSWORD

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


def filled_form(client: Client, path: str, typed: dict[str, Any]) -> dict[str, Any]:
    """Return what a browser submits from a page's form."""
    forms = client.get(path).content.decode().split("<form")
    [form] = [one for one in forms if f'name="{unsaved_forms.FIELD}"' in one]
    hidden = _HIDDEN.findall(form.partition("</form>")[0])
    return {**{name: unescape(value) for name, value in hidden}, **typed}


def delete_session_cookie(client: Client) -> None:
    del client.cookies["sessionid"]


def sign_in(client: Client, person: Membership, response: Any) -> Any:
    """Sign in on the page that ``response`` redirects to; return the next page."""
    data = {"login": person.user.email, "password": PASSWORD}
    return client.post(response.headers["Location"], data, follow=True)


def reset_path(user: User) -> str:
    """Return the link in a password reset mail."""
    # Reload the user for timestamps with the database's precision.
    key = default_token_generator.make_token(User.objects.get(pk=user.pk))
    return reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])
