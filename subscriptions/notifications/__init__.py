"""E-mails and activity, written in the transaction that causes them, and who gets them.

Doors: ``activity``, ``notify``, ``recipients``.
"""
