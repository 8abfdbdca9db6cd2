"""User input never becomes a URL, a header, a log line or a script."""

import logging
from http import HTTPStatus

import pytest
from django.test import Client
from post_office.models import Email
from pytest_django import Settings

from billing.models import Purchase
from subscriptions.notifications.notify import deliver_waiting
from tests.support.world import World

UNSAFE_URLS = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    r"\\evil.example/",
    r"/\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/o/lakeside/\r\nSet-Cookie: x=1",
]


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "localhost:1@evil"])
def test_unknown_host_name_is_refused(db: None, host: str) -> None:
    response = Client(raise_request_exception=False).get("/pricing/", headers={"Host": host})

    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert "evil" not in response.content.decode()


def test_links_in_emails_ignore_the_request_host(world: World, settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://licenses.example"
    form = {"name": "Nora New", "email": "nora@lakeside.example", "role": "general_member"}
    client = world.client(world.administrator)

    response = client.post(
        "/o/lakeside/users/add/",
        form,
        headers={"Host": "evil.example", "X-Forwarded-Host": "e.vil"},
    )

    assert response.status_code == HTTPStatus.FOUND
    deliver_waiting()
    [message] = Email.objects.filter(to="nora@lakeside.example")
    assert "https://licenses.example/invitations/" in message.message
    assert "evil" not in message.message


@pytest.mark.parametrize("target", UNSAFE_URLS)
def test_sign_in_never_redirects_to_another_site(world: World, target: str) -> None:
    user = world.assignor.user
    user.set_password("correct horse battery")
    user.save()
    form = {"login": user.email, "password": "correct horse battery", "next": target}

    response = Client().post("/accounts/login/", form)

    assert response.status_code in (HTTPStatus.FOUND, HTTPStatus.OK)
    if response.status_code == HTTPStatus.FOUND:
        assert response.headers["Location"].startswith("/")
        assert not response.headers["Location"].startswith(("//", "/\\"))
    assert "x=1" not in str(response.cookies)


@pytest.mark.parametrize("target", [*UNSAFE_URLS, "/o/harbor/users/", "/o/lakeside/../harbor/"])
@pytest.mark.usefixtures("stripe")
def test_purchase_returns_to_its_own_organization(world: World, target: str) -> None:
    client = world.client(world.assignor)
    page = client.get("/o/lakeside/licenses/add/", {"next": target})
    form = {
        "quantity": "10",
        "submission": page.context["form"]["submission"].value(),
        "next": target,
    }
    client.post("/o/lakeside/licenses/add/", form)
    purchase = Purchase.objects.get()
    world.pay(purchase)

    response = client.get("/o/lakeside/licenses/return/", {"session_id": purchase.session_id or ""})

    assert purchase.return_to == ""
    assert response.headers["Location"] == f"/o/lakeside/purchases/{purchase.pk}/"


@pytest.mark.parametrize("name", ["Nora\r\nBcc: all@evil.example", "Nora\nNew", "Nora\x0bNew"])
def test_name_cannot_add_an_email_header(world: World, name: str) -> None:
    form = {"name": name, "email": "nora@lakeside.example", "role": "general_member"}

    world.client(world.administrator).post("/o/lakeside/users/add/", form)
    deliver_waiting()
    for message in Email.objects.all():
        assert "\n" not in message.subject
        email = message.prepare_email_message().message()
        assert "Bcc" not in email
        assert email["To"] == "nora@lakeside.example"


SCRIPT = '<script>alert("x")</script>'


def test_names_are_shown_as_text(world: World) -> None:
    world.official.user.name = SCRIPT
    world.official.user.save()
    world.lakeside.name = SCRIPT
    world.lakeside.save()
    client = world.client(world.administrator)

    for path in ("", "users/", "settings/subscription/", "licenses/add/", "settings/activity/"):
        page = client.get(f"/o/lakeside/{path}").content.decode()
        assert SCRIPT not in page
        assert "&lt;script&gt;" in page


def test_file_name_cannot_inject_a_header(world: World) -> None:
    response = world.client(world.administrator).get("/o/lakeside/users.csv")

    disposition = response.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="users-lakeside.csv"'


def test_log_lines_cannot_be_forged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        world.client(world.assignor).get("/o/lakeside/users/?q=x%0a%7B%22event%22:%22forged%22%7D")
        Client().get("/nothing%0aforged/")

    for record in caplog.records:
        if record.name.startswith(("licensing_site", "subscriptions", "billing")):
            assert "forged" not in record.getMessage()
