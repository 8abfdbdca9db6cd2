"""What support does about money: refunds (R30), held payments (R15), removing licenses from a
renewal (R17, R27).

Public modules: ``payments``, ``removals``.
"""
