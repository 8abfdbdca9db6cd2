"""Models of organizations, people, packages, terms, licenses, notifications and messages."""

from subscriptions.models.discounts import Discount
from subscriptions.models.licenses import LicenseEntry
from subscriptions.models.members import JoinRequest, MemberDraft, Membership, User
from subscriptions.models.messenger import Message, Thread
from subscriptions.models.notifications import Activity, Notification, Reminder
from subscriptions.models.organizations import NotifiedAddress, Organization
from subscriptions.models.packages import Package
from subscriptions.models.periodic import CompleteRun
from subscriptions.models.roster_import import RosterImport, RosterRow
from subscriptions.models.terms import LicenseRemoval, Renewal, Term

__all__ = [
    "Activity",
    "CompleteRun",
    "Discount",
    "JoinRequest",
    "LicenseEntry",
    "LicenseRemoval",
    "MemberDraft",
    "Membership",
    "Message",
    "Notification",
    "NotifiedAddress",
    "Organization",
    "Package",
    "Reminder",
    "Renewal",
    "RosterImport",
    "RosterRow",
    "Term",
    "Thread",
    "User",
]
