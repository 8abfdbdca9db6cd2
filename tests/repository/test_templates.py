"""Attributes used in templates exist, because Django renders a missing one as nothing."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.base import Message
from django.core.paginator import Page, Paginator
from django.forms import BoundField
from django.forms.forms import BaseForm
from django.forms.formsets import BaseFormSet

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parents[2]
LIBRARIES = (AnonymousUser, BaseForm, BaseFormSet, BoundField, Message, Page, Paginator)
TEMPLATES = [path for path in (ROOT / "templates").rglob("*.*") if "allauth" not in path.parts]
TAG = re.compile(r"\{\{(.+?)\}\}|\{%(.+?)%\}")
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Return every word of our code, and the attributes of library objects in templates."""
    code = (
        path.read_text()
        for app in ("billing", "licensing_site", "subscriptions")
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
    )
    words = {word for text in code for word in re.findall(r"\w+", text)}
    of_session = {field.name for field in UserSession._meta.get_fields()} | {"is_current"}
    instance_only = {"app_config", "person_id", "result_count"}
    return words.union(of_session, instance_only, dir(ChangeList), *map(dir, LIBRARIES))


def attributes(text: str) -> Iterator[str]:
    for tag in TAG.findall(text):
        for path in re.findall(r"[A-Za-z_]\w*((?:\.\w+)+)", QUOTED.sub("", "".join(tag))):
            yield from path.strip(".").split(".")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_attributes_exist(path: Path, known: set[str]) -> None:
    unknown = {name for name in attributes(path.read_text()) if not name.isdigit()} - known

    assert not unknown
