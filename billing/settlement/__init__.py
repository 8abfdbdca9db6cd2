"""Settling payments at once (R13) and exactly once: matching (R12, R15), fulfillment (R14), the new
term (R23), the receipt number (R31), the ledger audit (R29).

Public modules: ``fulfillment``, ``ledger_audit``, ``metrics``, ``rebuild``, ``settle``,
``transitions``.
"""
