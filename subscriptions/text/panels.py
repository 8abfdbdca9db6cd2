"""Panels that billing puts into pages of subscriptions.

The page has a place with a key; whoever has something to show there registers it at start-up.
"""

from collections.abc import Callable

from django.utils.safestring import SafeString

from subscriptions.models import Organization

Panel = Callable[[Organization], SafeString]

_PANELS: dict[str, Panel] = {}


def register_panel(key: str, panel: Panel) -> None:
    """Have ``panel`` render what stands in the place ``key``."""
    _PANELS[key] = panel


def render_panel(key: str, organization: Organization) -> SafeString:
    """The HTML of a panel. Raises KeyError: nobody has registered it."""
    return _PANELS[key](organization)
