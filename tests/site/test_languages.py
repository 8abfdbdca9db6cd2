"""Texts, amounts and dates are in the reader's language."""

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext
from post_office.models import Email

from billing.states import PurchaseKind
from subscriptions.models import User
from subscriptions.notifications import notify
from subscriptions.text import formats, tags
from subscriptions.text.languages import untranslated
from tests.journeys.pages import pages_of
from tests.support.pages import queries_of, text_of
from tests.support.world import TERM_END, World, local

# Languages that browsers request but we do not offer.
UNSUPPORTED = ["de", "de-DE,de;q=0.9", "udm", "en-GB", "zh-hant", "x", ""]
COOKIE = settings.LANGUAGE_COOKIE_NAME
NIGHT = datetime(2031, 12, 1, 4, 5, tzinfo=UTC)


def choose(client: Client, language: str, page: str = "/help/") -> str:
    """Choose a language in a page's footer; return the redirect target."""
    response = client.post("/language/", {"language": language, "next": page})
    assert response.status_code == HTTPStatus.FOUND
    return response.headers["Location"]


def language_of(client: Client, page: str = "/help/", **headers: str) -> str:
    response = client.get(page, **headers)  # type: ignore[arg-type]
    return response.content.decode().split('<html lang="', 1)[1].split('"', 1)[0]


def set_account_language(world: World, language: str) -> None:
    User.objects.filter(pk=world.assignor.user_id).update(language=language)


@pytest.mark.parametrize("language", UNSUPPORTED)
@pytest.mark.parametrize("path", ["", "settings/subscription/", "users/", "licenses/add/"])
def test_unsupported_language_falls_back_to_english(world: World, path: str, language: str) -> None:
    client = world.client(world.assignor)

    response = client.get(f"/o/lakeside/{path}", HTTP_ACCEPT_LANGUAGE=language)

    assert response.status_code == HTTPStatus.OK
    assert 'lang="en"' in response.content.decode()
    if path.endswith("subscription/"):
        assert "Wednesday, December 31, 2031" in text_of(response)


@pytest.mark.parametrize("language", ["udm", "xx", "en-us", "de"])
def test_every_language_defines_its_formats(language: str) -> None:
    with translation.override(language):
        assert "2031" in formats.full_date(TERM_END)
        assert "5" in formats.money(500, "usd")


@pytest.mark.parametrize(
    ("language", "money", "number", "end", "moment", "name"),
    [
        (
            "en",
            "$1,250.00",
            "5,000",
            "Wednesday, December 31, 2031, 11:59 PM Eastern Time",
            "November 30, 2031 at 11:05 PM Eastern Time",
            "en-US",
        ),
        (
            "es",
            "$1,250.00",
            "5,000",
            "miércoles, 31 de diciembre de 2031, 11:59 p.m. hora oriental",
            "30 de noviembre de 2031, 11:05 p.m. hora oriental",
            "es-US",
        ),
        (
            "fr",
            "1 250,00 $ US",
            "5 000",
            "mercredi 31 décembre 2031, 23 h 59 heure de l’Est",
            "30 novembre 2031 à 23 h 05 heure de l’Est",
            "fr-CA",
        ),
    ],
)
def test_formats_differ_by_language(
    language: str, money: str, number: str, end: str, moment: str, name: str
) -> None:
    def plain(text: str) -> str:
        return " ".join(text.split())

    with translation.override(language):
        assert plain(formats.money(125_000, "usd")) == money
        assert plain(formats.number(5000)) == number
        assert plain(formats.end_of(TERM_END)) == end
        assert plain(formats.moment(NIGHT)) == moment
        assert formats.locale_name() == name


