"""The Django admin of organizations, members, packages and records, where support works.

History is read-only (R24, R29). Each action that support may take has its own page: resend an
invitation (R4), reply to a thread (R28). Names, e-mails and passwords belong to their owners (R3).

Public modules: ``parts``, from which other apps build their own pages; ``organizations`` and
``records``, whose registries other apps extend by key. Nothing else.

Django looks for an app's admin in this module, so importing it registers every page.
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
