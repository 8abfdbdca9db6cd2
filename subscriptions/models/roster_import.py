import uuid

from django.conf import settings
from django.db import models

from subscriptions.models.organizations import Organization


class RosterImport(models.Model):
    """A roster that has been read and not discarded (R8).

    Its rows are kept while the user buys licenses. Adding the roster marks the rows that were
    added; invalid or omitted rows can be corrected and added later.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    # The file name; empty for pasted rows.
    source = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    # Sheets with people, and how their columns were read: ``rosters.SheetNote``.
    sheets = models.JSONField(default=list, db_default=[])
    # The number of the sheet that is shown and added.
    sheet = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Whether hidden or inactive rows are added too.
    includes_hidden = models.BooleanField(default=False, db_default=False)
    includes_inactive = models.BooleanField(default=False, db_default=False)
    # The result of the last submission; a double click gets the same one.
    added = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("created_at",), name="roster_import_age"),
            models.Index(fields=("organization", "author"), name="roster_import_of_author"),
        )

    def __str__(self) -> str:
        return str(self.id)


class RosterRow(models.Model):
    """A row of a roster, as entered; its state is computed when it is shown."""

    # The unique constraint's index serves this column.
    roster = models.ForeignKey(
        RosterImport, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    sheet = models.PositiveSmallIntegerField(default=0, db_default=0)
    # The row's number in the spreadsheet.
    position = models.PositiveIntegerField()
    name = models.TextField(blank=True)
    email = models.TextField(blank=True)
    role = models.TextField(blank=True)
    is_hidden = models.BooleanField(default=False, db_default=False)
    # The text in the file that marks the person as inactive.
    status = models.TextField(blank=True, default="", db_default="")
    # The user's decision; null if there is none, and the choices for the roster apply.
    is_left_out = models.BooleanField(null=True, blank=True)
    is_added = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("roster", "sheet", "position"), name="roster_row_position_is_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.position}: {self.email}"
