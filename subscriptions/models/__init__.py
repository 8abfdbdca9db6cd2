"""Organizations, people, packages, terms, licenses, notices and messages."""

from subscriptions.models.discounts import Discount
from subscriptions.models.licenses import LicenseEntry
from subscriptions.models.members import JoinRequest, MemberDraft, Membership, User
from subscriptions.models.messenger import Conversation, Message
from subscriptions.models.notifications import Activity, Notice, Reminder
from subscriptions.models.organizations import NotifiedAddress, Organization
from subscriptions.models.packages import Package
from subscriptions.models.periodic import CompleteRun
from subscriptions.models.roster_import import RosterImport, RosterRow
from subscriptions.models.terms import LicenseRemoval, Renewal, Term

__all__ = [
    "Activity",
    "CompleteRun",
    "Conversation",
    "Discount",
    "JoinRequest",
    "LicenseEntry",
    "LicenseRemoval",
    "MemberDraft",
    "Membership",
    "Message",
    "Notice",
    "NotifiedAddress",
    "Organization",
    "Package",
    "Reminder",
    "Renewal",
    "RosterImport",
    "RosterRow",
    "Term",
    "User",
]
