"""Organizations, people, packages, terms, licenses and notices."""

from subscriptions.models.licenses import LicenseEntry
from subscriptions.models.notices import Activity, Notice
from subscriptions.models.organizations import Organization
from subscriptions.models.packages import Package
from subscriptions.models.people import MemberDraft, Membership, User
from subscriptions.models.terms import Renewal, Term

__all__ = [
    "Activity",
    "LicenseEntry",
    "MemberDraft",
    "Membership",
    "Notice",
    "Organization",
    "Package",
    "Renewal",
    "Term",
    "User",
]
