"""Updates from the processor: webhooks (R13-R15), reconciliation (R14, R17), and following up on
refunds and disputes (R30).

Public modules: ``follow_payment``, ``reconcile``, ``webhook``.
"""
