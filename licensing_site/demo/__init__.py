"""The demo: its clock, its made-up organizations, and its threads with support.

Doors: all modules.
"""
