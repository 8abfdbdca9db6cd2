"""The license ledger (R29) and what builds on it: subscription status (R5, R22), license
numbers (R4), terms (R16), packages offered (R11, R24), renewal (R25), removals (R27),
reminders (R32).

Public modules: ``history``, ``ledger``, ``license_numbers``, ``packages``, ``reminders``,
``removals``, ``renewals``, ``status``, ``terms``.
"""
