"""The same deliveries with dj-stripe, in its own virtual environment and without our code.

``serve`` measures them; ``shop`` is what an application adds to dj-stripe: its tables, and the
handler that fulfills a paid purchase.
"""
