"""What the processor tells, and asking it again: webhook (R13-R15), reconciliation (R14, R17),
following a payment that was refunded or disputed (R30).

Doors: ``follow_payment``, ``reconcile``, ``webhook``.
"""
