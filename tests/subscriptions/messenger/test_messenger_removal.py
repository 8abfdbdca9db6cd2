"""Requests to remove licenses from the renewal (R27, R28)."""

import uuid
from datetime import date
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from subscriptions.members import members
from subscriptions.messenger import threads
from subscriptions.messenger.threads import MessageDraft
from subscriptions.models import Activity, Membership, Message
from subscriptions.models.members import Role
from subscriptions.policy.refusal import Refused
from tests.support.pages import text_of
from tests.support.world import World, local

THREAD = "/o/lakeside/messages/"
PATH = "/o/lakeside/messages/removal/"


def send(client: Client, body: str, path: str, **form: Any) -> Any:
    return client.post(path, {"body": body, "submission": uuid.uuid4(), **form})


@pytest.fixture
def open_renewal(world: World) -> World:
    """Return a world with 25 licenses, of which 4 are in use and 21 removable."""
    world.at(local(date(2031, 12, 10), 12))
    return world


@pytest.mark.parametrize("role", ["administrator", "assignor"])
def test_request_is_a_message_in_the_thread(open_renewal: World, role: str) -> None:
    world = open_renewal
    person: Membership = getattr(world, role)
    client = world.client(person)
    page = text_of(client.get(THREAD))
    response = send(client, "We need fewer", PATH, quantity="5")

    message = Message.objects.get()
    assert "I’d like to remove licenses" in page
    assert response.headers["Location"] == THREAD
    assert (message.removal_quantity, message.body) == (5, "We need fewer")
    assert (message.author, message.thread.organization) == (person.user, world.lakeside)
    assert "Request: remove 5 licenses" in text_of(client.get(THREAD))
    activity = Activity.objects.get(verb="removal_requested")
    assert activity.data == {"message": message.pk, "quantity": 5}


def test_note_is_optional(open_renewal: World) -> None:
    send(open_renewal.client(open_renewal.assignor), "", PATH, quantity=" 21 ")

    message = Message.objects.get()
    assert message.removal_quantity == 21
    assert message.body == "Please remove licenses from our renewal."


@pytest.mark.parametrize(
    ("quantity", "error"),
    [
        ("0", "a number from 1 to 21"),
        ("-5", "a number from 1 to 21"),
        ("22", "At most 21 licenses can be removed"),
        ("9" * 300, "At most 21 licenses can be removed"),
        ("five", "only the digits 0 to 9"),
        ("1.5", "only the digits 0 to 9"),
        ("", "This field is required"),
    ],
)
def test_invalid_quantity_shows_a_field_error(
    open_renewal: World, quantity: str, error: str
) -> None:
    client = open_renewal.client(open_renewal.assignor)
    response = send(client, "Kept", PATH, quantity=quantity)

    page = response.content.decode()
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert error in page.split('id="removal_quantity_error"')[1].split("</p>")[0]
    assert "Kept" in page
    assert not Message.objects.exists()


def test_request_before_the_window_is_neither_offered_nor_accepted(world: World) -> None:
    client = world.client(world.administrator)
    response = send(client, "Now", PATH, quantity="5")

    assert "remove licenses" not in text_of(client.get(THREAD))
    assert response.status_code == HTTPStatus.CONFLICT
    assert "starting Tuesday, December 2, 2031" in text_of(response)
    assert "expires on Wednesday, December 31, 2031" in text_of(response)
    assert not Message.objects.exists()


def test_request_of_other_roles_is_neither_offered_nor_accepted(open_renewal: World) -> None:
    for person in (open_renewal.official, open_renewal.observer):
        client = open_renewal.client(person)
        assert "remove licenses" not in text_of(client.get(THREAD))
        response = send(client, "Now", PATH, quantity="5")
        assert response.status_code == HTTPStatus.FORBIDDEN
    assert not Message.objects.exists()


def test_request_is_checked_again_under_the_lock(open_renewal: World) -> None:
    world = open_renewal
    world.fill(20)
    with pytest.raises(Refused):
        threads.request_removal(world.assignor, 6, MessageDraft("Now"))
    members.change_role(world.administrator, world.assignor, Role.OBSERVER)
    response = send(world.client(world.assignor), "Now", PATH, quantity="1")

    assert response.status_code == HTTPStatus.FORBIDDEN
    assert not Message.objects.exists()


def test_form_submitted_twice_sends_one_request(open_renewal: World) -> None:
    client = open_renewal.client(open_renewal.assignor)
    submission = uuid.uuid4()
    for _ in range(2):
        send(client, "", PATH, quantity="5", submission=submission)

    assert Message.objects.count() == 1
    assert Activity.objects.filter(verb="removal_requested").count() == 1


def test_closed_organization_can_request_removal(world: World) -> None:
    world.at(local(date(2032, 2, 1)))
    response = send(world.client(world.assignor), "", PATH, quantity="5")

    assert response.status_code == HTTPStatus.FOUND
