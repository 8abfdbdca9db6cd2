"""The same deliveries with dj-stripe, in its own virtual environment; it imports nothing of ours.

``serve`` measures them; ``shop`` is what an application adds to dj-stripe: its tables, and the
handler that fulfills a paid purchase.
"""
