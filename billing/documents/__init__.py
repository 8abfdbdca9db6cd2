"""Documents: receipts and the purchase history (R31), quotes for a renewal (R25), verification
sheets of the ledger (R29).

Public modules: ``panels``.
"""
