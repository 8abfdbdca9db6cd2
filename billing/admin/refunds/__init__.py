"""Refunds and disputes in the admin."""
