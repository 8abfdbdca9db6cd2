"""What every page of the admin is built from; nothing here is about one subject.

Pages that may only be looked at, searches that an index answers, pages that do one thing each and
show it before they do it, and the log of who did what and why (R24, R29). A page that others add to
is composed with ``registry``.

Doors: all modules.
"""
