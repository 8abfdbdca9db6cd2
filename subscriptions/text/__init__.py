"""What people read: refusals in words, amounts and dates, languages, help, links, CSV.

Doors: ``csv``, ``fields``, ``formats``, ``ids``, ``languages``, ``links``, ``refusals``,
``registry``.
"""
