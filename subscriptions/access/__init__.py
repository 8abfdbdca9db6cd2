"""Who may open what, and how often (R2); pages that are closed (R22); the second factor.

Doors: ``decorators``, ``head_requests``, ``limits``, ``reauthentication``, ``request_context``,
``second_factor``.
"""
