"""``{% url %}`` that remembers addresses, in the place of Django's own for all templates.

A page has dozens, and Django searches through the patterns for each at every rendering. The address
follows from name and arguments alone, for as long as a process lives.
"""

from functools import lru_cache
from typing import Any

from django.template import Library
from django.template.base import Node, Parser, Token
from django.template.context import Context
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse_url
from django.urls import get_script_prefix, get_urlconf, reverse
from django.utils.html import conditional_escape

register = Library()
# Addresses of the rows of some hundred pages.
_ADDRESSES = 16_384


@lru_cache(_ADDRESSES)
def _address(
    prefix: str, urlconf: str | None, name: str, arguments: tuple[Any, ...], namespace: str | None
) -> str:
    return reverse(name, args=arguments, current_app=namespace)


class QuickURL(Node):
    """``{% url %}`` with arguments by place; everything else is left to Django's own."""

    def __init__(self, whole: URLNode) -> None:
        self.whole = whole

    def render(self, context: Context) -> str:
        """The address."""
        whole = self.whole
        if whole.kwargs or whole.asvar:
            return whole.render(context)
        arguments = tuple(argument.resolve(context) for argument in whole.args)
        request = getattr(context, "request", None)
        match = getattr(request, "resolver_match", None)
        namespace = getattr(request, "current_app", match.namespace if match else None)
        name = whole.view_name.resolve(context)
        address = _address(get_script_prefix(), get_urlconf(), name, arguments, namespace)
        return conditional_escape(address) if context.autoescape else address


@register.tag
def url(parser: Parser, token: Token) -> Node:
    """``{% url 'subscriptions:home' slug %}``, remembered."""
    return QuickURL(parse_url(parser, token))
