"""License removals in the admin: remove from a renewal, undo a removal, and the list (R27).

Public modules: all modules.
"""
