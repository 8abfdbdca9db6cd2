"""The messenger: threads with support, replies (R28), and license removal requests (R27).

Public modules: ``forms``, ``replies``, ``threads``.
"""
