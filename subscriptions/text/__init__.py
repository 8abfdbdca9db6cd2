"""What people read: refusals in words, amounts and dates, languages, help, links, CSV. Beside it,
how keys and numbers are read, and the places that apps above fill.

Doors: ``addresses``, ``csv``, ``fields``, ``formats``, ``ids``, ``languages``, ``links``,
``refusals``, ``registry``.
"""
