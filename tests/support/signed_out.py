"""Forms sent after the sign-in had ended, as a browser sends them."""

import re
from html import unescape
from typing import Any

from django.test import Client

from subscriptions.access import unsaved_forms
from subscriptions.models import Membership
from tests.support.factories import PASSWORD

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


def filled(client: Client, path: str, typed: dict[str, Any]) -> dict[str, Any]:
    """What a browser sends from the form of a page."""
    forms = client.get(path).content.decode().split("<form")
    [form] = [one for one in forms if f'name="{unsaved_forms.FIELD}"' in one]
    hidden = _HIDDEN.findall(form.partition("</form>")[0])
    return {**{name: unescape(value) for name, value in hidden}, **typed}


def cookie_is_gone(client: Client) -> None:
    del client.cookies["sessionid"]


def sign_in(client: Client, person: Membership, sent: Any) -> Any:
    """Sign in on the page that a form has led to; the page one lands on."""
    data = {"login": person.user.email, "password": PASSWORD}
    return client.post(sent.headers["Location"], data, follow=True)
