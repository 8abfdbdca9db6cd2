"""Send every possible request to every admin URL and check that history is unchanged (R24, R29).

No request by support or a superuser adds, changes or deletes a row of history. Allowed actions are
tested separately.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Field, Model
from django.test import Client
from django.urls import reverse

from billing.models import Application, Dispute, PaymentProblem, ProcessorEvent, Purchase, Refund
from subscriptions.models import (
    Activity,
    Discount,
    LicenseEntry,
    LicenseRemoval,
    Membership,
    Message,
    Notification,
    Organization,
    Package,
    Reminder,
    Renewal,
    Term,
    Thread,
    User,
)
from tests.admin import rows
from tests.admin.client import Admin
from tests.support.factories import UserFactory
from tests.support.world import World, sign_in

HISTORY: list[type[Model]] = [
    Activity,
    Application,
    Thread,
    Dispute,
    LicenseEntry,
    LicenseRemoval,
    Membership,
    Message,
    Notification,
    Organization,
    PaymentProblem,
    ProcessorEvent,
    Purchase,
    Refund,
    Reminder,
    Renewal,
    Term,
]
# Models that can be edited; all other registered models are history.
EDITABLE: set[type[Model]] = {Package, Discount, User, Group}
# Pages with allowed actions, each with tests of its own.
ACTIONS = {
    "billing_paymentproblem_close": PaymentProblem,
    "billing_paymentproblem_fulfill": PaymentProblem,
    "billing_paymentproblem_refund": PaymentProblem,
    "billing_processorevent_process": ProcessorEvent,
    "billing_purchase_refund": Purchase,
    "subscriptions_thread_reply": Thread,
    "subscriptions_thread_close": Thread,
    "subscriptions_licenseremoval_undo": LicenseRemoval,
    "subscriptions_membership_resend": Membership,
    "subscriptions_organization_remove_licenses": Organization,
}
PAGES = ("changelist", "add", "history", "delete", "change")
# Site pages that store nothing for a model.
SITE_PAGES = {
    "app_list",
    "autocomplete",
    "billing_health",
    "billing_reconcile",
    "index",
    "jsi18n",
    "login",
    "logout",
    "password_change",
    "password_change_done",
    "view_on_site",
    None,  # the catch-all URL, and Django's redirect of old URLs
}


@pytest.fixture
def populated_world(world: World) -> World:
    """Create rows of every model. Opening a thread marks it as read, which is not history."""
    rows.create(world, 1)
    Thread.objects.update(unread_by_support=0)
    return world


def url_names() -> Iterator[str | None]:
    """Return the names of all admin URLs."""
    entries = list(admin.site.urls[0])
    while entries:
        entry = entries.pop()
        if hasattr(entry, "url_patterns"):
            entries += entry.url_patterns
        else:
            yield entry.name


def row_of(model: type[Model]) -> Model:
    row = model._default_manager.order_by("pk").last()
    assert row is not None, f"no row of {model.__name__}"
    return row


def model_paths() -> dict[str, str]:
    """Return every URL of a model's pages and of every action."""
    found = {}
    for model in admin.site._registry:
        meta = model._meta
        for page in PAGES:
            name = f"{meta.app_label}_{meta.model_name}_{page}"
            arguments = [] if page in ("changelist", "add") else [row_of(model).pk]
            found[name] = reverse(f"admin:{name}", args=arguments)
    for name, model in ACTIONS.items():
        found[name] = reverse(f"admin:{name}", args=[row_of(model).pk])
    return found


