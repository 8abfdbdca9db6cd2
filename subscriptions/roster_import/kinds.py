"""Detect the kind of a file by its content, to say what was uploaded instead of a roster."""

import re
from collections.abc import Collection

from subscriptions.policy.refusal import Reason

ZIP = b"PK\x03\x04"
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SIGNATURES = {
    b"%PDF": Reason.FILE_IS_PDF,
    b"\x89PNG": Reason.FILE_IS_PICTURE,
    b"\xff\xd8\xff": Reason.FILE_IS_PICTURE,
    b"GIF8": Reason.FILE_IS_PICTURE,
    b"BM": Reason.FILE_IS_PICTURE,
    b"II*\x00": Reason.FILE_IS_PICTURE,
    b"MM\x00*": Reason.FILE_IS_PICTURE,
    b"RIFF": Reason.FILE_IS_PICTURE,
    b"{\\rtf": Reason.FILE_IS_DOCUMENT,
    b"Rar!": Reason.FILE_IS_ARCHIVE,
    b"7z\xbc\xaf": Reason.FILE_IS_ARCHIVE,
    b"\x1f\x8b": Reason.FILE_IS_ARCHIVE,
    # Excel 2 to 5, without the container of later versions.
    b"\x09\x00\x04\x00": Reason.FILE_IS_OLD_EXCEL,
    b"\x09\x02\x06\x00": Reason.FILE_IS_OLD_EXCEL,
    b"\x09\x04\x06\x00": Reason.FILE_IS_OLD_EXCEL,
    b"\x09\x08\x08\x00": Reason.FILE_IS_OLD_EXCEL,
    b"\x09\x08\x10\x00": Reason.FILE_IS_OLD_EXCEL,
}
# Text may also begin with "BM" or "RIFF", so known bytes must follow.
_BINARY_AFTER = {b"BM": slice(6, 10), b"RIFF": slice(8, 12)}
# Streams inside old Office files, in the order they are checked.
_STREAMS = {
    "EncryptedPackage": Reason.FILE_IS_PROTECTED,
    "WordDocument": Reason.FILE_IS_DOCUMENT,
    "PowerPoint Document": Reason.FILE_IS_DOCUMENT,
}
_PARTS = {
    "xl/workbook.bin": Reason.FILE_IS_OLD_EXCEL,
    "index/document.iwa": Reason.FILE_IS_NUMBERS,
    "index.zip": Reason.FILE_IS_NUMBERS,
    "word/document.xml": Reason.FILE_IS_DOCUMENT,
    "ppt/presentation.xml": Reason.FILE_IS_DOCUMENT,
}
_WEB_PAGE = re.compile(r"\s*<(?:!doctype html|html|head|meta|body|style|div)\b", re.IGNORECASE)
_CODE = re.compile(r"\s*(?:<\?xml|[\[{]\s*[\[{\"])")
_TEXTS = (
    (re.compile(r"\s*BEGIN:VCARD", re.IGNORECASE), Reason.FILE_IS_CONTACTS),
    (re.compile(r"\s*MIME-Version:", re.IGNORECASE), Reason.FILE_IS_WEB_PAGE),
    (re.compile(r"\s*<.*microsoft-com:office:spreadsheet", re.DOTALL), Reason.FILE_IS_OLD_EXCEL),
)


def detect_binary_kind(data: bytes) -> Reason | None:
    """Return the kind of a file that is neither text nor a ZIP archive."""
    if data.startswith(_OLE2):
        for stream, reason in _STREAMS.items():
            if stream.encode("utf-16-le") in data:
                return reason
        return Reason.FILE_IS_OLD_EXCEL
    if data[4:8] == b"ftyp":
        # Phone photos (HEIC) and MP4 videos.
        return Reason.FILE_IS_PICTURE
    for start, reason in _SIGNATURES.items():
        if data.startswith(start):
            place = _BINARY_AFTER.get(start)
            if place is None or data[place] in (b"\0\0\0\0", b"WEBP"):
                return reason
    return None


def detect_archive_kind(parts: Collection[str], mimetype: bytes) -> Reason | None:
    """Return the kind of a ZIP archive by its parts and its "mimetype" part; None for XLSX."""
    names = {part.lower() for part in parts}
    if any(name.endswith("workbook.xml") for name in names):
        return None
    if mimetype.startswith(b"application/vnd.oasis.opendocument"):
        is_sheet = b"spreadsheet" in mimetype
        return Reason.FILE_IS_OPENDOCUMENT if is_sheet else Reason.FILE_IS_DOCUMENT
    for part, reason in _PARTS.items():
        if any(name == part or name.endswith(f"/{part}") for name in names):
            return reason
    return Reason.FILE_IS_ARCHIVE


def detect_text_kind(text: str) -> Reason | None:
    """Return the kind of a text that is not a table of separated values."""
    start = text[:2_000]
    found = next((reason for pattern, reason in _TEXTS if pattern.match(start)), None)
    is_code = found is None and not is_markup(text) and _CODE.match(start)
    return Reason.FILE_NOT_A_TABLE if is_code else found


def is_markup(text: str) -> bool:
    """Whether a text is HTML, regardless of the file name."""
    has_table = text.lstrip()[:1] == "<" and "<table" in text.lower()
    return has_table or bool(_WEB_PAGE.match(text[:2_000]))
