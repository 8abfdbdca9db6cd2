"""Removals of licenses in the admin: removing from a renewal, undoing that, and the list (R27).

Doors: all modules.
"""
