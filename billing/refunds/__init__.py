"""Refunds and disputes: what came of each, the licenses they take back (R30), and the payments that
support has to look at (R14, R15).

Doors: ``problems``, ``reversal``, ``sync``.
"""
