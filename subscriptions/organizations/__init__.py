"""Organizations: opening one, Members Home, System Settings and its tabs (R2, R7), and the daily
job, which sends reminders (R32).

Public modules: ``daily``, ``opening``.
"""
