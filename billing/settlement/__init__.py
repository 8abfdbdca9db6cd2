"""What a payment leads to, exactly once: comparing (R15), fulfillment (R14), the new term (R23),
the receipt number (R31).

Doors: ``fulfillment``, ``ledger_audit``, ``metrics``, ``rebuild``, ``settle``, ``transitions``.
"""
