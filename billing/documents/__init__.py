"""Receipts, quotes and verification sheets, and the purchase history (R31).

Doors: ``panels``.
"""
