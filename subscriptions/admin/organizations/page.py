"""Registries for the list of organizations, and for an organization's page.

Entries with ``RESERVED`` concern payments; the app that handles them registers them by key.
"""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise

from subscriptions.admin.organizations import list_panels, status_panels
from subscriptions.admin.organizations.filters import OverFilter, PhaseFilter
from subscriptions.admin.parts import search
from subscriptions.admin.parts.actions import Action
from subscriptions.admin.parts.display import Panel, Tool
from subscriptions.licenses.status import SubscriptionStatus
from subscriptions.text.registry import RESERVED, Registry

# In the order of how often support needs them.
PANELS: Registry[Callable[[HttpRequest, SubscriptionStatus], Panel | None]] = Registry(
    who=status_panels.who,
    subscription=status_panels.current_term,
    licenses=status_panels.licenses,
    renewal=status_panels.renewal,
    problems=RESERVED,
    threads=list_panels.threads,
    purchases=RESERVED,
    removals=list_panels.removals,
    members=list_panels.members,
    terms=list_panels.terms,
    ledger=list_panels.ledger,
    history=list_panels.history,
)
# Warnings above the panels.
ALERTS: Registry[Callable[[HttpRequest, SubscriptionStatus], list[str]]] = Registry(
    problems=RESERVED,
    licenses=status_panels.alerts,
)
# Actions on an organization: the button, and the page it opens.
TOOLS: Registry[Callable[[HttpRequest, SubscriptionStatus], Tool | None]] = Registry(
    remove_licenses=RESERVED,
)
ACTIONS: Registry[type[Action]] = Registry(
    remove_licenses=RESERVED,
)
FILTERS: Registry[type[admin.SimpleListFilter]] = Registry(
    phase=PhaseFilter,
    over=OverFilter,
    problems=RESERVED,
)
# The first search that recognizes the text wins.
SEARCHES: Registry[Callable[[str], Q | None]] = Registry(
    purchases=RESERVED,
    organizations=search.organizations_named,
)
TEXTS: Registry[str | Promise] = Registry(
    search_help=RESERVED,
)
