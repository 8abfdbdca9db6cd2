import uuid

from django.conf import settings
from django.db import models

from subscriptions.models.organizations import Organization


class RosterImport(models.Model):
    """A roster that somebody has read in and not given up yet (R8).

    Its rows stay as they are while licenses are bought in between. Adding them all marks those that
    were added; what was wrong or left out can still be mended and added later.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    # The name of the file; empty where rows were pasted.
    source = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField()
    # Its sheets with people, and how their columns were understood: ``rosters.SheetNote``.
    sheets = models.JSONField(default=list, db_default=[])
    # The number of the one that is shown and added.
    sheet = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Whether the rows that the file hides, or calls inactive, are added as well.
    includes_hidden = models.BooleanField(default=False, db_default=False)
    includes_inactive = models.BooleanField(default=False, db_default=False)
    # How many the last click added, and when: the second click of a double click says the same.
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
    """One row of a roster, as it was typed: what it would do is worked out when it is shown."""

    # The rows are found by the constraint's index.
    roster = models.ForeignKey(
        RosterImport, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    sheet = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Its row in the sheet, as a spreadsheet counts them.
    position = models.PositiveIntegerField()
    name = models.TextField(blank=True)
    email = models.TextField(blank=True)
    role = models.TextField(blank=True)
    is_hidden = models.BooleanField(default=False, db_default=False)
    # What the file says of somebody who looks inactive.
    status = models.TextField(blank=True, default="", db_default="")
    # What a person has decided; empty where nobody has, and the roster's own choices count.
    is_left_out = models.BooleanField(null=True, blank=True)
    is_added = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("roster", "sheet", "position"), name="roster_row_stands_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.position}: {self.email}"
