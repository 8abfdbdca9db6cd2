"""The demo: its clock, its fictional organizations, and its threads with support.

Public modules: all modules.
"""
