"""The license ledger (R29) and what follows from it: the status of a subscription (R5, R22),
license numbers (R4), terms (R16), the packages offered (R11, R24), renewal (R25), removals (R27),
reminders (R32).

Doors: ``history``, ``ledger``, ``license_numbers``, ``packages``, ``reminders``, ``removals``,
``renewals``, ``status``, ``terms``.
"""
