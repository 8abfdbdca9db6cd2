"""``{% translate "text" %}`` and ``{% static "path" %}`` that remember what they have rendered.

In the place of Django's own: ``settings.TEMPLATES`` says so, and templates are written as ever. A
text in quotes depends on the language alone, and the address of a static file on nothing, for as
long as a process lives.
"""

from collections.abc import Callable
from typing import Any

from django.template import Library
from django.template.base import FilterExpression, Node, Parser, Token
from django.template.context import Context
from django.templatetags import i18n as django_i18n
from django.templatetags import static as django_static
from django.urls import get_script_prefix
from django.utils.translation import get_language


class Remembering(Node):
    """What ``whole`` renders, once for each value of ``key``: it takes nothing from the context."""

    def __init__(self, whole: Node, key: Callable[[], Any]) -> None:
        self.whole = whole
        self.key = key
        self.rendered: dict[Any, str] = {}

    def render(self, context: Context) -> str:
        """The same text as before, where the key is the same."""
        key = (self.key(), context.autoescape)
        if key not in self.rendered:
            self.rendered[key] = self.whole.render(context)
        return self.rendered[key]


def translate(parser: Parser, token: Token) -> Node:
    """``{% translate "text" %}``; with a variable, a filter or an option it is Django's own."""
    node: Any = django_i18n.do_translate(parser, token)
    is_plain = not (node.asvar or node.message_context or node.filter_expression.filters)
    # Django makes a variable without lookups of a text in quotes.
    if is_plain and node.filter_expression.var.lookups is None:
        return Remembering(node, get_language)
    return node  # type: ignore[no-any-return]


def static(parser: Parser, token: Token) -> Node:
    """``{% static "css/base.css" %}``; with a variable or ``as`` it is Django's own."""
    node: Any = django_static.do_static(parser, token)
    if node.varname is None and _is_text(node.path):
        return Remembering(node, get_script_prefix)
    return node  # type: ignore[no-any-return]


def _is_text(expression: FilterExpression) -> bool:
    return isinstance(expression.var, str) and not expression.filters


def like(library: Library) -> Library:
    """A library with the tags and filters of another."""
    copy = Library()
    copy.tags.update(library.tags)
    copy.filters.update(library.filters)
    return copy
