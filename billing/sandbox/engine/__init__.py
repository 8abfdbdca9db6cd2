"""Changes to sessions, payments, refunds and disputes, and the events they send."""
