"""An organization: opening one, Members Home, System Settings and its tabs (R7), the daily job.

Doors: ``daily``, ``opening``.
"""