def history_rows() -> dict[str, list[dict[str, Any]]]:
    """Return every row of history."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in HISTORY
    }


def form_data(model: type[Model], row: Model) -> dict[str, Any]:
    """Return form data that changes every field, in every format that a form may use."""
    data: dict[str, Any] = {"_save": "1", "_continue": "1", "post": "yes", "confirmed": "1"}
    for field in model._meta.get_fields():
        if isinstance(field, Field):
            data[field.name] = data[f"{field.name}_0"] = other_value(field)
    for related in ("license_entries", "terms", "memberships", "purchases", "refunds", "form"):
        data |= {
            f"{related}-TOTAL_FORMS": "1",
            f"{related}-INITIAL_FORMS": "1",
            f"{related}-0-id": str(row.pk),
            f"{related}-0-DELETE": "on",
            f"{related}-0-quantity": "1000",
        }
    return data


def other_value(field: Any) -> str:
    if field.is_relation:
        return "1"
    return {
        "DateField": "2040-01-01",
        "DateTimeField": "2040-01-01 00:00:00",
        "EmailField": "x@x.example",
        "LowerCaseEmailField": "x@x.example",
        "BooleanField": "on",
        "JSONField": "{}",
        "UUIDField": "4be0643f-1d98-573b-97cd-ca98a65347dd",
    }.get(type(field).__name__, "1000")


def test_every_registered_model_is_covered() -> None:
    assert set(admin.site._registry) - EDITABLE <= set(HISTORY)


def test_every_url_is_covered(populated_world: World) -> None:
    known = set(model_paths()) | SITE_PAGES

    assert set(url_names()) - known == set()


@pytest.mark.parametrize("who", ["support", "superuser"])
def test_no_request_changes_history(populated_world: World, who: str) -> None:
    superuser = UserFactory.create(is_staff=True, is_superuser=True)
    client = populated_world.client(populated_world.support if who == "support" else superuser)
    before = history_rows()

    for model in admin.site._registry:
        if model in EDITABLE and who == "superuser":
            continue
        row = row_of(model)
        meta = model._meta
        data = form_data(model, row)
        for page in PAGES:
            arguments = [] if page in ("changelist", "add") else [row.pk]
            path = reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=arguments)
            get_response = client.get(path)
            post_response = client.post(path, data | bulk(row))
            if model not in EDITABLE:
                can_view = page in ("changelist", "history", "change")
                assert get_response.status_code == (HTTPStatus.OK if can_view else 403), path
                refused = {HTTPStatus.FORBIDDEN}
                if page in ("changelist", "history"):
                    refused |= {HTTPStatus.OK, HTTPStatus.FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
                assert post_response.status_code in refused, path

    assert history_rows() == before


def bulk(row: Model) -> dict[str, Any]:
    return {"action": "delete_selected", "_selected_action": [str(row.pk)], "index": "0"}


@pytest.mark.parametrize("who", ["support", "superuser"])
def test_actions_require_their_confirmation_form(populated_world: World, who: str) -> None:
    """Neither a GET nor a POST with unrequested data triggers an action."""
    superuser = UserFactory.create(is_staff=True, is_superuser=True)
    client = populated_world.client(populated_world.support if who == "support" else superuser)
    harmless = {"billing_processorevent_process", "subscriptions_thread_close"}
    before = history_rows()

    for name, model in ACTIONS.items():
        path = reverse(f"admin:{name}", args=[row_of(model).pk])
        assert client.get(path).status_code < HTTPStatus.INTERNAL_SERVER_ERROR, name
        assert client.put(path).status_code >= HTTPStatus.BAD_REQUEST, name
        if name not in harmless:
            post_response = client.post(
                path, {"confirmed": "1", "fingerprint": "", "submission": "x"}
            )
            assert post_response.status_code >= HTTPStatus.BAD_REQUEST, name

    assert history_rows() == before


@pytest.mark.parametrize("label", ["subscriptions", "billing"])
def test_autocomplete_responds_without_an_error(
    populated_world: World, support: Admin, label: str
) -> None:
    for model in admin.site._registry:
        for field in model._meta.get_fields():
            if model._meta.app_label != label or not isinstance(field, Field):
                continue
            query = {
                "app_label": label,
                "model_name": str(model._meta.model_name),
                "field_name": field.name,
                "term": "x",
            }
            response = support.client.get(reverse("admin:autocomplete"), query)
            assert response.status_code in {
                HTTPStatus.OK,
                HTTPStatus.FORBIDDEN,
                HTTPStatus.NOT_FOUND,
            }


class TestOtherUsers:
    def visit(self, client: Client) -> Iterator[tuple[str, Any]]:
        pages = model_paths() | {
            "billing_health": reverse("admin:billing_health"),
            "billing_reconcile": reverse("admin:billing_reconcile"),
        }
        for name, path in pages.items():
            yield name, client.get(path)
            yield name, client.post(path, {"confirmed": "1", "reason": "x", "post": "yes"})

    def test_staff_without_permission_get_403_everywhere(self, populated_world: World) -> None:
        client = populated_world.client(UserFactory.create(is_staff=True))
        before = history_rows()

        for name, response in self.visit(client):
            assert response.status_code == HTTPStatus.FORBIDDEN, name
        assert history_rows() == before

    @pytest.mark.parametrize("who", ["administrator", "stranger", "nobody"])
    def test_members_and_anonymous_users_are_redirected_to_sign_in(
        self, populated_world: World, who: str
    ) -> None:
        client = (
            Client() if who == "nobody" else populated_world.client(getattr(populated_world, who))
        )
        before = history_rows()

        for name, response in self.visit(client):
            assert response.status_code == HTTPStatus.FOUND, name
            assert "/login/" in response.url, name
        assert history_rows() == before

    def test_view_permissions_allow_no_action(self, populated_world: World) -> None:
        """The permission to view purchases does not allow refunds."""
        user = UserFactory.create(is_staff=True)
        user.user_permissions.add(*Permission.objects.filter(codename__startswith="view_"))
        client = populated_world.client(user)
        before = history_rows()

        for name, model in ACTIONS.items():
            path = reverse(f"admin:{name}", args=[row_of(model).pk])
            for response in (client.get(path), client.post(path, {"reason": "x"})):
                assert response.status_code == HTTPStatus.FORBIDDEN, name
        assert history_rows() == before


def test_cross_site_post_is_refused(populated_world: World) -> None:
    """The CSRF token of the page is required."""
    client = Client(enforce_csrf_checks=True)
    sign_in(client, populated_world.support)
    pages = [reverse(f"admin:{name}", args=[row_of(model).pk]) for name, model in ACTIONS.items()]

    for path in [*pages, reverse("admin:billing_reconcile")]:
        post_response = client.post(path, {"reason": "x", "confirmed": "1"})
        assert post_response.status_code == HTTPStatus.FORBIDDEN
