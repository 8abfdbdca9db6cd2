"""HEAD is answered as GET is, without a body, and changes nothing (R2)."""

from http import HTTPStatus

import pytest
import requests
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from billing.states import PurchaseStatus
from subscriptions.messenger import replies, threads
from subscriptions.messenger.threads import Text
from subscriptions.models import Conversation
from tests.security.test_access import address
from tests.security.who_may import WHO_MAY
from tests.support.server import Site
from tests.support.world import World

PUBLIC = [
    *("/pricing/", "/purchase/", "/help/", "/messages/", "/accounts/login/", "/healthz"),
    *("/accounts/password/reset/", "/admin/login/", "/stripe/webhook/", "/nowhere/"),
]
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.mark.parametrize("who", ["administrator", "official"])
@pytest.mark.parametrize("name", WHO_MAY)
def test_every_page_of_an_organization(world: World, name: str, who: str) -> None:
    client, path = world.client(getattr(world, who)), address(world, name)
    got = client.get(path)

    with CaptureQueriesContext(connection) as asked:
        head = client.head(path)

    assert head.status_code == got.status_code
    assert head.headers.get("Location") == got.headers.get("Location")
    assert not head.getvalue()
    assert not head.cookies
    assert [one["sql"] for one in asked if one["sql"].startswith(WRITES)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_every_page_for_strangers(path: str) -> None:
    head = Client().head(path)

    assert head.status_code == Client().get(path).status_code
    assert not head.cookies


def test_over_the_line_there_is_no_body(world: World, site: Site) -> None:
    with requests.Session() as session:
        # The same connection: a body that came after all would be read as the next answer.
        head = session.head(site / "/pricing/", timeout=10)
        got = session.get(site / "/pricing/", headers={"Accept-Encoding": "identity"}, timeout=10)

    assert (head.status_code, head.text) == (HTTPStatus.OK, "")
    assert "Pricing" in got.text


def test_a_payment_is_not_settled_by_it(world: World, stripe: SandboxControl) -> None:
    purchase = world.buy(5)
    world.pay(purchase)
    client = world.client(world.assignor)
    path = f"{reverse('billing:return', args=['lakeside'])}?session_id={purchase.session_id}"

    assert client.head(path).status_code == HTTPStatus.OK
    assert Purchase.objects.get().status == PurchaseStatus.OPEN
    client.get(path)
    assert Purchase.objects.get().status == PurchaseStatus.SETTLED


def test_nothing_is_read_by_it(world: World) -> None:
    message = threads.write(world.official, Text("Hello"))
    support = world.client(world.support)
    path = reverse("admin:subscriptions_conversation_change", args=[message.conversation_id])

    support.head(path)
    assert Conversation.objects.get().unread_by_support == 1

    replies.answer(message.conversation, world.support, Text("Yes?"), seen=message.pk)
    world.client(world.official).head("/o/lakeside/messages/")
    world.client(world.official).head("/o/lakeside/messages/news/?after=0")
    assert Conversation.objects.get().unread_by_person == 1
