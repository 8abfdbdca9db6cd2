"""Refunds in the admin: preview, request, and the list, with disputes (R30).

The preview runs the real reversal and rolls it back, so nothing is computed in two places.

Public modules: ``actions``; ``facts``, for other pages that refund; ``model_admin``, which says
which refunds are unfinished and which disputes need a response.
"""
