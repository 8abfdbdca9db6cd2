"""The site in Spanish: pages, refusals, receipt, PDF, mail (R5, R31)."""

from datetime import date
from http import HTTPStatus
from io import BytesIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext as _
from post_office.models import Email
from pypdf import PdfReader

from billing.models import Purchase
from billing.sandbox.control.client import SandboxControl
from subscriptions.models import User
from subscriptions.models.members import Role
from subscriptions.notifications import notify
from subscriptions.policy import members
from subscriptions.roster_import.words import read_heading, read_role
from tests.support.pages import text_of
from tests.support.world import World, local

LAKESIDE = "/o/lakeside"


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def spanish(world: World) -> Client:
    """Return a client for Arlo, who chose Spanish on another device."""
    User.objects.filter(pk=world.assignor.user_id).update(language="es")
    return world.client(world.assignor)


@pytest.fixture
def paid_purchase(world: World, spanish: Client, stripe: SandboxControl) -> Purchase:
    """Buy 1,000 licenses with the form."""
    page = spanish.get(f"{LAKESIDE}/licenses/add/")
    submission = page.content.decode().split('name="submission" value="')[1].split('"')[0]
    response = spanish.post(
        f"{LAKESIDE}/licenses/add/", {"quantity": "1000", "submission": submission}
    )
    assert response.status_code == HTTPStatus.FOUND
    purchase = Purchase.objects.get()
    world.pay(purchase)
    return purchase


def load_return_page(client: Client, purchase: Purchase) -> Any:
    return client.get(
        f"{LAKESIDE}/licenses/return/", {"session_id": purchase.session_id or ""}, follow=True
    )


class TestBuying:
    def test_form_is_in_spanish(self, spanish: Client) -> None:
        page = text_of(spanish.get(f"{LAKESIDE}/licenses/add/"))

        assert "Agregar licencias" in page
        assert "Precio por licencia, fijado desde el 1 de enero de 2031" in page
        assert "miércoles, 31 de diciembre de 2031, 11:59 p.m. hora oriental" in plain(page)

    def test_payment_page_is_in_spanish(self, paid_purchase: Purchase) -> None:
        parameters = paid_purchase.request_parameters
        line = parameters["line_items"][0]["price_data"]["product_data"]

        assert parameters["locale"] == "es"
        assert line["name"] == "Licencias adicionales, paquete Association"
        assert line["description"].endswith("hasta el 31 de diciembre de 2031")

    def test_return_page_is_in_spanish(self, paid_purchase: Purchase, spanish: Client) -> None:
        page = text_of(load_return_page(spanish, paid_purchase))

        assert "Compró 1,000 licencias. Ahora tiene 1,025 contratadas" in page
        assert "$5,000.00" in page
        assert "Recibo 1" in page

    def test_pdf_receipt_is_in_spanish(self, paid_purchase: Purchase, spanish: Client) -> None:
        load_return_page(spanish, paid_purchase)

        document = spanish.get(f"{LAKESIDE}/purchases/{paid_purchase.pk}/receipt.pdf")
        reader = PdfReader(BytesIO(b"".join(document)))
        text = plain(" ".join(page.extract_text() for page in reader.pages))

        assert str(reader.root_object["/Lang"]) == "es"
        for expected in ("Recibo 1", "Precio por licencia", "Total pagado", "$5,000.00", "1,000"):
            assert expected in text
        assert "hasta el miércoles, 31 de diciembre de 2031" in text

    def test_mail_is_in_spanish(
        self, paid_purchase: Purchase, spanish: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            load_return_page(spanish, paid_purchase)

        mail = Email.objects.get(to="assignor@lakeside.example")
        assert mail.subject == "Recibo 1: 1,000 licencias para Lakeside Officials Association"
        assert "1,000 licencias × $5.00 = $5,000.00" in mail.message
        assert "Total: $5,000.00" in mail.message
        assert "16 de junio de 2031" in mail.message
        assert '<html lang="es">' in mail.html_message

    def test_other_users_get_mail_in_their_own_language(
        self, paid_purchase: Purchase, spanish: Client
    ) -> None:
        load_return_page(spanish, paid_purchase)

        notify.deliver_waiting()

        mail = Email.objects.get(to="administrator@lakeside.example")
        assert "bought 1,000 add-on licenses" in mail.message


class TestRefusals:
    def test_invalid_number_is_refused_in_spanish(self, spanish: Client) -> None:
        page = text_of(spanish.post(f"{LAKESIDE}/licenses/add/", {"quantity": "1234"}))

        assert (
            "Las licencias se venden en grupos de 5. Escriba 1,230 o 1,235 en lugar de 1,234."
        ) in page

    def test_missing_license_is_refused_in_spanish(self, world: World, spanish: Client) -> None:
        world.fill(25)

        typed = {"name": "Nora New", "email": "nora@new.example", "role": "observer"}
        page = text_of(spanish.post(f"{LAKESIDE}/users/add/", typed))

        assert "Se necesita 1 licencia más." in page
        assert "Todas las licencias están en uso: 25 de 25." in page

    @pytest.mark.parametrize(("rows", "text"), [(1, "1 usuario nuevo"), (2, "2 usuarios nuevos")])
    def test_singular_and_plural_differ(self, spanish: Client, rows: int, text: str) -> None:
        typed = "\n".join(f"New Person,new{number}@new.example" for number in range(rows))

        page = text_of(spanish.post(f"{LAKESIDE}/users/import/", {"rows": typed}, follow=True))

        assert text in page

    def test_missing_permission_is_explained_in_spanish(self, world: World) -> None:
        response = world.client(world.official).get(
            f"{LAKESIDE}/users/", HTTP_ACCEPT_LANGUAGE="es-MX,es;q=0.9"
        )

        assert response.status_code == HTTPStatus.FORBIDDEN
        assert "Su rol no lo permite" in text_of(response)


def test_reminders_are_in_each_recipients_language(world: World, spanish: Client) -> None:
    """R32"""
    world.at(local(date(2031, 12, 30), 12))
    call_command("daily")
    notify.deliver_waiting()

    subjects = {mail.to[0]: mail.subject for mail in Email.objects.all()}
    assert subjects["assignor@lakeside.example"].endswith("la suscripción vence en 1 día")
    assert subjects["administrator@lakeside.example"].endswith("the subscription expires in 1 day")


@pytest.mark.parametrize("language", ["es", "fr"])
def test_translated_public_pages_contain_no_english(world: World, language: str) -> None:
    pages = ("/accounts/login/", "/accounts/password/reset/", "/pricing/", "/help/", "/messages/")
    for page in pages:
        text = text_of(Client().get(page, HTTP_ACCEPT_LANGUAGE=language))

        for english in ("Sign in", "Password", "Pricing", "Help", "per license", "Messenger"):
            assert english not in text, page


@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_roster_may_be_in_any_offered_language(language: str) -> None:
    """The template's headings and the role names are recognized in each language."""
    with translation.override(language):
        columns = [read_heading(str(_(heading))) for heading in ("Name", "E-mail", "Role")]
        roles = {read_role(str(role.label)) for role in Role}

    assert [
        found[0].value.removeprefix("first_").removeprefix("last_") for found in columns if found
    ] == ["name", "email", "role"]
    assert roles == {members.Role(role.value) for role in Role}
