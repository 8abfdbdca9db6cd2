"""The translations in ``locale/`` match the texts in the code (docs/translating.md)."""

import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import allauth
import pytest
from babel.messages import Message
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext
from django.utils.translation.template import templatize

ROOT = Path(settings.BASE_DIR)
CATALOGS = sorted((ROOT / "locale").rglob("django.po"))
# Our translations for pages of libraries.
LIBRARY_CATALOGS = [path for path in CATALOGS if "libraries" in path.parts]
OUR_CATALOGS = [
    ROOT / "locale" / language / "LC_MESSAGES" / "django.po" for language in ("es", "fr")
]
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|%[sd]|\{\w*\}|</?\w+[^>]*>")
KEYWORDS: dict[str, Any] = dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"))
KEYWORDS |= dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2))
# The local Stripe is in English, like everything for developers.
UNTRANSLATED = ("billing/sandbox/",)


@cache
def messages(path: Path) -> list[Message]:
    with path.open("rb") as file:
        return [message for message in read_po(file, locale=path.parts[-3]) if message.id]


def forms(text: Any) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (text,)


def catalog_name(path: Path) -> str:
    return str(path.relative_to(ROOT / "locale").parent.parent)


def sources() -> Iterator[tuple[str, str]]:
    """Yield every file with texts; templates are converted to Python as in makemessages."""
    for folder in ("billing", "subscriptions", "licensing_site", "templates"):
        for path in sorted((ROOT / folder).rglob("*")):
            name = str(path.relative_to(ROOT))
            if name.startswith(UNTRANSLATED):
                continue
            if path.suffix == ".py":
                yield name, path.read_text()
            elif path.suffix in (".html", ".txt"):
                lines = templatize(path.read_text(), origin=name).splitlines()
                yield name, "\n".join(line.strip() for line in lines)


@cache
def texts() -> list[tuple[str, str]]:
    """Return every text in the code, with its file."""
    return [
        (name, forms(found)[0])
        for name, source in sources()
        for _, _, found, _ in extract_python(io.BytesIO(source.encode()), KEYWORDS, [], {})
    ]


@pytest.mark.parametrize("path", OUR_CATALOGS, ids=catalog_name)
def test_every_text_in_the_code_is_in_the_catalog(path: Path) -> None:
    known = {forms(message.id)[0] for message in messages(path)}

    missing = [f"{name}: {text}" for name, text in texts() if text and text not in known]

    assert len(texts()) > 1000
    assert missing == [], "run `make messages`"


@pytest.mark.parametrize("path", CATALOGS, ids=catalog_name)
def test_every_text_is_translated(path: Path) -> None:
    missing = [
        forms(message.id)[0]
        for message in messages(path)
        if message.fuzzy or not all(forms(message.string))
    ]

    assert missing == [], "translate them, and run `make messages`"


@pytest.mark.parametrize("path", OUR_CATALOGS, ids=catalog_name)
def test_placeholders_and_markup_match_the_text(path: Path) -> None:
    for message in messages(path):
        known = [set(PLACEHOLDER.findall(form)) for form in forms(message.id)]
        for form in forms(message.string):
            assert set(PLACEHOLDER.findall(form)) in known, (message.id, form)


@pytest.mark.parametrize("path", LIBRARY_CATALOGS, ids=catalog_name)
def test_our_texts_for_libraries_use_the_same_placeholders(path: Path) -> None:
    for message in messages(path):
        known = {place for form in forms(message.id) for place in PLACEHOLDER.findall(form)}
        for form in forms(message.string):
            assert set(PLACEHOLDER.findall(form)) <= known, (message.id, form)


@pytest.mark.parametrize("path", LIBRARY_CATALOGS, ids=catalog_name)
def test_libraries_still_contain_these_texts(path: Path) -> None:
    library_catalog = Path(allauth.__file__).parent / "locale" / "es" / "LC_MESSAGES" / "django.po"
    library_texts = {forms(message.id)[0] for message in messages(library_catalog)}

    assert {forms(message.id)[0] for message in messages(path)} <= library_texts


@pytest.mark.parametrize("path", CATALOGS, ids=catalog_name)
def test_compiled_catalogs_are_up_to_date(path: Path) -> None:
    with path.with_suffix(".mo").open("rb") as file:
        compiled = {forms(one.id)[0]: forms(one.string) for one in read_mo(file) if one.id}

    source = {forms(one.id)[0]: forms(one.string) for one in messages(path)}
    assert compiled == source, "run `make messages`"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["0 licenses available", "1 license available", "2 licenses available"]),
        ("es", ["0 licencias libres", "1 licencia libre", "2 licencias libres"]),
        ("fr", ["0 licence libre", "1 licence libre", "2 licences libres"]),
    ],
)
def test_numbers_use_the_plural_forms_of_each_language(language: str, expected: list[str]) -> None:
    with translation.override(language):
        texts_for_numbers = [
            ngettext("%(free)s license available", "%(free)s licenses available", number)
            % {"free": number}
            for number in (0, 1, 2)
        ]

    assert texts_for_numbers == expected
