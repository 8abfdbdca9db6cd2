"""Notifications by e-mail, activity (both written in the transaction of their cause), recipients.

Doors: ``activity``, ``notify``, ``recipients``.
"""
