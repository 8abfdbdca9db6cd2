"""No input to a form, a URL or the webhook leads to a 500.

Each run tries a few examples; ``make fuzz`` tries many more (``FUZZ_EXAMPLES``).
"""

import json
import os
import re
from html import unescape
from typing import Any

import hypothesis
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from billing.events.webhook import ACTIONS
from billing.models import ProcessorEvent
from billing.sandbox.control.client import SandboxControl
from subscriptions.models import RosterImport
from tests.billing.deliveries import deliver, event
from tests.security.access_table import ORGANIZATION_URLS
from tests.security.test_access import organization_urls
from tests.support.factories import PackageFactory
from tests.support.rosters import roster_with_all_row_states
from tests.support.world import World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))
fuzz = hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

MALFORMED = [
    *["", " ", "\x00", "a\x00b", "\ud7ff", "\u202e", "\r\nX-Header: x", "0", "-1", "-0", "5.5"],
    *[
        "1e9",
        "9" * 30,
        "9" * 400,
        "٥",
        "５",
        "Ⅴ",
        "NaN",
        "true",
        "null",
        "[]",
        "{}",
        "%00",
        "../..",
    ],
    *["' OR 1=1 --", "{{ 7 * 7 }}", "{% load x %}", "=1+1", "<script>", "&#0;", "x" * 70_000],
    *["00000000-0000-0000-0000-000000000000", "2031-02-30", "a@b", "a@" + "b" * 300 + ".example"],
    *[
        "//evil.example/",
        "https://evil.example",
        "/o/lakeside/",
        "javascript:alert(1)",
        "cs_test_x",
    ],
]
VALUES = st.one_of(
    st.sampled_from(MALFORMED), st.text(max_size=60), st.integers().map(str), st.uuids().map(str)
)
# Query parameters that views read, besides form fields.
QUERY = ["q", "page", "draft", "next", "session_id", "show", "after", "code", "quantity", "kept"]
QUERY += ["canceled", "package", "from", "until", "who", "what", "number"]
BUTTONS = ["pay", "change", "another", "buy", "general", "confirmed", "action", "save"]


def fields_of(html: str) -> dict[str, str]:
    """Return a page's field names with their values."""
    found = {}
    for tag in re.findall(r"<(?:input|select|textarea|button)\b[^>]*>", html):
        name = re.search(r'\bname="([^"]+)"', tag)
        value = re.search(r'\bvalue="([^"]*)"', tag)
        if name and name[1] != "csrfmiddlewaretoken":
            found[unescape(name[1])] = unescape(value[1]) if value else ""
    return found


@st.composite
def mutated_form(draw: st.DrawFn, fields: dict[str, str]) -> dict[str, Any]:
    """Return a page's form data, with some values replaced, removed or repeated."""
    names = st.sampled_from([*fields, *BUTTONS]) if fields else st.sampled_from(BUTTONS)
    data: dict[str, Any] = dict(fields)
    for name in draw(st.lists(names, max_size=3, unique=True)):
        data.pop(name, None)
    for name in draw(st.lists(names, min_size=1, max_size=4, unique=True)):
        data[name] = draw(VALUES | st.lists(VALUES, max_size=3))
    return data


def path_with_arguments(world: World, name: str, roster: RosterImport) -> str:
    values = {
        "key": world.observer.key,
        "pk": "4be0643f-1d98-473b-97cd-ca98a65347dd",
        "roster": roster.pk,
        "starts_on": "2031-01-01",
    }
    arguments = {one: values[one] for one in organization_urls()[name]}
    return reverse(name, kwargs={"slug": "lakeside", **arguments})


@pytest.mark.parametrize("name", ORGANIZATION_URLS)
@fuzz
@given(data=st.data())
def test_organization_forms_never_return_500(world: World, data: st.DataObject, name: str) -> None:
    roster = RosterImport.objects.first() or roster_with_all_row_states(world.administrator)
    client = world.client(world.administrator)
    client.raise_request_exception = False
    path = path_with_arguments(world, name, roster)
    page = client.get(path, data.draw(st.dictionaries(st.sampled_from(QUERY), VALUES, max_size=3)))
    assert page.status_code != 500, page.content.decode()[-500:]
    html = "" if page.streaming else page.content.decode(errors="replace")

    body = data.draw(mutated_form(fields_of(html)))

    assert client.post(path, body).status_code != 500


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/purchase/", "/join/", "/messages/", "/accounts/login/", "/accounts/password/reset/"]
)
@fuzz
@given(data=st.data())
def test_public_forms_never_return_500(data: st.DataObject, path: str) -> None:
    PackageFactory.create()
    client = Client(raise_request_exception=False)
    page = client.get(path, data.draw(st.dictionaries(st.sampled_from(QUERY), VALUES, max_size=3)))
    assert page.status_code != 500

    body = data.draw(mutated_form(fields_of(page.content.decode())))

    assert client.post(path, body).status_code != 500


SEGMENTS = st.text(min_size=1, max_size=30).filter(lambda text: "\n" not in text)


@pytest.mark.django_db
@fuzz
@given(parts=st.lists(SEGMENTS, max_size=4), query=st.dictionaries(VALUES, VALUES, max_size=2))
def test_urls_never_return_500(world: World, parts: list[str], query: dict[str, str]) -> None:
    client = world.client(world.administrator)
    client.raise_request_exception = False

    for start in ("", "o/", "o/lakeside/", "invitations/", "accounts/", "help/", "admin/"):
        path = f"/{start}{'/'.join(parts)}/"
        assert client.get(path, query).status_code != 500, path


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=8,
)
EVENT_FIELDS = ["id", "type", "account", "livemode", "data", "created", "api_version", "object"]
OBJECT_FIELDS = ["id", "object", "payment_intent", "metadata", "charge", "status"]


@fuzz
@given(body=st.binary(max_size=200))
def test_unsigned_bodies_have_no_effect(db: None, body: bytes) -> None:
    response = Client(raise_request_exception=False).generic(
        "POST", "/stripe/webhook/", body, headers={"Stripe-Signature": "t=1,v1=00"}
    )

    # 411: an empty body.
    assert response.status_code in (400, 411)


@fuzz
@given(body=st.one_of(st.binary(max_size=200), JSON.map(lambda one: json.dumps(one).encode())))
def test_signed_bodies_never_return_500(db: None, body: bytes) -> None:
    assert deliver(body).status_code in (200, 400, 411)


@pytest.mark.parametrize("type", [*ACTIONS, "unknown.type"])
@fuzz
@given(
    outer=st.dictionaries(st.sampled_from(EVENT_FIELDS), JSON, max_size=2),
    inner=st.dictionaries(st.sampled_from(OBJECT_FIELDS), JSON, max_size=3),
)
def test_events_never_return_500(
    world: World, stripe: SandboxControl, type: str, outer: dict[str, Any], inner: dict[str, Any]
) -> None:
    body = event(type, "x")
    body["data"]["object"] |= inner

    status = deliver(body | outer).status_code

    if status == 503:
        # Only a processor error may ask for a retry.
        row = ProcessorEvent.objects.exclude(error="").latest("pk")
        assert row.error.startswith(("Processor", "SessionUnknown")), row.error
        row.delete()
    else:
        assert status in (200, 400)
