"""Importing users from a roster (R8): reading the file, naming its columns, judging its rows as Add
User would (R3-R5).

Doors: ``rosters``.
"""
