"""Organizations, people, packages, terms, licenses and notices."""

from subscriptions.models.discounts import Discount
from subscriptions.models.licenses import LicenseEntry
from subscriptions.models.notices import Activity, Notice, Reminder
from subscriptions.models.organizations import Organization
from subscriptions.models.packages import Package
from subscriptions.models.people import MemberDraft, Membership, User
from subscriptions.models.terms import LicenseRemoval, Renewal, Term

__all__ = [
    "Activity",
    "Discount",
    "LicenseEntry",
    "LicenseRemoval",
    "MemberDraft",
    "Membership",
    "Notice",
    "Organization",
    "Package",
    "Reminder",
    "Renewal",
    "Term",
    "User",
]
