"""What support does about money: refunds (R30), payments that were held (R15), removals of licenses
while nobody pays (R17, R27).

Doors: ``payments``, ``removals``.
"""
