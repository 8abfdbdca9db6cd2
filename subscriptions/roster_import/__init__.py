"""Importing users from a roster: reading the file, naming its columns, judging its rows (R8).

Doors: ``rosters``.
"""
