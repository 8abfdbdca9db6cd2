"""Starting a purchase by card (R12): add-ons (R10, R11), renewal and original purchase (R21-R25),
discounts (R26), pricing (R9), the return page (R13), closing what is open (R17, R20).

Doors: ``card_testing``, ``closing``, ``discounts``, ``renewals``, ``sessions``.
"""
