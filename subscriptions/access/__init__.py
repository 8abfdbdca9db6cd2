"""Access to pages (R2), including after expiration (R22); rate limits; the second factor; pages
that belong to one person (R3); forms that survive a sign-in.

Public modules: ``decorators``, ``head_requests``, ``identity``, ``limits``, ``reauthentication``,
``request_context``, ``second_factor``, ``unsaved_forms``.
"""
