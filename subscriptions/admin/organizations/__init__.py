"""Organizations in the admin."""
