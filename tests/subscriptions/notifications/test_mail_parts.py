"""The plain text of a mail and the HTML generated from it have the same content."""

import html
import re
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from post_office.models import Email

from subscriptions.members import members
from subscriptions.members.members import NewMember
from subscriptions.models.members import Role
from subscriptions.notifications import notify
from tests.repository.architecture import ROOT
from tests.support.world import World

TEMPLATES = ROOT / "templates" / "emails"
SUBJECT = ".subject.txt"
KINDS = sorted(path.name.removesuffix(SUBJECT) for path in TEMPLATES.glob(f"*{SUBJECT}"))
# An invitation's link comes from the membership, so a test of its own sends it.
NOTIFIED = [kind for kind in KINDS if kind != "invitation"]
VARIABLE = re.compile(r"{{ (\w+) }}")
AMOUNTS = "unit_price total subtotal discount fee refund refunded_amount amount".split()
NUMBERS = "quantity held in_use free removed restored over".split()
DAYS = "starts valid_from expires renewal_opens last_day canceled paid_at sent_at".split()
NAME = "Lake & <b>Side</b>"
LINK = "http://localhost/o/lakeside/purchases/?a=1&b=2"


def body_of(document: str) -> str:
    """Return the visible text of an HTML part."""
    return html.unescape(re.sub(r"<[^>]+>", " ", document.split("</head>")[1]))


def words(text: str) -> list[str]:
    return text.split()


def mail_of(world: World, kind: str, callbacks: Any) -> Email:
    names = set(VARIABLE.findall("".join(p.read_text() for p in TEMPLATES.glob("*.txt"))))
    data: dict[str, object] = {name: f"the {name}" for name in names}
    data |= (
        dict.fromkeys(AMOUNTS, 5000) | dict.fromkeys(NUMBERS, 5) | dict.fromkeys(DAYS, "2031-12-31")
    )
    data |= {"organization_name": NAME, "link": LINK, "days": 3, "currency": "usd"}
    with callbacks(execute=True):
        notify.send(
            "ada@lakeside.example", kind, reference="x", organization=world.lakeside, data=data
        )
    queued: Email = Email.objects.get()
    return queued


@pytest.mark.parametrize("kind", NOTIFIED)
def test_both_parts_have_the_same_content(
    world: World, django_capture_on_commit_callbacks: Any, kind: str
) -> None:
    queued = mail_of(world, kind, django_capture_on_commit_callbacks)

    assert words(body_of(queued.html_message)) == words(queued.message)
    assert f'<a href="{html.escape(LINK)}"' in queued.html_message
    assert LINK in queued.message


@pytest.mark.parametrize("kind", NOTIFIED)
def test_names_are_escaped_only_in_html(
    world: World, django_capture_on_commit_callbacks: Any, kind: str
) -> None:
    queued = mail_of(world, kind, django_capture_on_commit_callbacks)

    assert "<b>" not in queued.html_message
    assert "&lt;" not in queued.message
    if NAME in queued.message:
        assert html.escape(NAME) in queued.html_message


def test_invitation_has_both_parts(world: World, committed_db: str) -> None:
    world.lakeside.name = NAME
    world.lakeside.save()
    members.add(world.assignor, NewMember("N <i>", "nora@lakeside.example", Role.OBSERVER))

    call_command("send_queued_mail", log_level=0)

    [sent] = mail.outbox
    [(document, kind)] = sent.alternatives  # type: ignore[union-attr]
    link = next(word for word in str(sent.body).split() if "/invitations/" in word)
    assert kind == "text/html"
    assert words(body_of(str(document))) == words(str(sent.body))
    assert f'<a href="{link}"' in str(document)
    assert "N &lt;i&gt;" in str(document)
    assert "N <i>" in str(sent.body)


def test_html_loads_nothing_external_and_fits_a_phone() -> None:
    source = (TEMPLATES / "base.html").read_text()

    assert "max-width: 600px" in source
    assert not re.search(r"src=|url\(|<link|<style|<script|@import|https?:", source)
    assert set(re.findall(r'width="(\w+%?)"', source)) == {"100%"}
