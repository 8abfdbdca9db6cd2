"""The Django admin of organizations, members, packages and records: where support works.

History is read and never changed (R24, R29); what support may do has a page of its own each: resend
an invitation (R4), answer a thread (R28). Accounts are their owners' (R3).

Doors: ``parts``, from which apps above build their own pages; ``organizations`` and ``records``,
whose pages keep places for what those apps add, each with a key. Nothing else.

Django looks for the admin of an app in this module, so importing it registers every page.
"""

from subscriptions.admin.accounts import UserAdmin
from subscriptions.admin.members import MembershipAdmin
from subscriptions.admin.messenger import ThreadAdmin
from subscriptions.admin.organizations.model_admin import OrganizationAdmin
from subscriptions.admin.packages import PackageAdmin
from subscriptions.admin.records import (
    ActivityAdmin,
    LicenseEntryAdmin,
    NotificationAdmin,
    ReminderAdmin,
    RenewalAdmin,
    TermAdmin,
)

__all__ = [
    "ActivityAdmin",
    "LicenseEntryAdmin",
    "MembershipAdmin",
    "NotificationAdmin",
    "OrganizationAdmin",
    "PackageAdmin",
    "ReminderAdmin",
    "RenewalAdmin",
    "TermAdmin",
    "ThreadAdmin",
    "UserAdmin",
]
