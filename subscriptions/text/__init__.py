"""Text for users: refusals, amounts and dates, languages, help, links, CSV. Also parses keys and
numbers, and has the registry that other apps fill.

Public modules: ``addresses``, ``csv``, ``fields``, ``formats``, ``ids``, ``languages``, ``links``,
``refusals``, ``registry``.
"""
