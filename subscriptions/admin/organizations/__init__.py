"""Organizations in the admin: the list that support works from, and all of one on a page.

It shows how the rules stand for an organization (R5, R19-R22, R25, R27, R30) and decides nothing.

Doors: ``page`` and ``status_panels`` keep places for panels, facts, alerts, tools, actions, filters
and searches of apps above; ``filters`` finds organizations by phase; ``list_panels`` names the
permissions; ``history`` words what happened; ``model_admin`` is registered.
"""
