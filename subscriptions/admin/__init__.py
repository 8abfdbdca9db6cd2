"""The lower floor in the Django admin: history to be read, and the price list to be kept."""

from subscriptions.admin import messages, organizations, others, people, price_list, records

__all__ = ["messages", "organizations", "others", "people", "price_list", "records"]
