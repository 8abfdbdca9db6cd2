"""What happens to sessions, payments, refunds and disputes, and which events tell it."""
