from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models.organizations import Organization


class MemberCount(models.Model):
    """How many members of an organization hold a license, so that nobody has to count them.

    Written by database triggers on ``Membership`` alone, whoever writes there and by what way; made
    with its organization, by a trigger too. A row of its own: the organization's is saved as a
    whole by forms, which would put an older number back.
    """

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, primary_key=True, related_name="member_count"
    )
    holding = models.PositiveIntegerField(_("members who hold a license"), default=0)

    class Meta:
        verbose_name = _("number of members")
        verbose_name_plural = _("numbers of members")

    def __str__(self) -> str:
        return f"{self.organization_id}: {self.holding}"
