"""What support does about money: refunds, held payments (R30), removals (R27).

Doors: ``payments``, ``removals``.
"""
