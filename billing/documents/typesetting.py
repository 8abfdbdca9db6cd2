"""The content of a document, and its PDF made by typst (templates/documents/document.typ).

All text reaches typst as data, never as markup, so names can contain any characters. The PDFs are
tagged for screen readers (PDF/UA-1), and the same content always gives the same bytes.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

import typst
from anyascii import anyascii
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

_FOLDER = Path(settings.BASE_DIR) / "templates" / "documents"
_SOURCE = _FOLDER / "document.typ"
_STANDARD: Literal["ua-1"] = "ua-1"


@dataclass(frozen=True)
class Table:
    """Rows under headings; ``numbers`` are the columns whose cells are amounts or counts."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    # Pairs of label and amount, under the last column; the last one is the total.
    sums: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Document:
    """A document: its parties, facts (pairs of label and value), tables, and notes below."""

    title: str
    seller: str
    recipient: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    footer: str = ""


def typeset(document: Document, *, made_at: datetime) -> bytes:
    """Return the PDF of a document, dated ``made_at``.

    Names that no font can print are repeated in Latin letters at the end (R31).
    """
    # Without system fonts the PDF is the same on every machine. They are used only for characters
    # that the bundled fonts lack, because PDF/UA-1 forbids missing ones.
    for ignore_system_fonts in (True, False):
        try:
            return _compile(
                document, made_at, standard=_STANDARD, ignore_system_fonts=ignore_system_fonts
            )
        except typst.TypstError:
            logger.info("a font lacks a character", extra={"document": document.title})
    names = ", ".join(anyascii(line) for line in _unprintable_lines(document))
    note = _("Some characters could not be printed. In the Latin alphabet: %(names)s")
    document = replace(document, notes=[*document.notes, note % {"names": names}])
    return _compile(document, made_at, standard=None, ignore_system_fonts=False)


def _compile(
    document: Document,
    made_at: datetime,
    *,
    standard: Literal["ua-1"] | None,
    ignore_system_fonts: bool,
) -> bytes:
    data = asdict(document) | {"language": (get_language() or "en")[:2]}
    pdf: bytes = typst.compile(
        _SOURCE,
        root=_FOLDER,
        sys_inputs={"data": json.dumps(data)},
        timestamp=int(made_at.timestamp()),
        pdf_standards=standard,
        ignore_system_fonts=ignore_system_fonts,
    )
    return pdf


def _unprintable_lines(document: Document) -> list[str]:
    """Return the lines of a document that contain a character no available font has."""
    texts = [document.seller, document.recipient, *(value for _, value in document.facts)]
    texts += [cell for table in document.tables for row in table.rows for cell in row]
    lines = dict.fromkeys(line for text in texts for line in text.split("\n"))
    return [line for line in lines if not all(map(_is_printable, set(line)))]


@lru_cache(4_096)
def _is_printable(character: str) -> bool:
    if character.isascii():
        return True
    source = b'#set document(title: "x"); #sys.inputs.character'
    try:
        typst.compile(source, sys_inputs={"character": character}, pdf_standards=_STANDARD)
    except typst.TypstError:
        return False
    return True


def get_footer(seller: str) -> str:
    """Return the footer of documents by ``seller``, whose first line is the name."""
    return _("%(seller)s · %(site)s") % {
        "seller": seller.partition("\n")[0],
        "site": settings.SITE_URL,
    }
