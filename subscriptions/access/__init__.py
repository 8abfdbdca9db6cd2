"""Who may open what, and how often (R2); pages that are closed (R22); the second factor; whose page
it is (R3); forms that outlive a sign-in.

Doors: ``decorators``, ``head_requests``, ``identity``, ``limits``, ``reauthentication``,
``request_context``, ``second_factor``, ``unsaved_forms``.
"""
