"""Roster import."""
