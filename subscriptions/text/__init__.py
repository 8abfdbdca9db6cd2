"""Text for users: refusals, amounts and dates, languages, help, links, CSV. Also the parsing of
keys and numbers, and the registry that other apps fill.

Public modules: ``addresses``, ``csv``, ``fields``, ``formats``, ``ids``, ``languages``, ``links``,
``refusals``, ``registry``.
"""
