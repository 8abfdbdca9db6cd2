"""Removals of licenses in the admin: removing from a renewal, undoing that, and the list (R27).

Public modules: all modules.
"""
