"""The content security policy, and the networks that may open the Django admin.

Doors: all modules.
"""
