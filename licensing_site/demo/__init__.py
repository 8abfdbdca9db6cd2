"""The demo: its clock, its fictional organizations, and its threads with support.

Doors: all modules.
"""
