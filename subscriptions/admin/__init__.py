"""The lower floor in the Django admin: history to be read, and the price list to be kept."""

from subscriptions.admin import accounts, members, messenger, packages, records
from subscriptions.admin.organizations.model_admin import OrganizationAdmin

__all__ = ["OrganizationAdmin", "accounts", "members", "messenger", "packages", "records"]
