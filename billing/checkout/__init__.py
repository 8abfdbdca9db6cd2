"""Starting purchases by card (R12): add-ons (R10, R11), renewals and original purchases (R21-R25),
discounts (R26), pricing (R9), the return page (R13), closing open checkouts (R17, R20).

Public modules: ``card_testing``, ``closing``, ``discounts``, ``renewals``, ``sessions``.
"""
