"""Removals of licenses in the admin."""
