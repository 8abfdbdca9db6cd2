"""Removals of licenses in the admin: removing from a renewal, taking that back, and the list (R27).

Doors: ``actions`` (``RemoveLicenses`` and its permission); ``facts.may_remove``.
"""
