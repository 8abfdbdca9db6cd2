"""The Django admin: history can be read but not changed (R3, R24, R29)."""

from http import HTTPStatus

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from billing.models import Purchase
from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models import (
    Activity,
    Discount,
    LicenseEntry,
    Membership,
    Organization,
    Package,
    Term,
    User,
)
from subscriptions.models.members import Role
from subscriptions.notifications import activity
from tests.support.factories import PASSWORD, UserFactory
from tests.support.world import World, sign_in

READ_ONLY_MODELS = [
    model
    for model in admin.site._registry
    if model._meta.app_label in {"subscriptions", "billing"}
    and model not in {User, Package, Discount}
]


@pytest.fixture
def root(world: World) -> Client:
    client = Client()
    sign_in(client, UserFactory.create(is_staff=True, is_superuser=True))
    return client


def path(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


@pytest.mark.parametrize("model", READ_ONLY_MODELS)
def test_every_list_opens_and_can_be_searched(root: Client, model: type[Model]) -> None:
    assert root.get(path(model, "changelist")).status_code == HTTPStatus.OK
    searched = root.get(path(model, "changelist"), {"q": "lakeside"})
    assert searched.status_code == HTTPStatus.OK


@pytest.mark.parametrize("model", READ_ONLY_MODELS)
def test_superuser_cannot_add_rows(root: Client, model: type[Model]) -> None:
    response = root.post(path(model, "add"), {"anything": "1"})

    assert response.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("model", [Organization, Term, Membership, LicenseEntry, Activity])
def test_superuser_cannot_change_or_delete_rows(
    world: World, root: Client, model: type[Model]
) -> None:
    members.add(world.assignor, NewMember("N", "n@lakeside.example", Role.OBSERVER))
    activity.record(world.lakeside, "tested", actor=None, data={})
    row = model._default_manager.first()
    assert row is not None

    assert root.get(path(model, "change", row.pk)).status_code == HTTPStatus.OK
    changed = root.post(path(model, "change", row.pk), {"quantity": "1000", "name": "x"})
    deleted = root.post(path(model, "delete", row.pk), {"post": "yes"})
    bulk_deleted = root.post(
        path(model, "changelist"),
        {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"},
    )

    assert changed.status_code == HTTPStatus.FORBIDDEN
    assert deleted.status_code == HTTPStatus.FORBIDDEN
    assert bulk_deleted.status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.FOUND, HTTPStatus.OK}
    assert model._default_manager.filter(pk=row.pk).exists()


def test_superuser_cannot_change_or_delete_an_account(world: World, root: Client) -> None:
    user = world.official.user
    before = (user.name, user.email, user.password)

    root.post(
        path(User, "change", user.pk),
        {"name": "X", "email": "x@x.example", "password": "x", "is_active": "on"},
    )
    root.post(path(User, "delete", user.pk), {"post": "yes"})

    user.refresh_from_db()
    assert (user.name, user.email, user.password) == before


def test_superuser_can_create_support_accounts(root: Client) -> None:
    password = "correct horse battery staple"
    response = root.post(
        path(User, "add"),
        {
            "email": "New.Support@licensing.example",
            "name": "New",
            "usable_password": "true",
            "password1": password,
            "password2": password,
        },
    )

    assert response.status_code == HTTPStatus.FOUND
    assert User.objects.get(email="new.support@licensing.example").check_password(password)


def test_members_have_no_access(world: World) -> None:
    response = world.client(world.administrator).get("/admin/")

    assert response.status_code == HTTPStatus.FOUND
    assert not Purchase.objects.exists()


def test_passwords_of_others_cannot_be_set(world: World, root: Client) -> None:
    user = world.official.user
    password = "another good battery staple"
    form = {"usable_password": "true", "password1": password, "password2": password}

    root.post(f"/admin/subscriptions/user/{user.pk}/password/", form)

    user.refresh_from_db()
    assert not user.check_password(password)
    assert "id_password" not in root.get(path(User, "change", user.pk)).content.decode()


def test_other_apps_are_not_registered_except_groups() -> None:
    """R3: e-mail addresses belong to their owners, and queued mails contain secret links."""
    others = {
        model._meta.label
        for model in admin.site._registry
        if model._meta.app_label not in {"subscriptions", "billing"}
    }

    assert others == {"auth.Group"}


def test_anonymous_users_use_the_normal_sign_in() -> None:
    """The rate limits on failed sign-ins then apply here too."""
    response = Client().get("/admin/", follow=True)

    assert response.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"


def test_password_posted_to_the_admin_login_is_ignored(world: World) -> None:
    client = Client()

    client.post("/admin/login/", {"username": world.support.email, "password": PASSWORD})

    assert client.get("/admin/").status_code == HTTPStatus.FOUND


def test_support_staff_can_sign_in(world: World) -> None:
    superuser = User.objects.create_superuser("root@licensing.example", PASSWORD, name="R")
    for user in (world.support, superuser):
        form = {"login": user.email, "password": PASSWORD, "next": "/admin/"}

        response = Client().post("/accounts/login/", form, follow=True)

        assert response.redirect_chain[-1][0] == "/admin/"
        assert response.status_code == HTTPStatus.OK


def test_password_guessing_is_limited(world: World) -> None:
    client = Client()
    form = {"login": world.support.email, "password": "wrong", "next": "/admin/"}
    for _ in range(5):
        client.post("/accounts/login/", form)

    client.post("/accounts/login/", form | {"password": PASSWORD})

    assert client.get("/admin/").status_code == HTTPStatus.FOUND
