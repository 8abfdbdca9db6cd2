"""The messenger: threads with support, replies (R28), and requests to remove licenses (R27).

Public modules: ``forms``, ``replies``, ``threads``.
"""
