"""Forms for the roster import: a file or pasted rows, and corrections to rows."""

from typing import IO, Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from subscriptions.policy.refusal import Reason, Refusal, Refused
from subscriptions.policy.roster_import import MAX_BYTES
from subscriptions.roster_import import files
from subscriptions.roster_import.columns import Sheet
from subscriptions.roster_import.rosters import Change, RosterOptions
from subscriptions.text.ids import read_number
from subscriptions.text.refusals import refusal_text

_MAX_FIELD_LENGTH = 500


class ImportForm(forms.Form):
    """A file, or rows pasted from a spreadsheet."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        max_length=None,
        help_text=_("CSV or XLSX, at most 5 MB and 5,000 rows."),
        widget=forms.FileInput(
            attrs={
                # Many .xls files are HTML tables; unreadable kinds get their own refusal.
                "accept": ".csv,.tsv,.txt,.xlsx,.xlsm,.xls,.html,.htm,text/csv,"
                "text/tab-separated-values"
            }
        ),
    )
    rows = forms.CharField(
        label=_("Or paste rows from a spreadsheet"),
        required=False,
        strip=False,
        # No maxlength, because browsers silently truncate pasted text.
        widget=forms.Textarea(
            attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false", "wrap": "off"}
        ),
    )

    def __init__(self, *args: Any, was_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was_too_large = was_too_large
        self.sheets: list[Sheet] = []
        self.source = ""

    def clean(self) -> dict[str, Any]:
        """Read the file or rows into ``sheets``."""
        data = super().clean() or {}
        file, rows = data.get("file"), data.get("rows") or ""
        if self.was_too_large:
            too_large = Refusal(Reason.FILE_TOO_LARGE, {"megabytes": MAX_BYTES // 2**20})
            self.add_error("file", refusal_text(too_large))
        elif file and rows.strip():
            self.add_error(None, _("Choose a file or paste rows, not both."))
        elif not file and not rows.strip():
            self.add_error(None, _("Choose a file, or paste rows from a spreadsheet."))
        else:
            self._read(file, rows)
        return data

    def _read(self, file: IO[bytes] | None, rows: str) -> None:
        try:
            if file is None:
                self.sheets = files.read_text(rows)
            else:
                self.sheets = files.read_file(file)
                self.source = getattr(file, "name", "") or ""
        except Refused as refused:
            self.add_error("rows" if file is None else "file", refusal_text(refused.refusal))


def read_changes(post: QueryDict) -> dict[int, Change]:
    """Return corrections by row key.

    A row that is shown without fields sends only whether it is left out.
    """
    keys = map(read_number, post.getlist("row"))
    return {key: _change(post, key) for key in keys if key is not None}


def read_options(post: QueryDict) -> RosterOptions:
    """Return the choices for the whole roster."""
    return RosterOptions(
        sheet=read_number(post.get("sheet", "")) if "take_sheet" in post else None,
        includes_hidden=post["hidden"] == "in" if "hidden" in post else None,
        includes_inactive=post["inactive"] == "in" if "inactive" in post else None,
    )


def _change(post: QueryDict, key: int) -> Change:
    def entered(field: str) -> str | None:
        text = post.get(f"{field}-{key}")
        return None if text is None else text[:_MAX_FIELD_LENGTH]

    return Change(
        is_left_out=f"out-{key}" in post,
        name=entered("name"),
        email=entered("email"),
        role=entered("role"),
    )
