"""Removals of licenses in the admin: removing from a renewal, taking that back, and the list (R27).

Doors: all modules.
"""
