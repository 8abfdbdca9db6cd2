"""Refunds in the admin: what one would take back, asking for it, and the list, with disputes (R30).

What a refund comes to is not worked out here a second time: it is done for trial and rolled back.

Doors: ``actions``; ``facts``, for other pages that refund; ``model_admin``, which says which
refunds are unfinished and which disputes need a response.
"""
