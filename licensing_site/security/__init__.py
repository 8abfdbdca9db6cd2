"""The content security policy, private pages, and the networks that may open the Django admin.

Public modules: all modules.
"""
