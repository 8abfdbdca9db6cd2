"""What a document says, and setting it as a PDF by typst (templates/documents/document.typ).

Everything reaches the typesetter as data, never as its markup: a name is a name, whatever is in it.
The PDFs are tagged for screen readers (PDF/UA-1), and the same facts make the same bytes.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)

_FOLDER = Path(settings.BASE_DIR) / "templates" / "documents"
_SOURCE = _FOLDER / "document.typ"


@dataclass(frozen=True)
class Table:
    """Rows under headings. ``numbers``: the columns whose cells are amounts or counts."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    # Label and amount each, under the last column; the last one is the total.
    sums: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Document:
    """A document: its parties, its facts (label and value each), its tables, and notes below."""

    title: str
    seller: str
    recipient: str
    facts: Sequence[tuple[str, str]]
    tables: Sequence[Table]
    notes: Sequence[str] = ()
    foot: str = ""


def typeset(document: Document, *, made_at: datetime) -> bytes:
    """The PDF of a document. ``made_at``: the moment it tells of, which it carries as its date."""
    data = asdict(document) | {"language": (get_language() or "en")[:2]}
    given: dict[str, Any] = {
        "root": _FOLDER,
        "sys_inputs": {"data": json.dumps(data)},
        "timestamp": int(made_at.timestamp()),
    }
    try:
        # The same document on every machine.
        pdf: bytes = typst.compile(_SOURCE, pdf_standards="ua-1", ignore_system_fonts=True, **given)
    except typst.TypstError:
        # A name has a character that the fonts which come along do not have, which the standard
        # forbids. Fonts of this machine may have it; else it becomes a box, and the rest is right.
        logger.info("a document needs fonts of the system", extra={"document": document.title})
        pdf = typst.compile(_SOURCE, ignore_system_fonts=False, **given)
    return pdf


def foot(seller: str) -> str:
    """At the foot of every page of a document by ``seller``, whose name is the first line."""
    return _("%(seller)s · %(site)s") % {
        "seller": seller.partition("\n")[0],
        "site": settings.SITE_URL,
    }
