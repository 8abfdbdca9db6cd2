"""Organizations in the admin: the list that support works from, and a page for each.

It shows what the rules say about an organization (R5, R19-R22, R25, R27, R30) and decides nothing.

Public modules: ``page`` and ``status_panels`` have registries of panels, facts, alerts, tools,
actions, filters and searches for other apps; ``filters`` finds organizations by phase;
``list_panels`` names the permissions; ``history`` describes activity; ``model_admin`` is
registered.
"""