class TestChoosing:
    def test_choice_without_an_account_is_stored_in_the_browser(self, world: World) -> None:
        client = Client()

        assert language_of(client) == "en"
        assert choose(client, "es", "/pricing/?a=1") == "/pricing/?a=1"

        assert language_of(client, HTTP_ACCEPT_LANGUAGE="fr") == "es"
        assert client.cookies[COOKIE]["httponly"]
        assert client.cookies[COOKIE]["max-age"] == 365 * 24 * 3600

    @pytest.mark.parametrize("page", ["https://evil.example/", "//evil.example", "", "x:y"])
    def test_choice_never_redirects_to_another_site(self, db: None, page: str) -> None:
        assert choose(Client(), "es", page) == "/"

    @pytest.mark.parametrize("language", ["de", "", "xx", "es<"])
    def test_unsupported_language_cannot_be_chosen(self, world: World, language: str) -> None:
        client = world.client(world.assignor)
        set_account_language(world, "fr")

        choose(client, language)

        assert COOKIE not in client.cookies
        assert User.objects.get(pk=world.assignor.user_id).language == "fr"

    def test_choice_of_a_signed_in_user_is_stored_in_the_account(self, world: World) -> None:
        choose(world.client(world.assignor), "es")

        assert User.objects.get(pk=world.assignor.user_id).language == "es"
        assert language_of(world.client(world.assignor), "/o/lakeside/") == "es"

    def test_choice_on_this_device_takes_precedence(self, world: World) -> None:
        client = world.client(world.assignor)
        client.cookies[COOKIE] = "en"
        set_account_language(world, "es")

        assert language_of(client, "/o/lakeside/") == "en"

    def test_account_language_adds_no_query(self, world: World) -> None:
        client = world.client(world.assignor)
        client.get("/o/lakeside/")
        before = queries_of(client, "/o/lakeside/")
        set_account_language(world, "es")

        assert len(queries_of(client, "/o/lakeside/")) == len(before)

    def test_account_page_can_reset_to_the_browser_language(self, world: World) -> None:
        client = world.client(world.assignor)
        typed = {"name": "Arlo Assignor"}

        saved = client.post("/account/", typed | {"language": "es"})
        assert client.cookies[COOKIE].value == "es"
        assert [str(message) for message in get_messages(saved.wsgi_request)]
        client.post("/account/", typed | {"language": ""})

        assert User.objects.get(pk=world.assignor.user_id).language == ""
        assert not client.cookies[COOKIE].value
        assert language_of(client, "/account/", HTTP_ACCEPT_LANGUAGE="fr") == "fr"

    def test_each_language_is_listed_under_its_own_name(self, world: World) -> None:
        for page in ("/help/", "/o/lakeside/", "/accounts/email/"):
            words = text_of(world.client(world.assignor).get(page, HTTP_ACCEPT_LANGUAGE="es"))
            assert "English Español Français" in words


def test_mails_are_in_the_recipients_language(
    world: World, django_capture_on_commit_callbacks: Any
) -> None:
    """The language of the sender does not matter."""
    User.objects.filter(pk=world.assignor.user_id).update(language="es")
    with translation.override("fr"):
        label = untranslated(PurchaseKind.ADD_ON.label)
    data = {
        "purchase": label,
        "currency": "usd",
        "refunded_amount": 500000,
        "total": 1000000,
        "held": 1200,
        "in_use": 3,
        "removed": 5,
        "over": 0,
        "canceled": TERM_END,
        "receipt_number": 17,
    }

    with translation.override("fr"), django_capture_on_commit_callbacks(execute=True):
        notify.send(
            world.assignor.user.email,
            "payment_reversed",
            reference="x",
            organization=world.lakeside,
            data=data,
        )

    text = Email.objects.get().message
    with translation.override("es"):
        assert gettext(label) in text
        assert formats.full_date(TERM_END) in text
    assert label not in text
    for fact in ("$5,000.00", "$10,000.00", "1,200"):
        assert fact in text


@translation.override("en")
def test_mail_dates_are_formatted_from_stored_text() -> None:
    assert tags.full_date("2031-12-31") == "Wednesday, December 31, 2031"
    assert tags.end_of("2031-12-31") == "Wednesday, December 31, 2031, 11:59 PM Eastern Time"
    assert tags.moment(NIGHT.isoformat()) == "November 30, 2031 at 11:05 PM Eastern Time"
    assert tags.validity("2031-06-16T12:00:00Z", "2031-12-31") == (
        "June 16, 2031 at 8:00 AM Eastern Time until "
        "Wednesday, December 31, 2031, 11:59 PM Eastern Time"
    )
    assert tags.validity("2031-01-01", "2031-12-31").startswith("Wednesday, January 1, 2031 until ")
    for start in (None, ""):
        words = tags.validity(start, "2031-12-31")
        assert words == "until Wednesday, December 31, 2031, 11:59 PM Eastern Time"
    assert tags.full_date("") == tags.end_of(None) == tags.moment("") == ""


@pytest.mark.usefixtures("stripe")
@pytest.mark.parametrize(
    ("language", "day"),
    [("es", date(2031, 6, 16)), ("fr", date(2031, 12, 20)), ("es", date(2032, 1, 3))],
)
def test_every_organization_page_is_translated(world: World, day: date, language: str) -> None:
    """During the term, in the renewal window, and after expiration."""
    paths = pages_of(world)
    world.at(local(day, 12))
    client = world.client(world.administrator)

    for path in paths:
        response = client.get(path, HTTP_ACCEPT_LANGUAGE=language, follow=True)
        assert response.status_code == HTTPStatus.OK, path
        assert f'<html lang="{language}"' in response.content.decode(), path


@pytest.mark.parametrize("language", ["es", "fr"])
def test_admin_is_translated(world: World, language: str) -> None:
    User.objects.filter(pk=world.support.pk).update(is_superuser=True)
    client = world.client(world.support)
    organization = f"/admin/subscriptions/organization/{world.lakeside.pk}/change/"

    for path in ("/admin/", "/admin/health/", "/admin/subscriptions/organization/", organization):
        response = client.get(path, HTTP_ACCEPT_LANGUAGE=language)
        assert response.status_code == HTTPStatus.OK, path
        assert f'<html lang="{language}"' in response.content.decode(), path
