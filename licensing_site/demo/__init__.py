"""The demo: its clock, its made-up organizations, and its conversations with support.

Doors: all modules.
"""
