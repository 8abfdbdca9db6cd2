"""Parts from which all admin pages are built; nothing here is about a single subject.

Read-only pages, indexed searches, pages for one action each, with previews, and the log of who did
what and why (R24, R29). Pages that other apps extend use ``registry``.

Public modules: all modules.
"""
