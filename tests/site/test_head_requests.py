"""HEAD returns the same headers as GET, without a body, and changes nothing (R2)."""

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
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Thread, User
from tests.billing.checkout.test_subscribing import subscribe
from tests.security.access_table import ORGANIZATION_URLS
from tests.security.test_access import path_to
from tests.support.factories import PackageFactory
from tests.support.server import Site
from tests.support.world import World

PUBLIC = [
    *("/pricing/", "/purchase/", "/help/", "/messages/", "/accounts/login/", "/healthz"),
    *("/accounts/password/reset/", "/admin/login/", "/stripe/webhook/", "/nowhere/"),
]
WRITES = ("INSERT", "UPDATE", "DELETE")
PURCHASE_PAGES = {"billing:purchase", "billing:receipt_pdf"}


# The pages of a purchase need one that exists.
def path_to_existing(world: World, name: str) -> str:
    purchase = world.buy_and_settle(5) if name in PURCHASE_PAGES else None
    if purchase is not None:
        return reverse(name, kwargs={"slug": "lakeside", "pk": purchase.pk})
    return path_to(world, name)


def writes(captured: CaptureQueriesContext) -> list[str]:
    return [one["sql"] for one in captured if one["sql"].startswith(WRITES)]


@pytest.mark.parametrize("who", ["administrator", "official"])
@pytest.mark.parametrize("name", ORGANIZATION_URLS)
def test_head_matches_get_on_every_organization_page(
    world: World, stripe: SandboxControl, name: str, who: str
) -> None:
    client, path = world.client(getattr(world, who)), path_to_existing(world, name)

    with CaptureQueriesContext(connection) as captured:
        head = client.head(path)
    get = client.get(path)

    assert head.status_code == get.status_code
    assert head.headers.get("Location") == get.headers.get("Location")
    assert head.headers.get("Content-Type") == get.headers.get("Content-Type")
    assert not head.cookies
    assert writes(captured) == []
    if name in PURCHASE_PAGES and who == "administrator":
        assert get.status_code == HTTPStatus.OK


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_head_matches_get_on_every_public_page(path: str) -> None:
    with CaptureQueriesContext(connection) as captured:
        head = Client().head(path)
    get = Client().get(path)

    assert head.status_code == get.status_code
    assert head.headers.get("Location") == get.headers.get("Location")
    assert not head.cookies
    assert writes(captured) == []


def test_head_of_a_password_reset_link_creates_no_session(world: World) -> None:
    """allauth stores the key in the session, but mail scanners must not create sessions."""
    user = User.objects.get(pk=world.official.user_id)
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    link = f"/accounts/password/reset/key/{key}/"

    with CaptureQueriesContext(connection) as captured:
        head = Client().head(link)

    assert head.status_code == HTTPStatus.FOUND
    assert writes(captured) == []


@pytest.mark.parametrize("path", ["/pricing/", "/o/lakeside/settings/activity.csv"])
def test_headers_match_get_and_the_body_is_empty(world: World, site: Site, path: str) -> None:
    head, head_body = raw_response(world, site, "HEAD", path)
    get, get_body = raw_response(world, site, "GET", path)

    for name in ("Content-Type", "Content-Encoding", "Vary", "Cache-Control"):
        assert head.get(name) == get.get(name)
    assert head["Content-Encoding"] == "gzip"
    assert head_body == b""
    assert get_body


def raw_response(world: World, site: Site, method: str, path: str) -> tuple[Message, bytes]:
    """Return the headers and the raw body."""
    cookies = world.client(world.administrator).cookies.values()
    lines = [
        f"{method} {path} HTTP/1.1",
        *("Host: localhost", "Accept-Encoding: gzip", "Connection: close"),
        f"Cookie: {'; '.join(f'{one.key}={one.value}' for one in cookies)}",
    ]
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection_to_site:
        connection_to_site.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b"".join(iter(lambda: connection_to_site.recv(65536), b""))
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
    message = threads.write(world.official, MessageDraft("Hello"))
    support = world.client(world.support)
    path = reverse("admin:subscriptions_thread_change", args=[message.thread_id])

    support.head(path)
    assert Thread.objects.get().unread_by_support == 1

    replies.reply(message.thread, world.support, MessageDraft("Yes?"), seen=message.pk)
    world.client(world.official).head("/o/lakeside/messages/")
    world.client(world.official).head("/o/lakeside/messages/news/?after=0")
    assert Thread.objects.get().unread_by_person == 1
