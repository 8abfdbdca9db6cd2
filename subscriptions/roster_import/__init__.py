"""Importing users from a roster (R8): reading the file, finding its columns, and checking its rows
by the rules of Add User (R3-R5).

Public modules: ``rosters``.
"""
