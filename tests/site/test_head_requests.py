"""HEAD responds as GET does, without a body, and changes nothing (R2)."""

import socket
from email import message_from_bytes
from email.message import Message
from http import HTTPStatus

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions.messenger import replies, threads
from subscriptions.messenger.threads import Text
from subscriptions.models import Thread, User
from tests.billing.checkout.test_subscribing import subscribe
from tests.security.test_access import address
from tests.security.who_may import WHO_MAY
from tests.support.factories import PackageFactory
from tests.support.server import Site
from tests.support.world import World

PUBLIC = [
    *("/pricing/", "/purchase/", "/help/", "/messages/", "/accounts/login/", "/healthz"),
    *("/accounts/password/reset/", "/admin/login/", "/stripe/webhook/", "/nowhere/"),
]
WRITES = ("INSERT", "UPDATE", "DELETE")
OF_A_PURCHASE = {"billing:purchase", "billing:receipt_pdf"}


# With the right key the page has content; with any other, all are alike.
def with_keys(world: World, name: str) -> str:
    purchase = world.buy_and_settle(5) if name in OF_A_PURCHASE else None
    if purchase is not None:
        return reverse(name, kwargs={"slug": "lakeside", "pk": purchase.pk})
    return address(world, name)


def writes(asked: CaptureQueriesContext) -> list[str]:
    return [one["sql"] for one in asked if one["sql"].startswith(WRITES)]


@pytest.mark.parametrize("who", ["administrator", "official"])
@pytest.mark.parametrize("name", WHO_MAY)
def test_every_organization_page(world: World, stripe: SandboxControl, name: str, who: str) -> None:
    client, path = world.client(getattr(world, who)), with_keys(world, name)

    with CaptureQueriesContext(connection) as asked:
        head = client.head(path)
    got = client.get(path)

    assert head.status_code == got.status_code
    assert head.headers.get("Location") == got.headers.get("Location")
    assert head.headers.get("Content-Type") == got.headers.get("Content-Type")
    assert not head.cookies
    assert writes(asked) == []
    if name in OF_A_PURCHASE and who == "administrator":
        assert got.status_code == HTTPStatus.OK


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_every_public_page(path: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        head = Client().head(path)
    got = Client().get(path)

    assert head.status_code == got.status_code
    assert head.headers.get("Location") == got.headers.get("Location")
    assert not head.cookies
    assert writes(asked) == []


def test_password_reset_link_can_be_checked(world: World) -> None:
    """The library stores the key in the session; a mail scanner must not create sessions."""
    user = User.objects.get(pk=world.official.user_id)
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    link = f"/accounts/password/reset/key/{key}/"

    with CaptureQueriesContext(connection) as asked:
        head = Client().head(link)

    assert head.status_code == HTTPStatus.FOUND
    assert writes(asked) == []


@pytest.mark.parametrize("path", ["/pricing/", "/o/lakeside/settings/activity.csv"])
def test_headers_match_get_and_the_body_is_empty(world: World, site: Site, path: str) -> None:
    head, nothing = raw_response(world, site, "HEAD", path)
    got, something = raw_response(world, site, "GET", path)

    for name in ("Content-Type", "Content-Encoding", "Vary", "Cache-Control"):
        assert head.get(name) == got.get(name)
    assert head["Content-Encoding"] == "gzip"
    assert nothing == b""
    assert something


def raw_response(world: World, site: Site, method: str, path: str) -> tuple[Message, bytes]:
    """Return the headers and all following bytes."""
    cookies = world.client(world.administrator).cookies.values()
    lines = [
        f"{method} {path} HTTP/1.1",
        *("Host: localhost", "Accept-Encoding: gzip", "Connection: close"),
        f"Cookie: {'; '.join(f'{one.key}={one.value}' for one in cookies)}",
    ]
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return message_from_bytes(head.partition(b"\r\n")[2]), body


def test_head_does_not_settle_a_payment(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy(5)
    world.pay(purchase)
    client = world.client(world.assignor)
    path = f"{reverse('billing:return', args=['lakeside'])}?session_id={purchase.session_id}"

    assert client.head(path).status_code == HTTPStatus.OK
    assert Purchase.objects.get().status == PurchaseStatus.OPEN
    client.get(path)
    assert Purchase.objects.get().status == PurchaseStatus.SETTLED


def test_head_does_not_settle_a_new_subscription(world: World, stripe: SandboxControl) -> None:
    subscribe(PackageFactory.create(minimum_licenses=5))
    session_id = Purchase.objects.get().session_id or ""
    stripe.pay(session_id)
    path = f"{reverse('billing:subscribed')}?session_id={session_id}"

    assert Client().head(path).status_code == HTTPStatus.OK
    assert Purchase.objects.get().status == PurchaseStatus.OPEN


def test_head_marks_nothing_as_read(world: World) -> None:
    message = threads.write(world.official, Text("Hello"))
    support = world.client(world.support)
    path = reverse("admin:subscriptions_thread_change", args=[message.thread_id])

    support.head(path)
    assert Thread.objects.get().unread_by_support == 1

    replies.reply(message.thread, world.support, Text("Yes?"), seen=message.pk)
    world.client(world.official).head("/o/lakeside/messages/")
    world.client(world.official).head("/o/lakeside/messages/news/?after=0")
    assert Thread.objects.get().unread_by_person == 1
