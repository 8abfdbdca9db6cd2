"""Organizations, their members, their terms and licenses; knows nothing of money taken by card."""
