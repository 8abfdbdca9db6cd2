"""What people read: refusals in words, amounts and dates, languages, help, links, CSV.

Doors: ``csv``, ``fields``, ``formats``, ``languages``, ``links``, ``panels``, ``refusals``.
"""
