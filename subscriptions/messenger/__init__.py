"""The messenger: threads with support and replies (R28), and asking for a removal (R27).

Doors: ``forms``, ``replies``, ``threads``.
"""
