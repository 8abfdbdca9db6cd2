"""The payment processor: the only package that imports ``stripe``. Cards only (R12).

Public modules: ``processor``, ``types``.
"""
