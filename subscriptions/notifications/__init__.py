"""Notifications by e-mail, activity (both written in the transaction of their cause), recipients.

Public modules: ``activity``, ``notify``, ``recipients``.
"""
