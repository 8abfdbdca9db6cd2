"""Clean e-mail addresses as people type, paste and import them."""

import re
from urllib.parse import unquote

from subscriptions.policy.roster_import import one_line

_ADDRESS = r"[^\s@<>()\[\];,/|\"]+@[^\s@<>()\[\];,/|\"]+"
_LONE_ADDRESS = re.compile(
    rf"(?:^|(?<=[\s<(\[]))({_ADDRESS}\.[^\s@<>()\[\];,/|\".]+)[;,.]*(?=$|[\s>)\]])"
)


def clean_address(text: str) -> str:
    """Return the only address in a text; if there are several, or none, keep the text."""
    if text.strip().lower().startswith("mailto:"):
        text = linked_address(text.strip())
    visible = "".join(c for c in one_line(text) if c.isprintable()).lower().strip(" ;,")
    if len(visible) > 1 and visible[0] == visible[-1] == "'":
        visible = visible[1:-1]
    lone = _LONE_ADDRESS.findall(visible)
    if lone and len(lone) == visible.count("@") and len(set(lone)) == 1:
        return str(lone[0])
    return visible


def linked_address(link: str) -> str:
    """Return the address of a ``mailto:`` link."""
    return unquote(link[len("mailto:") :].partition("?")[0])
