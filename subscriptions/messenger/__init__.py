"""The messenger: threads with support, replies, and asking for a removal (R28).

Doors: ``forms``, ``replies``, ``threads``.
"""
