"""The payment processor: the only package that imports ``stripe``. Cards only (R12).

Doors: ``processor``, ``types``.
"""
