"""Refunds and disputes, the licenses they reverse (R30), and the payments that support must review
(R14, R15).

Public modules: ``problems``, ``reversal``, ``sync``.
"""
