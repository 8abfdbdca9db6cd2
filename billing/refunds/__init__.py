"""Refunds and disputes: what came of each, and the licenses they take back (R30).

Doors: ``problems``, ``reversal``, ``sync``.
"""
